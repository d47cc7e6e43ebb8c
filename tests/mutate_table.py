#!/usr/bin/env python3
"""Changes session.hpp, a row or a name at a time, and sees that the compiler refuses it.

    mutate_table.py COMPILER [FLAG...]              every change (some minutes)
    mutate_table.py --sample=N COMPILER [FLAG...]   N of them, spread evenly; what is run as a test
    mutate_table.py --list                          prints them

unit/test_proof.cpp changes every entry to every value, in memory; here the text is changed, so that what is tested is what a
reader of the header would do, and that it does not compile.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

INCLUDE = pathlib.Path(__file__).resolve().parent.parent / "include"
SESSION = "ehlo/session.hpp"


def mutants(source):
    """(what, changed source) of each."""
    lines = source.split("\n")
    first = next(i for i, line in enumerate(lines) if "session_row rows[]" in line)
    last = next(i for i in range(first, len(lines)) if lines[i].strip() == "};")
    for i in range(first + 1, last):
        if not re.match(r"\s*(misplaced\(|\{)", lines[i]):
            continue
        short = re.sub(r"\s+", " ", lines[i].strip())[:70]

        def with_line(text):
            return "\n".join(lines[:i] + [text] + lines[i + 1:])

        yield f"dropped: {short}", with_line("")
        # Each target, and each fact, to another one. What stands before the events is the states, which unit/test_proof.cpp does.
        targets = lines[i].index("e::")
        for m in re.finditer(r"s::\w+|\bstay\b|\bnever\b|effect::(?!none)\w+|f::\w+", lines[i][targets:]):
            old, at = m[0], targets + m.start()
            new = {"s": "s::greeted" if old != "s::greeted" else "s::mail", "e": "effect::none", "f": "f::smtputf8"}.get(old[0])
            if old in ("stay", "never"):
                new = "s::closed"
            elif old == "f::smtputf8":
                new = "f::tls"
            yield f"{old} -> {new}: {short}", with_line(lines[i][:at] + new + lines[i][at + len(old):])

    for table in ("state_names", "fact_names"):
        found = re.search(rf"{table}\[[^\]]*\] = \{{(.*?)\}};", source, re.S)
        names = re.findall(r'"\w+"', found[1])
        for n in range(len(names)):
            rest = ", ".join(names[:n] + names[n + 1:])
            yield f"{table} without {names[n]}", source[:found.start(1)] + rest + source[found.end(1):]
    for row in re.findall(r"\n    \{event::\w+, \"[^\n]*", source):
        yield f"event_table without {row.split(',')[0].strip()}", source.replace(row, "")


def main():
    arguments = sys.argv[1:]
    sample = None
    if arguments and (m := re.match(r"--sample=(\d+)$", arguments[0])):
        sample = int(m[1])
        arguments = arguments[1:]
    source = (INCLUDE / SESSION).read_text(encoding="utf-8")
    every = list(mutants(source))
    if arguments == ["--list"]:
        print(*(what for what, _ in every), sep="\n")
        return
    if not arguments:
        sys.exit(__doc__)
    chosen = every if sample is None else every[:: max(1, len(every) // sample)][:sample]
    survivors = 0
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        (folder / "ehlo").mkdir()
        (folder / "proof.cpp").write_text("#include <ehlo/proof.hpp>\nstatic_assert(ehlo::prove<ehlo::smtp_protocol>());\n")

        def compiles(text):
            (folder / SESSION).write_text(text, encoding="utf-8")
            return subprocess.run(arguments + ["-fsyntax-only", "-I" + work, f"-I{INCLUDE}", str(folder / "proof.cpp")],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

        if not compiles(source):
            sys.exit("the table itself does not compile")
        for what, text in chosen:
            assert text != source, what
            if compiles(text):
                survivors += 1
                print("compiles:", what, flush=True)
    print(f"{len(chosen)} of {len(every)} changes: {len(chosen) - survivors} refused")
    sys.exit(1 if survivors else 0)


main()
