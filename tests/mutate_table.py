#!/usr/bin/env python3
"""Changes one entry of one row of the table in session.hpp at a time, and sees whether the proof still compiles.

    mutate_table.py COMPILER [FLAG...]              all mutants (some hundred; minutes)
    mutate_table.py --sample=N COMPILER [FLAG...]   N of them, spread evenly; what ctest runs
    mutate_table.py --list                          prints them

A mutant that compiles is a rule that proof.hpp lacks: then this fails, and names it. Those in EQUIVALENT mean the same as
the table, or are not for the proof to judge; each says why. One that is listed and is refused all the same is told, too.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

INCLUDE = pathlib.Path(__file__).resolve().parent.parent / "include"
SESSION = "ehlo/session.hpp"

# (row, column, what it becomes) as --list prints them, regular expressions: the reason.
EQUIVALENT = [
]

STATES = "connected greeted ready mail rcpt content chunk chunks spoilt exchange handshake refused turned closed".split()
EFFECTS = "none begins adds part delivers drops ends".split()
COLUMNS = "from on done more refused does needs barred sets clears brings otherwise".split()


def split_row(text):
    """The entries of a row, and whether it is a misplaced one."""
    body = re.match(r"\s*(?:misplaced\(|\{)(.*)(?:\)|\}),\s*$", text)[1]
    return [part.strip() for part in re.split(r",(?![^{]*\})", body)]


def rows_of(source):
    """(number of the line, its text) of each row."""
    lines = source.split("\n")
    first = next(i for i, line in enumerate(lines) if "session_row rows[]" in line)
    last = next(i for i in range(first, len(lines)) if lines[i].strip() == "};")
    return [(i, lines[i]) for i in range(first + 1, last) if re.match(r"\s*(misplaced\(|\{)", lines[i])]


def mutants(source):
    """(name, number of the line, new text) of each."""
    for number, text in rows_of(source):
        parts = split_row(text)
        row = f"{parts[0]} {parts[1]}"
        misplaced = text.strip().startswith("misplaced")

        def changed(column, value, parts=parts, misplaced=misplaced):
            new = parts + ["{}"] * (column + 1 - len(parts)) if not misplaced else parts[:]
            if len(new) > 5 and new[5] == "{}":
                new[5] = "effect::none"
            new[column] = value
            return (f"        misplaced({', '.join(new)})," if misplaced else f"        {{{', '.join(new)}}},")

        yield f"{row}: dropped", number, ""
        for column, value in enumerate(parts):
            name = f"{row}: {COLUMNS[column]} {value} -> "
            if column == 0:
                # One state less, where they are listed; the named sets are one state less by a subtraction.
                listed = re.findall(r"s::(\w+)", value) if not re.match(r"[a-z_]+$|alive|commands", value) else []
                named = {"in_order": "mail rcpt chunks spoilt ready", "commands": "mail rcpt chunks spoilt ready greeted",
                         "alive": " ".join(STATES[:-1])}.get(value.split(" ")[0])
                states = listed if named is None else named.split()
                for state in states if len(states) > 1 else []:
                    yield f"{name}- {state}", number, changed(0, f"({value}) - s::{state}" if named else f"state_set({value}) - s::{state}")
                for state in STATES:
                    if state not in states and not (named and state in value):
                        yield f"{name}+ {state}", number, changed(0, f"({value}) | s::{state}")
            elif column == 1:
                events = re.findall(r"e::(\w+)", value)
                for event in events if len(events) > 1 else []:
                    yield f"{name}- {event}", number, changed(1, f"event_set({value}) - e::{event}")
            elif column in (2, 3, 4):
                for state in ["stay", "never"] + ["s::" + s for s in ("greeted", "ready", "mail", "rcpt", "content", "chunks", "spoilt", "closed")]:
                    if state != value:
                        yield name + state, number, changed(column, state)
            elif column == 5:
                for effect in EFFECTS:
                    if "effect::" + effect != value:
                        yield name + effect, number, changed(5, "effect::" + effect)
            elif column in (6, 7, 8, 9, 10):
                facts = re.findall(r"f::(\w+)", value)
                for fact in facts:
                    rest = " | ".join("f::" + f for f in facts if f != fact) or "{}"
                    yield f"{name}- {fact}", number, changed(column, rest)
        if misplaced:
            continue
        # What is not there: an effect, a fact more in each column.
        if len(parts) <= 5:
            for effect in EFFECTS[1:]:
                yield f"{row}: does none -> {effect}", number, changed(5, "effect::" + effect)
        for column in (6, 7, 8, 9):
            have = parts[column] if column < len(parts) else "{}"
            for fact in ("extended", "tls", "authenticated", "smtputf8", "binary"):
                if "f::" + fact not in have:
                    more = f"f::{fact}" if have == "{}" else f"{have} | f::{fact}"
                    yield f"{row}: {COLUMNS[column]} {have} -> + {fact}", number, changed(column, more)


# Names and rows that a list lacks: they must not compile, either.
def shortened(source):
    for table in ("state_names", "fact_names"):
        found = re.search(rf"{table}\[[^\]]*\] = \{{(.*?)\}};", source, re.S)
        names = re.findall(r'"\w+"', found[1])
        for i in (0, len(names) - 1):
            rest = ", ".join(names[:i] + names[i + 1:])
            yield f"{table}: without {names[i]}", source[:found.start(1)] + rest + source[found.end(1):]
    for row in re.findall(r"\n    \{event::(?:greeting|own7), [^\n]*", source):
        yield f"event_table: without {row.split(',')[0].strip()}", source.replace(row, "")


def main():
    arguments = sys.argv[1:]
    sample = None
    if arguments and (m := re.match(r"--sample=(\d+)$", arguments[0])):
        sample = int(m[1])
        arguments = arguments[1:]
    source = (INCLUDE / SESSION).read_text(encoding="utf-8")
    lines = source.split("\n")
    every = [(name, "\n".join(lines[:n] + [text] + lines[n + 1:])) for name, n, text in mutants(source)] + list(shortened(source))
    if arguments == ["--list"]:
        print(*(name for name, _ in every), sep="\n")
        return
    if not arguments:
        sys.exit(__doc__)
    chosen = every if sample is None else every[:: max(1, len(every) // sample)][:sample]

    survivors, needless, equivalent = [], [], 0
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        (folder / "ehlo").mkdir()
        (folder / "proof.cpp").write_text("#include <ehlo/proof.hpp>\nstatic_assert(ehlo::prove<ehlo::smtp_protocol>());\n")

        def compiles(text):
            (folder / SESSION).write_text(text, encoding="utf-8")
            return subprocess.run(arguments + ["-fsyntax-only", "-I" + work, f"-I{INCLUDE}", str(folder / "proof.cpp")],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

        if not compiles(source):
            sys.exit("the table itself is not proved")
        for name, text in chosen:
            reason = next((reason for pattern, reason in EQUIVALENT if re.fullmatch(pattern, name)), None)
            if compiles(text):
                equivalent += reason is not None
                if reason is None:
                    survivors.append(name)
                    print("SURVIVES", name, flush=True)
            elif reason is not None:
                needless.append(name)
    print(f"{len(chosen)} of {len(every)} mutants: {len(chosen) - equivalent - len(survivors)} refused, {equivalent} equivalent, "
          f"{len(survivors)} survive")
    for name in needless:
        print("listed as equivalent, but refused:", name)
    sys.exit(1 if survivors else 0)


main()
