#!/usr/bin/env python3
"""All public enums and all commands have a printed form (format.hpp), or a reason to have none: printed.py COMPILER..."""
import pathlib
import re
import subprocess
import sys

INCLUDE = pathlib.Path(__file__).resolve().parents[1] / "include"
# Why these are not printed.
WITHOUT = {
    "table_fault": "of messages of the compiler", "rule_of_order": "of messages of the compiler",
    "effect": "of the table", "replies_due": "of the table", "transaction": "of the proof", "hexchar_case": "an argument",
    "sasl::binding": "of a SASL message",
}


def public(pattern):
    """What is declared in public headers, with the namespace in ehlo that it is in."""
    for header in sorted((INCLUDE / "ehlo").rglob("*.hpp")):
        space = ""
        for line in header.read_text().splitlines():
            if opened := re.match(r"namespace (\w+) \{", line):
                space = opened[1] + "::"
            elif line.startswith("}  // namespace"):
                space = ""
            elif (found := re.match(pattern, line)) and not space.startswith("detail") and "EHLO_TARGET::detail" not in header.read_text():
                yield space + found[1]


def main():
    enums = sorted(set(public(r"enum class (\w+)")))
    commands = sorted({name for name in public(r"struct (\w+)") if name.startswith("cmd::")})
    lines = ["#include <ehlo/format.hpp>", "#include <ehlo/scram.hpp>", "using namespace ehlo;"]
    for name in enums:
        expected = "" if name not in WITHOUT else "!"
        lines.append(f'static_assert({expected}printable<{name}>, "the enum {name}");')
    for name in commands:
        if name == "cmd::no_argument":
            name = "cmd::no_argument<verb::data>"
        lines.append(f'static_assert(printable<{name}>, "{name}");')
    missing = set(WITHOUT) - set(enums)
    if missing or len(enums) < 35 or len(commands) < 12:
        sys.exit(f"not there: {missing}; {len(enums)} enums, {len(commands)} commands: {enums} {commands}")
    done = subprocess.run([*sys.argv[1:], "-std=c++20", "-fsyntax-only", f"-I{INCLUDE}", "-x", "c++", "-"], input="\n".join(lines), capture_output=True, text=True)
    print(done.stderr if done.returncode else f"{len(enums)} enums and {len(commands)} commands")
    return done.returncode != 0


if __name__ == "__main__":
    sys.exit(main())
