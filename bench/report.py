#!/usr/bin/python3
"""Runs the benchmarks, and writes their table into bench/README.md and their charts into bench/report/.

    bench/report.py            measure all, and write it: some eight minutes where nothing else runs
    bench/report.py PART...    measure only speed, growth, compile_time or end_to_end, and take the rest from the last time
    bench/report.py --redraw   all of it from the last time (bench/report/measured.json)
    bench/report.py --peers="/path/mine.c;/path/libmine.a" ...     with parsers that one has built oneself (bench/peer.h)

Needs cmake, g++, clang++-19, libbenchmark-dev and python3-matplotlib (for the python3 of the system); end_to_end what
bench/end_to_end.py needs. Compared are those of tao-pegtl-dev, ragel, libetpan-dev, libssl-dev and libunistring-dev that are installed.
Instructions are those of bench/instructions.json.
"""
import argparse, csv, json, re, subprocess, time
from pathlib import Path

import charts, compile_time, instructions

HERE = Path(__file__).resolve().parent
OUT = HERE / "report"
MEASURED = OUT / "measured.json"
README = HERE / "README.md"

# (name, compiler, flags)
BUILDS = [("g++ -O3", "g++", []), ("g++ -O3 -march=native", "g++", ["-march=native"]), ("clang++-19 -O3", "clang++-19", [])]
BASE, NATIVE, CLANG = (name for name, _, _ in BUILDS)

BASELINES = {"memchr": "memchr", "memcpy": "memcpy", "read_all": "reading all", "naive": "naive string_view",
             "plain_loop": "plain loop", "read_and_copy": "reading and copying", "one_session": "one session", "command": "many a read", "serve": "a server"}

# What the table shows: the row, what to call it, the key of its instructions, and whether it is told by octets.
ROWS = [
    ("command", "a command: line, verb, path, parameters", "command", False),
    ("command_a_read", "... each alone in a read, and the empty rest", "command_a_read", False),
    ("command_lenient", "... with all that can be tolerated", "command_lenient", False),
    ("command_lines", "a command line found", "command_lines", False),
    ("path", "a path", "path", False),
    ("command_long_path", "RCPT with a path over 62 octets", "command_long_path", False),
    ("command_utf8_path", "MAIL with a path in Cyrillic", "command_utf8_path", False),
    ("command_quoted_path", "RCPT with a quoted local part", "command_quoted_path", False),
    ("command_ipv4_path", "RCPT at an IPv4 literal", "command_ipv4_path", False),
    ("command_ipv6_path", "... an IPv6 literal", "command_ipv6_path", False),
    ("command_ten_parameters", "MAIL with ten parameters", "command_ten_parameters", False),
    ("command_lower_case", "... all in small letters, with two", "command_lower_case", False),
    ("command_unknown_parameter", "... with one that nobody knows", "command_unknown_parameter", False),
    ("command_bad_path", "refused: two dots in a row", "command_bad_path", False),
    ("command_holdfor_over_by", "refused: HOLDFOR over BY, among ten parameters", "command_holdfor_over_by", False),
    ("command_unknown_verb", "refused: a verb that nobody knows", "command_unknown_verb", False),
    ("reply", "a reply", "reply", False),
    ("reply_with_lines", "... each line and the enhanced code read", "reply_with_lines", False),
    ("capabilities", "an answer to EHLO (11 lines), as a client keeps it", "capabilities", False),
    ("ehlo_answer", "the same, all of it typed", "ehlo_answer", False),
    ("mail_write", "MAIL written, with SIZE and BODY", "mail_write", False),
    ("rcpt_write", "RCPT written", "rcpt_write", False),
    ("reply_write", "a reply written", "reply_write", False),
    ("capabilities_write", "an answer to EHLO written", "capabilities_write", False),
    ("server_noop", "server: NOOP, alone in a read", "server_noop", False),
    ("server_hello", "... EHLO", "server_hello", False),
    ("server_mail", "... MAIL with SIZE and BODY", "server_mail", False),
    ("server_rcpt", "... RCPT", "server_rcpt", False),
    ("server_bad_sequence", "... refused: RCPT before MAIL", "server_bad_sequence", False),
    ("server_bad_path", "... refused: two dots in a row", "server_bad_path", False),
    ("server_unknown_parameter", "... refused: a parameter that is not offered", "server_unknown_parameter", False),
    ("server_unknown_verb", "... refused: a verb that nobody knows", "server_unknown_verb", False),
    ("client_mail", "client: MAIL with SIZE and BODY", "client_mail", False),
    ("client_rcpt", "... RCPT", "client_rcpt", False),
    ("session", "a session of a server, with 4 KiB of content", "session", False),
    ("session_auth", "... with AUTH PLAIN", "session_auth", False),
    ("session_login", "... with AUTH LOGIN", "session_login", False),
    ("session_bdat", "... in four chunks", "session_bdat", False),
    ("session_lenient", "... all tolerated", "session_lenient", False),
    ("session_tolerated", "... and something to tolerate", "session_tolerated", False),
    ("client_session", "a session of a client, with 4 KiB of content", "client_session", False),
    ("client_login", "... AUTH LOGIN, no content", "client_login", False),
    ("client_bdat", "... in four chunks", "client_bdat", False),
    ("observed_session", "the session, observed", "observed_session", False),
    ("relayed_session", "... relayed", "relayed_session", False),
    ("session_noop", "a command to one session", "session_noop", False),
    ("session_noop_of_a_million", "... to one of a million, at random", None, False),
    ("session_noop_of_a_million_in_batches", "... 64 at once, all asked for before the first is served", None, False),
    ("content_decode/base64", "content decoded and copied: base64", "content_base64_per_octet", True),
    ("content_decode/text", "... text", "content_per_octet", True),
    ("content_decode/dotted", "... every line dotted", "content_dotted_per_octet", True),
    ("content_decode/only-dots", "... only `..` CRLF", "content_only_dots_per_octet", True),
    ("content_decode/bare", "... full of bare CR and LF", "content_bare_per_octet", True),
    ("content_decode_64MiB", "... 64 MiB, from memory", None, True),
    ("content_spans/text", "content decoded in place: text", "content_spans_per_octet", True),
    ("content_spans_64MiB", "... 64 MiB, from memory", None, True),
    ("server_content/base64", "content through a server: base64", "server_content_base64_per_octet", True),
    ("server_content/text", "... text", "server_content_per_octet", True),
    ("server_content/dotted", "... every line dotted", "server_content_dotted_per_octet", True),
    ("server_content/only-dots", "... only `..` CRLF", "server_content_only_dots_per_octet", True),
    ("server_content_stored/base64", "... put where the handler wants it: base64", "server_content_stored_base64_per_octet", True),
    ("server_content_stored/text", "... text", "server_content_stored_per_octet", True),
    ("server_content_stored/dotted", "... every line dotted", "server_content_stored_dotted_per_octet", True),
    ("server_content_stored/only-dots", "... only `..` CRLF", "server_content_stored_only_dots_per_octet", True),
    ("observed_content", "... observed: text", "observed_content_per_octet", True),
    ("relayed_content", "... relayed: text", "relayed_content_per_octet", True),
    ("content_encode/text", "content encoded: text", "content_encode_per_octet", True),
    ("content_encode/only-dots", "... every line dotted and empty", "content_encode_only_dots_per_octet", True),
    ("observed_commands", "pipelined envelopes, observed", "observed_commands_per_octet", True),
    ("relayed_commands", "... relayed", "relayed_commands_per_octet", True),
    ("observed_replies", "replies, observed", "observed_replies_per_octet", True),
    ("relayed_replies", "... relayed", "relayed_replies_per_octet", True),
    ("base64_encode", "base64 encoded", "base64_encode_per_octet", True),
    ("base64_decode", "base64 decoded", "base64_decode_per_octet", True),
    ("base64_encode_short", "36 octets encoded as base64", "base64_encode_short", False),
    ("base64_decode_short", "48 octets of base64 decoded", "base64_decode_short", False),
    ("utf8/ascii", "UTF-8 checked: ASCII", "utf8_ascii_per_octet", True),
    ("utf8/mixed", "... one character in ten is not", "utf8_mixed_per_octet", True),
    ("utf8/cyrillic", "... Cyrillic", "utf8_cyrillic_per_octet", True),
    ("xtext_encode", "an address encoded as xtext", "xtext_encode", False),
    ("xtext_decode", "an address decoded from xtext", "xtext_decode", False),
]


def run(*command):
    return subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def best_of(runs):
    """The best time of a row, its speed, and its ratio to the best time of each baseline."""
    best = min(run["ns_item"] for run in runs)
    figures = {"ns_item": best, "octets/s": max(run["octets/s"] for run in runs)}
    for name in runs[0]:
        if name.startswith("x_"):
            figures[name] = best / min(run["ns_item"] / run[name] for run in runs)
    return {name: float(f"{n:.4g}") for name, n in figures.items()}


def build_bench(name, compiler, flags, folder):
    """By CMake, which finds what there is to compare with."""
    run("cmake", "-S", HERE.parent, "-B", folder, "-DCMAKE_BUILD_TYPE=Release", "-DEHLO_BENCH=ON", "-DEHLO_TESTS=OFF", "-DEHLO_EXAMPLES=OFF",
        f"-DCMAKE_CXX_COMPILER={compiler}", f"-DCMAKE_CXX_FLAGS={' '.join(flags)}", f"-DEHLO_BENCH_PEERS={OPTIONS.peers}")
    run("cmake", "--build", folder, "--target", "ehlo_bench", "--parallel")
    return folder / "bench/ehlo_bench"


def measure_speed(work):
    programs = {name: build_bench(name, compiler, flags, work / f"bench{i}") for i, (name, compiler, flags) in enumerate(BUILDS)}
    speed = {}
    for name, program in programs.items():
        # Rounds in random order, and the best of each row: a machine that is slow for a second does not bend a row.
        told = json.loads(run(program, "--benchmark_min_time=0.03", "--benchmark_repetitions=4",
                              "--benchmark_enable_random_interleaving=true", "--benchmark_format=json"))
        rounds = {}
        for b in told["benchmarks"]:
            if b["run_type"] == "iteration":
                rounds.setdefault(b["run_name"].removesuffix("/manual_time"), []).append(b)
        speed[name] = {row: best_of(runs) for row, runs in rounds.items()}
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {"processor": processor[1] if processor else "?",
            "compilers": [instructions.compiler_version(c) for c in ("g++", "clang++-19")],
            "sizes": {key: int(told["context"][key]) for key in ("sizeof(server)", "sizeof(client)")},
            "peers omit": told["context"]["peers omit"], "speed": speed}


def measure_growth(work):
    instructions.build("growth.cpp", "g++", [], work / "growth")
    return {"growth": [[plot, name, int(x), float(y)] for plot, name, x, y in csv.reader(run(work / "growth").splitlines())]}


def measure_compile_time(_):
    return {"compile time": compile_time.measure(["g++", "clang++-19"], 2)}


def measure_end_to_end(_):
    build = HERE.parent / "build/gcc"
    run("cmake", "-S", HERE.parent, "--preset", "gcc")
    run("cmake", "--build", build, "--target", "mailsink", "post")
    return {"end to end": run("python3", HERE / "end_to_end.py", f"--build={build}")}


PARTS = {"speed": measure_speed, "growth": measure_growth, "compile_time": measure_compile_time, "end_to_end": measure_end_to_end}


def write_measured(measured):
    text = json.dumps(measured, indent=1)
    MEASURED.write_text(re.sub(r"\[\s+(\S+),\s+(\S.*?),\s+(\S+),\s+(\S+)\s+\]", r"[\1, \2, \3, \4]", text) + "\n")  # a point a line


def called(baseline):
    """The name of a column of ehlo_bench, for people."""
    name = baseline.removeprefix("x_")
    return f"**{name.removeprefix('peer ')}**" if name.startswith("peer ") else BASELINES[name]


def speed_table(measured):
    counts = json.loads(instructions.KEPT.read_text())["counts"]
    gcc = next(name for name in counts if name.startswith("g++") and name.endswith("-O3"))
    lines = ["| work | " + " | ".join(f"`{name}`" for name, _, _ in BUILDS) +
             " | instructions, `-O3` / AVX2 | time over its baselines in the same run (`g++ -O3`) |",
             "|---|" + "---:|" * len(BUILDS) + "---:|---|"]
    for row, label, key, by_octets in ROWS:
        if row not in measured["speed"][BASE]:
            continue  # it is younger than what was measured
        cells = []
        for name, _, _ in BUILDS:
            told = measured["speed"][name][row]
            cells.append(f"{told['octets/s'] / 1e9:.3g} GB/s" if by_octets else f"{charts.number(told['ns_item'])} ns")
        both = [counts[kept][key] for kept in (gcc, gcc + " -march=x86-64-v3") if key in counts[kept]]
        over = [f"{called(name)} {ratio:.0f}" if ratio >= 10 else f"{called(name)} {ratio:.2g}"
                for name, ratio in measured["speed"][BASE][row].items() if name.startswith("x_")]
        lines.append(f"| {label} | {' | '.join(cells)} | {' / '.join(charts.number(n) for n in both)} | {', '.join(over)} |")
    return "\n".join(lines)


def counted_on():
    kept = json.loads(instructions.KEPT.read_text())
    return f"counted on {kept.get('date', 'a day that was not kept')}, {kept['environment']}"


def when(measured, part):
    return measured.get("when", {}).get(part, "a day that was not kept")


def peers_note(measured):
    omitted = measured.get("peers omit")
    if not omitted:
        return "Measured without other parsers."
    return ("In bold: other parsers, built here and run with ehlo on the same octets. They do less. What each leaves out: "
            f"{omitted}.")


def report(measured):
    sizes = measured["sizes"]
    return f"""\
Measured on {when(measured, 'speed')}: {measured['processor']}; {', '.join(measured['compilers'])}; one thread, the best of many passes. GB/s are octets a
nanosecond; instructions are for an item, or for an octet where the speed is in GB/s ({counted_on()}). A server session takes
{sizes['sizeof(server)']} octets, a client session {sizes['sizeof(client)']}.

![Speed of ehlo beside floors, naive code and other parsers](report/speed.svg)

{speed_table(measured)}

{peers_note(measured)}

![What an octet, a parameter or a command costs as their number grows](report/growth.svg)

`bench/growth.py --check` holds all of this linear, by counting instructions.

<details>
<summary>Whole programs on loopback: <code>mailsink</code> and <code>post</code> beside Postfix's and aiosmtpd</summary>

{when(measured, 'end_to_end')}. {measured['end to end'].strip()}

`bench/end_to_end.py` prints this. smtp-sink, aiosmtpd and `mailsink --discard` keep nothing, and smtp-sink does not parse; `mailsink`
writes each message to a file in memory. Exim and Postfix do more: a spool, a process for each connection (`bench/mail_servers.py`).

</details>

<details>
<summary>Compile time of each header</summary>

The processor's time for a file with one include, `-fsyntax-only`; the quicker of two runs, {when(measured, 'compile_time')}.

{compile_time.table(measured['compile time'])}

</details>
"""


def draw(measured):
    base, native = measured["speed"][BASE], measured["speed"][NATIVE]

    def panel(row, title, by_octets=False):
        def value(told):
            return told["octets/s"] / 1e9 if by_octets else told["ns_item"]
        rows = [("ehlo", value(base[row]), charts.OURS), ("ehlo, native", value(native[row]), charts.OURS_TOO)]
        for name, ratio in base[row].items():
            if name.startswith("x_") and name != "x_read_all":
                rows.append((called(name).strip("*"), value(base[row]) * ratio if by_octets else value(base[row]) / ratio,
                             charts.THEIRS if name.startswith("x_peer ") else charts.FLOOR))
        return title, "GB/s, more is better" if by_octets else "ns, less is better", rows

    panels = [("command", "A command"), ("reply_with_lines", "A reply, each line read"), ("path", "A path"), ("capabilities", "An answer to EHLO"),
              ("content_decode/text", "Content: text, 64 KiB"), ("content_decode/only-dots", "Content: nothing but dots"),
              ("server_content/text", "Content through a server: text"), ("server_content/only-dots", "Through a server: nothing but dots"),
              ("content_decode_64MiB", "Content: 64 MiB, from memory"), ("base64_decode", "Base64 decoded"),
              ("utf8/ascii", "UTF-8 checked: ASCII"), ("utf8/cyrillic", "UTF-8 checked: Cyrillic")]
    by_octets = {row for row, _, _, by_octets in ROWS if by_octets}
    charts.speed(OUT / "speed.svg", [panel(row, title, row in by_octets) for row, title in panels if row in base])
    titles = {
        "length": ("By length", "octets", "ns an octet"), "chunk": ("By the octets that come at a time", "octets in a chunk", "ns an octet"),
        "odd": ("Odd inputs, 1,460 octets at a time", "octets", "ns an octet"), "parameters": ("Parameters of MAIL", "parameters that are not registered", "ns a parameter"),
        "sessions": ("A command to one of many sessions, at random", "sessions", "ns a command")}
    plots = {}
    for plot, name, x, y in measured["growth"]:
        plots.setdefault(plot, {}).setdefault(name, []).append((x, y))
    charts.growth(OUT / "growth.svg", [(*titles[plot], curves) for plot, curves in plots.items()])


def insert(text):
    readme = README.read_text()
    begin, end = "<!-- bench/report.py: begin -->\n", "<!-- bench/report.py: end -->\n"
    README.write_text(readme[:readme.index(begin)] + begin + text + readme[readme.index(end):])


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].strip())
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    parser.add_argument("--redraw", action="store_true")
    parser.add_argument("--peers", default="", help="files and libraries, as EHLO_BENCH_PEERS in bench/peer.h")
    options = parser.parse_args()
    options.parts = options.parts or ([] if options.redraw else list(PARTS))
    return options


def main():
    global OPTIONS
    OPTIONS = arguments()
    OUT.mkdir(exist_ok=True)
    work = HERE.parent / "build/report"
    work.mkdir(parents=True, exist_ok=True)
    measured = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    for part in OPTIONS.parts:
        start = time.monotonic()
        measured |= PARTS[part](work)
        measured.setdefault("when", {})[part] = time.strftime("%Y-%m-%d")
        print(f"{part}: {time.monotonic() - start:.0f} s", flush=True)
        write_measured(measured)
    draw(measured)
    insert(report(measured))


if __name__ == "__main__":
    main()
