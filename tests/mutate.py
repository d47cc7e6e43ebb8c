#!/usr/bin/env python3
"""Changes the code of a header in small ways, and sees that the tests fail.

    mutate.py HEADER...             of include/ehlo, or of its detail/: every change (a header of 100 lines: some 5 minutes on a core)
    mutate.py --list HEADER...      prints them
    mutate.py --sample=N HEADER...  N of each header, spread evenly
    mutate.py --minutes=N ...       stops after that time, and says what was left
    mutate.py --jobs=N ...          so many at a time (1)
    mutate.py --line=N HEADER       those of one line
    mutate.py --known               checks that tests/mutants.txt names changes that can be made, and that each header has tests
    mutate.py --self-test           proves that a change which a test sees is found, and one which none sees

A change: a comparison to its neighbour or its opposite, a number one more, && to || and back, ! left out, true to false and back, + to -
and back, a statement or a return left out. What does not compile is no change; what a static_assert refuses is found, like what a test
refuses. A change that no test sees is a survivor: write a test, or, if it changes nothing that anybody could see, say so in mutants.txt
(header, text of the line, change, reason). The last line counts; it fails if there are survivors without a reason.

Which tests: those of TESTS, quickest first; of a header that does not stand there, the one of unit/ that is called like it.
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
INCLUDE = ROOT / "include"
KNOWN = HERE / "mutants.txt"
# As tests/CMakeLists.txt has it: what a fast attempt accepts is compared with the grammar.
FLAGS = ["-std=c++20", "-O0", "-DEHLO_CHECK_FAST=1", "-w", f"-I{HERE / 'unit'}"]
CXX = os.environ.get("CXX", "clang++")
# Where the name does not say it. The quickest that sees most stands first.
TESTS = {
    "ascii": "ascii scan", "set": "set table", "error": "error", "result": "error", "temporary": "temporary", "names": "error", "number": "parameters_all reply_written writer",
    "writer": "command reply_written writer", "utf8": "mailbox writer", "status": "tables reply reply_written writer", "leniency": "error leniency rules ehlo_answer", "syntax": "oracle leniency", "verb": "tables command",
    "capabilities": "capabilities tables", "heard_offers": "client client_auth client_writes", "client_reply": "register client_bdat client_replies", "event_queue": "event_queue client client_pipeline",
    "chunk": "register extended bdat", "chunk_content": "bdat", "turn": "extended", "xclient": "extended rules", "dispatch": "command command_reader extended",
    "table": "table proof", "session": "table proof", "vocabulary": "table tables", "policy": "register server_refusals server server_verbs", "own_commands": "own_commands",
    "server_replies": "server_replies server_auth register", "server_offers": "server_verbs starttls server_auth register", "server_content": "server_content server_refusals bdat lmtp",
    "client_errors": "client_errors server_refusals",
    "server_questions": "server_refusals server server_auth server_handler register", "server_commands": "server_chunks server_auth server server_refusals", "server_core": "server server_later server_replies server_calls bdat lmtp server_handler",
    "server": "server server_later server_calls starttls server_handler", "dot_lines": "observer", "under_way": "observer observer_loss", "observed": "observer", "observed_content": "observer",
    "observer_core": "observer observer_loss", "observer_replies": "observer observer_loss", "observer_content": "observer observer_loss", "observer_commands": "observer observer_loss",
    "flow_places": "flow", "flow_commands": "flow flow_verbs",
    "line": "line", "xtext": "xtext", "date_time": "date_time", "base64": "base64", "domain": "domain oracle", "mailbox": "mailbox oracle", "path": "path oracle differential",
    "parameters": "parameters parameters_all parameters_written", "parameter_values": "parameters_all parameters_written", "command": "command extended", "reply": "reply reply_written", "reply_reader": "reply reply_written",
    "auth": "auth client_auth", "sasl": "sasl scram auth", "sasl_spelling": "sasl scram", "scram": "scram", "ehlo_answer": "ehlo_answer", "content": "content content_encoder", "client": "client client_lost client_writes client_auth client_bdat client_starttls",
    "client_core": "client client_lost client_auth client_bdat client_starttls", "relay": "relay relay_say relay_refusals", "relay_core": "relay relay_say relay_refusals relay_own relay_attacks",
    "relay_content": "relay relay_say relay_refusals relay_attacks", "relay_replies": "relay relay_say relay_refusals relay_own relay_attacks",
    "relay_commands": "relay_refusals relay_say relay relay_own relay_attacks", "keywords": "error capabilities", "observed_own": "observer_own", "own_list": "observer_own relay_own own_commands", "handler": "server_handler", "vectors": "scan",
    "base64_kernels": "base64", "content_kernels": "content content_encoder", "content_skip": "content content_encoder", "fast": "domain path command_reader reply differential differential_commands",
    "parameter_list": "parameters parameters_all parameters_written", "parameter_options": "parameters_written parameters parameters_all", "parameter_reader": "parameters parameters_all parameters_written rules",
    "parameter_table": "parameters parameters_all tables", "parameter_xtext": "parameters_all parameters_written xtext rules",
    "scan": "scan ascii", "command_reader": "command_reader", "flow": "flow", "proof": "proof", "order_rules": "proof", "std_error": "optin", "format": "optin",
}
# What is other code where the compiler may use AVX2: tried in both ways, where the processor has it.
KERNELS = {"detail/fast.hpp", "detail/scan.hpp", "detail/vectors.hpp", "detail/content_kernels.hpp", "detail/content_skip.hpp", "detail/base64_kernels.hpp"}
AVX2 = "-march=x86-64-v3"

# What the compiler is, and a number: nothing that a test could see.
WITHOUT = {"config.hpp", "version.hpp"}

NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^()\\\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-zA-Z_])\'(?:\\.|[^\'\\\n])+\'', re.S)
SWAPS = [
    (re.compile(r"(?<=[\w\)\]] )(==|!=|<=|>=)(?= )"), {"==": "!=", "!=": "==", "<=": "<", ">=": ">"}),
    (re.compile(r"(?<=[\w\)\]] )([<>])(?= [\w\(\-'*!])"), {"<": "<=", ">": ">="}),
    (re.compile(r"(?<= )(&&|\|\|)(?= )"), {"&&": "||", "||": "&&"}),
    (re.compile(r"\b(true|false)\b"), {"true": "false", "false": "true"}),
    (re.compile(r"(?<=[\w\)\]] )([+-])(?= [\w\(])"), {"+": "-", "-": "+"}),
    (re.compile(r"(?<=[(\s=])(!)(?=[\w(])"), {"!": ""}),
    (re.compile(r"(\+\+|--)(?=\w)"), {"++": "--", "--": "++"}),
]
NUMBER = re.compile(r"(?<![\w.'])(\d+)(?=u?[\s;,)\]}>])")
STATEMENT = re.compile(r"^\s+((?:[\w:>.\-\[\]()*]+ (?:[|&+\-]?=) |\+\+|--|[\w:.]+(?:->)?\w*\().*;|return .*;)\s*(?://.*)?$")
SKIP = re.compile(r"^\s*(#|//|///|\*|template\b|static_assert|using\b|namespace\b|friend\b|requires\b|\[\[|enum\b|struct\b|class\b)|operator|= default|= delete|static_assert")


def blank(m):
    return re.sub(r"[^\n]", " ", m[0]) if m[0][0] == "/" else m[0][0] + re.sub(r"[^\n]", " ", m[0][1:-1]) + m[0][-1]


def mutants(source):
    """(line number, what, line as it would be) of each; the second of the same in a line is #2."""
    seen = {}
    for n, what, text in all_mutants(source):
        what, at, column = what.partition(" at ")
        k = seen[n, what] = seen.get((n, what), 0) + 1
        yield n, what + (f" #{k}" if k > 1 else "") + at + column, text


def all_mutants(source):
    code = NOISE.sub(blank, source).split("\n")
    lines = source.split("\n")
    for n, text in enumerate(code):
        if SKIP.search(text) or not text.strip():
            continue
        for pattern, to in SWAPS:
            for m in pattern.finditer(text):
                yield n, f"{m[1]} -> {to[m[1]] or 'nothing'} at {m.start() + 1}", lines[n][:m.start()] + to[m[1]] + lines[n][m.end():]
        for m in NUMBER.finditer(text):
            more = str(int(m[1]) + 1)
            yield n, f"{m[1]} -> {more} at {m.start() + 1}", lines[n][:m.start()] + more + lines[n][m.end():]
        if (m := STATEMENT.match(text)) and text.count("(") == text.count(")"):
            if m[1].startswith("return"):
                if (g := re.match(r"(\s+)return (?!false;|true;)(.*);", lines[n])) and not g[2].startswith(("fail(", "*this", "{", "std::nullopt")):
                    yield n, "return {} instead", f"{g[1]}return {{}};"
            else:
                yield n, "left out", re.match(r"\s*", lines[n])[0] + ";"
        elif m := re.match(r"^(\s+if (?:constexpr )?\(.*\)(?: \[\[\w+\]\])? )(return\b.*;|\w[\w.:]*(?:->|\.)?\w*(?:\(.*\)| [|&+\-]?= .*);)$", text):
            if "constexpr" not in m[1] and text.count("(") == text.count(")"):
                yield n, "left out after its condition", lines[n][:len(m[1])] + ";"


def key(header, line, what):
    return " | ".join([header, re.sub(r"\s+", " ", re.sub(r"\s+//.*", "", line).strip()), re.sub(r" at \d+$", "", what)])


def known():
    """{key: reason}"""
    entries = {}
    for line in KNOWN.read_text(encoding="utf-8").splitlines() if KNOWN.is_file() else []:
        if line.strip() and not line.startswith("#"):
            k, _, why = line.rpartition(" | ")
            entries[k] = why
    return entries


def tests_of(header):
    stem = pathlib.Path(header).stem
    return [HERE / f"unit/test_{n}.cpp" for n in TESTS.get(stem, stem).split()]


def read_if_there(path):
    return pathlib.Path(path).read_text(encoding="utf-8") if pathlib.Path(path).is_file() else ""


def headers_named(name):
    """The path below include/ehlo of a header, whether its folder is said or not."""
    found = [h for h in every_header() if h == name or h.rpartition("/")[2] == pathlib.Path(name).name]
    return found or sys.exit(f"there is no header {name}")


def every_header():
    return sorted(h.relative_to(INCLUDE / "ehlo").as_posix() for h in (INCLUDE / "ehlo").rglob("*.hpp"))


class Workshop:
    """Compiles and runs the tests of one header, with the headers of a folder of its own."""

    def __init__(self, header, number):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"mutate{number}."))
        shutil.copytree(INCLUDE, self.folder / "include")
        self.header = header
        wide = header in KERNELS and re.search(r"^flags\b.*\bavx2\b.*\bbmi2\b", read_if_there("/proc/cpuinfo"), re.M)
        self.runs = [(t, way) for way in ([], [AVX2])[:2 if wide else 1] for t in tests_of(header)]

    def close(self):
        shutil.rmtree(self.folder)

    def write(self, text):
        (self.folder / "include/ehlo" / self.header).write_text(text, encoding="utf-8")

    def compiled(self, source, way, to):
        flags = FLAGS[:FLAGS.index("-include-pch")] if way and "-include-pch" in FLAGS else FLAGS   # it was made for another processor
        return subprocess.run([CXX, *flags, *way, f"-I{self.folder / 'include'}", "-c", str(source), "-o", str(to)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def verdict(self, main):
        """What sees the change: None if nothing does; "-" if it does not compile."""
        for test, way in self.runs:
            made = self.compiled(test, way, self.folder / "test.o")
            if made.returncode:
                # The compiler found it by an assertion or in a constant expression; otherwise it is no program.
                seen = re.search(r"static_assert|static assertion|constant expression|constexpr variable|consteval", made.stderr)
                return "the compiler" if seen else "-"
            program = self.folder / "test"
            subprocess.run([CXX, str(main), str(self.folder / "test.o"), "-o", str(program)], check=True)
            try:
                if subprocess.run([program, "--abort"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120).returncode:
                    return test.stem
            except subprocess.TimeoutExpired:
                return f"{test.stem}, which does not end"
        return None


# What the tests include besides ehlo: compiled once, where the compiler can.
OTHERS = ["catch.hpp", "<algorithm>", "<array>", "<functional>", "<map>", "<memory>", "<span>", "<string>", "<string_view>", "<vector>"]


def make_main(folder):
    """The main of the test programs; and FLAGS get what makes them quicker."""
    main = pathlib.Path(folder) / "main.o"
    if "clang" in CXX and not any("-include-pch" in f for f in FLAGS):
        source = pathlib.Path(folder) / "others.hpp"
        source.write_text("".join(f"#include {h}\n" if h[0] == "<" else f'#include "{h}"\n' for h in OTHERS))
        subprocess.run([CXX, *FLAGS, f"-I{INCLUDE}", "-x", "c++-header", str(source), "-o", f"{source}.pch"], check=True)
        pch = ["-include-pch", f"{source}.pch"]
    else:
        pch = []
    subprocess.run([CXX, *FLAGS, f"-I{INCLUDE}", "-c", str(HERE / "unit/main.cpp"), "-o", str(main)], check=True)
    FLAGS[FLAGS.index("-w") + 1:] = [f"-I{HERE / 'unit'}", *pch]
    return main


def run(headers, options):
    excuses, end = known(), time.monotonic() + 60 * float(options.get("minutes", 1e6))
    total = {"tried": 0, "found": 0, "known": 0, "survivors": 0, "no program": 0, "left": 0}
    with tempfile.TemporaryDirectory() as work:
        main = make_main(work)
        for header in headers:
            source = (INCLUDE / "ehlo" / header).read_text(encoding="utf-8")
            lines = source.split("\n")
            every = [m for m in mutants(source) if "line" not in options or m[0] + 1 == int(options["line"])]
            if "sample" in options:
                every = every[:: max(1, len(every) // int(options["sample"]))][:int(options["sample"])]
            numbers = dict.fromkeys(total, 0)
            jobs = int(options.get("jobs", 1))
            shops = [Workshop(header, n) for n in range(jobs)]
            if (seen := shops[0].verdict(main)) is not None:
                sys.exit(f"{header}: its tests fail as it is: {seen}")

            def one(mutant):
                n, what, text = mutant
                if time.monotonic() > end:
                    return mutant, "left"
                shop = shops.pop()
                shop.write("\n".join(lines[:n] + [text] + lines[n + 1:]))
                seen = shop.verdict(main)
                shops.append(shop)
                return mutant, seen

            with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
                for (n, what, text), seen in pool.map(one, every):
                    if seen == "left":
                        numbers["left"] += 1
                        continue
                    if seen == "-":
                        numbers["no program"] += 1
                        continue
                    numbers["tried"] += 1
                    if seen is not None:
                        numbers["found"] += 1
                    elif key(header, lines[n], what) in excuses:
                        numbers["known"] += 1
                    else:
                        numbers["survivors"] += 1
                        print(f"survives: {header}:{n + 1}: {what}\n    {key(header, lines[n], what)} | ", flush=True)
            for shop in shops:
                shop.close()
            print(f"{header}: " + ", ".join(f"{v} {k}" for k, v in numbers.items() if v or k in ("tried", "survivors")), flush=True)
            for k, v in numbers.items():
                total[k] += v
    print(", ".join(f"{v} {k}" for k, v in total.items()))
    return total["survivors"]


def check_known():
    """Entries for what cannot be done any more, and headers whose tests nobody knows."""
    possible, faults = set(), []
    for header in every_header():
        source = (INCLUDE / "ehlo" / header).read_text(encoding="utf-8")
        here = {key(header, source.split("\n")[n], what) for n, what, _ in mutants(source)}
        if here and header not in WITHOUT:
            faults += [f"{header}: there is no {t.name}: name its tests in TESTS" for t in tests_of(header) if not t.is_file()]
        possible |= here
    stems = {pathlib.Path(h).stem for h in every_header()}
    faults += [f"TESTS: there is no header {stem}" for stem in TESTS if stem not in stems]
    faults += [f"mutants.txt: there is no such change any more: {k}" for k in known() if k not in possible]
    faults += [f"mutants.txt: no reason: {k}" for k, why in known().items() if not why.strip()]
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"{len(known())} changes are known to change nothing")
    return len(faults)


def self_test():
    source = ("// a == b\nint f(int a, bool b) {\n    int c = 4;   // 5 > 3\n    if (a == c && !b) return 7;\n    c += 1;\n"
              "    return c < 0 ? \"==\"[0] : a;\n}\n")
    got = [(n + 1, what) for n, what, _ in mutants(source)]
    want = [(3, "4 -> 5 at 13"), (4, "== -> != at 11"), (4, "&& -> || at 16"), (4, "! -> nothing at 19"), (4, "7 -> 8 at 30"), (4, "left out after its condition"),
            (5, "1 -> 2 at 10"), (5, "left out"), (6, "< -> <= at 14"), (6, "0 -> 1 at 16"), (6, "0 -> 1 #2 at 25"), (6, "return {} instead")]
    assert sorted(got) == sorted(want), got
    assert headers_named("set.hpp") == headers_named("detail/set.hpp") == ["detail/set.hpp"] and headers_named("relay.hpp") == ["relay.hpp"]
    for n, what, text in mutants(source):
        assert text != source.split("\n")[n], what
    with tempfile.TemporaryDirectory() as work:
        main = make_main(work)
        shop = Workshop("xtext.hpp", 0)
        text = (INCLUDE / "ehlo/xtext.hpp").read_text(encoding="utf-8")
        assert shop.verdict(main) is None
        n, what, line = next(m for m in mutants(text) if "!=" in m[1] or "==" in m[1])
        shop.write("\n".join(text.split("\n")[:n] + [line] + text.split("\n")[n + 1:]))
        assert shop.verdict(main) not in (None, "-"), what
        shop.write(text + "\n#error no program\n")
        assert shop.verdict(main) == "-"
        shop.close()
    print(f"{len(want)} changes, each made")


def main():
    options = {m[1]: m[2] for a in sys.argv[1:] if (m := re.match(r"--([a-z-]+)=?(.*)$", a))}
    headers = [h for a in sys.argv[1:] if not a.startswith("--") for h in headers_named(a)]
    if set(options) - {"list", "sample", "minutes", "jobs", "line", "known", "self-test"} or not (headers or {"known", "self-test"} & set(options)):
        sys.exit(__doc__)
    if "self-test" in options:
        return self_test()
    if "known" in options:
        sys.exit(bool(check_known()))
    if "list" in options:
        for header in headers:
            source = (INCLUDE / "ehlo" / header).read_text(encoding="utf-8")
            for n, what, _ in mutants(source):
                print(f"{header}:{n + 1}: {what}: {source.split(chr(10))[n].strip()}")
        return
    sys.exit(bool(run(headers, options)))


main()
