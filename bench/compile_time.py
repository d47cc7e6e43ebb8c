#!/usr/bin/env python3
"""What a user pays when compiling: the processor's seconds for each header alone (-fsyntax-only), and for an empty file, a
file with nothing but the includes of the standard library that ehlo needs; README's first command; a server and a client of a few
lines, and the mailsink example (-O2).

    bench/compile_time.py [--runs=N] [COMPILER...]      g++ and clang++-19 unless named; prints a Markdown table

The quickest of the runs counts: all that can be added to it is noise.
"""
import argparse, concurrent.futures, os, re, subprocess, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADERS = sorted(path.relative_to(ROOT / "include/ehlo").as_posix() for path in (ROOT / "include/ehlo").rglob("*.hpp"))
WORKER = """
import resource, subprocess, sys
subprocess.run(sys.argv[2:], input=sys.argv[1], text=True, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime)
"""


def sources():
    """name -> (source, arguments)"""
    standard = sorted({line for header in HEADERS if header not in ("format.hpp", "std_error.hpp")
                       for line in re.findall(r"^#include <[a-z_]+>", (ROOT / "include/ehlo" / header).read_text(), re.M)}
                      - {"#include <see_the_error_above>"})   # config.hpp, where the compiler is too old
    check = ["-fsyntax-only"]

    def example(name, *options):
        return (ROOT / "tests/examples" / name).read_text(), [f"-I{ROOT}/tests/examples", *options, "-c", "-o", os.devnull]
    return {"nothing": ("", check), "the standard headers it needs": ("\n".join(standard), check),
            **{name: (f"#include <ehlo/{name}>\n", check) for name in HEADERS},
            "explain, no optimisation": example("explain.cpp"), "a server of a few lines, -O2": example("readme_server.cpp", "-O2"),
            "a client of a few lines, -O2": example("readme_client.cpp", "-O2"), "mailsink, -O2": example("mailsink.cpp", "-O2")}


def seconds(compiler, source, arguments):
    # In a process of its own: only so the time of this one compiler run can be told from that of others.
    return float(subprocess.run([sys.executable, "-c", WORKER, source, compiler, "-std=c++20", f"-I{ROOT}/include", *arguments,
                                 "-x", "c++", "-"], check=True, stdout=subprocess.PIPE, text=True).stdout)


def measure(compilers, runs):
    """compiler -> {name: seconds, of the quickest run}"""
    jobs = [(c, name, *what) for _ in range(runs) for c in compilers for name, what in sources().items()]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        times = list(pool.map(lambda job: seconds(job[0], *job[2:]), jobs))
    return {c: {name: round(min(t for job, t in zip(jobs, times) if job[:2] == (c, name)), 3)
                for name in sources()} for c in compilers}


def table(measured):
    lines = ["| | " + " | ".join(f"{c}, ms" for c in measured) + " |", "|---|" + "---:|" * len(measured)]
    for name in next(iter(measured.values())):
        label = f"`{name}`" if name.endswith(".hpp") else name
        lines.append(f"| {label} | " + " | ".join(f"{times[name] * 1000:.0f}" for times in measured.values()) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("compilers", nargs="*", default=["g++", "clang++-19"])
    options = parser.parse_args()
    print(table(measure(options.compilers, options.runs)))
