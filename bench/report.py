#!/usr/bin/python3
"""Runs the benchmarks, and writes their table into bench/README.md and their charts into bench/report/.

    bench/report.py            measure all, and write it: some eight minutes where nothing else runs
    bench/report.py PART...    measure only speed, growth, compile_time or end_to_end, and take the rest from the last time
    bench/report.py --redraw   all of it from the last time (bench/report/measured.json)

Needs g++, clang++-19, libbenchmark-dev and python3-matplotlib (for the python3 of the system); end_to_end what
bench/end_to_end.py needs.
Instructions are those of bench/instructions.json.
"""
import csv, json, re, subprocess, sys, time
from pathlib import Path

import charts, compile_time, instructions

HERE = Path(__file__).resolve().parent
OUT = HERE / "report"
MEASURED = OUT / "measured.json"
README = HERE / "README.md"

# (name, compiler, flags)
BUILDS = [("g++ -O3", "g++", []), ("g++ -O3 -march=native", "g++", ["-march=native"]), ("clang++-19 -O3", "clang++-19", [])]
BASE, NATIVE, CLANG = (name for name, _, _ in BUILDS)

# Other systems, measured with the workloads of the same shape on two EPYC Zen 3 cores: nanoseconds, octets a nanosecond.
ELSEWHERE = "two EPYC Zen 3 cores, g++ 12, clang 19; workloads of the same shape"
OTHERS = {
    "command": {"mailrs (no framing, no address checks)": 104, "Ragel -G2": 123, "PEGTL": 156, "Postfix token splitter": 196,
                "smtp-proto": 200, "smtp-codec": 528},
    "reply": {"lettre": 343, "libetpan": 397, "smtp-proto": 502, "vmime": 4808},
    "capabilities": {"smtp-proto": 524, "libetpan": 1864},
    "path": {"Ragel": 126, "PEGTL": 186, "smtp-proto": 198},
    "content_decode/base64": {"smtp-proto (no bare CR, LF)": 0.76, "Postfix": 0.47},
    "content_decode/text": {"smtp-proto (no bare CR, LF)": 0.74},
    "content_decode/dotted": {"smtp-proto (no bare CR, LF)": 0.75},
    "content_decode/only-dots": {"smtp-proto (no bare CR, LF)": 0.86},
    "content_decode_64MiB": {"smtp-proto (no bare CR, LF)": 0.69, "Postfix": 0.44},
}
BASELINES = {"memchr": "memchr", "memcpy": "memcpy", "read_all": "reading all", "naive": "naive string_view",
             "plain_loop": "plain loop", "read_and_copy": "reading and copying", "one_session": "one session"}

# What the table shows: the row, what to call it, the key of its instructions, and whether it is told by octets.
ROWS = [
    ("command", "a command: line, verb, path, parameters", "command", False),
    ("command_lines", "a command line found", "command_lines", False),
    ("path", "a path", "path", False),
    ("reply", "a reply", "reply", False),
    ("capabilities", "an answer to EHLO (11 lines), as a client keeps it", "capabilities", False),
    ("ehlo_answer", "the same, all of it typed", "ehlo_answer", False),
    ("mail_write", "MAIL written, with SIZE and BODY", "mail_write", False),
    ("rcpt_write", "RCPT written", "rcpt_write", False),
    ("reply_write", "a reply written", "reply_write", False),
    ("capabilities_write", "an answer to EHLO written", "capabilities_write", False),
    ("session", "a session of a server, with 4 KiB of content", "session", False),
    ("client_session", "a session of a client, with 4 KiB of content", "client_session", False),
    ("session_noop", "a command to one session", "session_noop", False),
    ("session_noop_of_a_million", "a command to one of a million, at random", None, False),
    ("content_decode/base64", "content decoded and copied: base64", "content_base64_per_octet", True),
    ("content_decode/text", "... text", "content_per_octet", True),
    ("content_decode/dotted", "... every line dotted", "content_dotted_per_octet", True),
    ("content_decode/only-dots", "... only `..` CRLF", "content_only_dots_per_octet", True),
    ("content_decode/bare", "... full of bare CR and LF", "content_bare_per_octet", True),
    ("content_decode_64MiB", "... 64 MiB, from memory", None, True),
    ("content_spans/text", "content decoded in place: text", "content_spans_per_octet", True),
    ("content_spans_64MiB", "... 64 MiB, from memory", None, True),
    ("content_encode/text", "content encoded: text", "content_encode_per_octet", True),
    ("content_encode/only-dots", "... every line dotted and empty", "content_encode_only_dots_per_octet", True),
    ("base64_encode", "base64 encoded", "base64_encode_per_octet", True),
    ("base64_decode", "base64 decoded", "base64_decode_per_octet", True),
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


def measure_speed(work):
    for i, (_, compiler, flags) in enumerate(BUILDS):
        instructions.build("bench.cpp", compiler, flags, work / f"bench{i}", "-lbenchmark", "-lpthread")
    speed = {}
    for i, (name, _, _) in enumerate(BUILDS):
        # Rounds in random order, and the best of each row: a machine that is slow for a second does not bend a row.
        told = json.loads(run(work / f"bench{i}", "--benchmark_min_time=0.03", "--benchmark_repetitions=4",
                              "--benchmark_enable_random_interleaving=true", "--benchmark_format=json"))
        rounds = {}
        for b in told["benchmarks"]:
            if b["run_type"] == "iteration":
                rounds.setdefault(b["run_name"].removesuffix("/manual_time"), []).append(b)
        speed[name] = {row: best_of(runs) for row, runs in rounds.items()}
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {"processor": processor[1] if processor else "?",
            "compilers": [instructions.compiler_version(c) for c in ("g++", "clang++-19")],
            "sizes": {key: int(told["context"][key]) for key in ("sizeof(server)", "sizeof(client)")}, "speed": speed}


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


def speed_table(measured):
    counts = json.loads(instructions.KEPT.read_text())["counts"]
    gcc = next(name for name in counts if name.startswith("g++") and name.endswith("-O3"))
    lines = ["| work | " + " | ".join(f"`{name}`" for name, _, _ in BUILDS) +
             " | instructions, `-O3` / AVX2 | time over its baselines in the same run (`g++ -O3`) |",
             "|---|" + "---:|" * len(BUILDS) + "---:|---|"]
    for row, label, key, by_octets in ROWS:
        cells = []
        for name, _, _ in BUILDS:
            told = measured["speed"][name][row]
            cells.append(f"{told['octets/s'] / 1e9:.3g} GB/s" if by_octets else f"{charts.number(told['ns_item'])} ns")
        both = [counts[kept][key] for kept in (gcc, gcc + " -march=x86-64-v3") if key in counts[kept]]
        over = [f"{BASELINES[name.removeprefix('x_')]} {ratio:.0f}" if ratio >= 10 else f"{BASELINES[name.removeprefix('x_')]} {ratio:.2g}"
                for name, ratio in measured["speed"][BASE][row].items() if name.startswith("x_")]
        lines.append(f"| {label} | {' | '.join(cells)} | {' / '.join(charts.number(n) for n in both)} | {', '.join(over)} |")
    return "\n".join(lines)


def others_table():
    label = {row: label for row, label, _, _ in ROWS}
    label |= {row: label["content_decode/base64"].split(":")[0] + ":" + label[row][3:] for row in label if label[row].startswith("...")
              and row.startswith("content_decode")}
    lines = ["| work | others |", "|---|---|"]
    for row, others in OTHERS.items():
        unit = "GB/s" if row.startswith("content") else "ns"
        lines.append(f"| {label[row]} | {', '.join(f'{name} {value:,} {unit}' for name, value in others.items())} |")
    return "\n".join(lines)


def report(measured):
    sizes = measured["sizes"]
    return f"""\
Measured on: {measured['processor']}; {', '.join(measured['compilers'])}; one thread, the best of many passes. GB/s are octets a
nanosecond; instructions are for an item, or for an octet where the speed is in GB/s. A server session takes
{sizes['sizeof(server)']} octets, a client session {sizes['sizeof(client)']}.

![Speed of ehlo beside floors, naive code and others](report/speed.svg)

{speed_table(measured)}

Others, measured elsewhere ({ELSEWHERE}):

{others_table()}

![What an octet, a parameter or a command costs as their number grows](report/growth.svg)

`bench/growth.py --check` holds all of this linear, by counting instructions.

<details>
<summary>Whole programs on loopback: <code>mailsink</code> and <code>post</code> beside Postfix's and aiosmtpd</summary>

{measured['end to end'].strip()}

`bench/end_to_end.py` prints this. smtp-sink, aiosmtpd and `mailsink --discard` keep nothing, and smtp-sink does not parse; `mailsink`
writes each message to a file in memory.

</details>

<details>
<summary>Compile time of each header</summary>

The processor's time for a file with one include, `-fsyntax-only`; the quicker of two runs.

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
                rows.append((BASELINES[name[2:]], value(base[row]) * ratio if by_octets else value(base[row]) / ratio, charts.FLOOR))
        rows += [(re.sub(r" \(.*", "", name) + ("*" if "(" in name else ""), n, charts.THEIRS) for name, n in OTHERS.get(row, {}).items()]
        return title, "GB/s, more is better" if by_octets else "ns, less is better", rows

    charts.speed(OUT / "speed.svg", [
        panel("command", "A command"), panel("reply", "A reply"),
        panel("path", "A path"), panel("capabilities", "An answer to EHLO"),
        panel("content_decode/text", "Content: text, 64 KiB", True), panel("content_decode/only-dots", "Content: nothing but dots", True),
        panel("content_decode_64MiB", "Content: 64 MiB, from memory", True), panel("base64_decode", "Base64 decoded", True)])
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


def main():
    parts = [part for part in sys.argv[1:] if part != "--redraw"]
    if set(parts) - set(PARTS):
        sys.exit(__doc__)
    OUT.mkdir(exist_ok=True)
    work = HERE.parent / "build/report"
    work.mkdir(parents=True, exist_ok=True)
    measured = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    for part in parts or (PARTS if len(sys.argv) == 1 else []):
        start = time.monotonic()
        measured |= PARTS[part](work)
        print(f"{part}: {time.monotonic() - start:.0f} s", flush=True)
        write_measured(measured)
    draw(measured)
    insert(report(measured))


if __name__ == "__main__":
    main()
