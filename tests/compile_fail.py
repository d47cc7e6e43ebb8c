#!/usr/bin/env python3
"""Checks one file that must not compile: compile_fail.py SOURCE COMPILER FLAG...

The file is compiled twice. With -DEHLO_MUST_COMPILE it must succeed: this proves that the refusal has the cause
that it is meant to have. Without, it must fail, and say what the head of the file expects:

    // error: REGEX      searched for in the compiler's output
    // first: REGEX      searched for in its first six lines: a message is of use if it says at once what and where
    // only: clang       left out with other compilers (optional)
    // flags: -Wconsumed -Werror   (optional)
"""
import os
import re
import subprocess
import sys
import tempfile


def main():
    source, command = sys.argv[1], sys.argv[2:]
    with open(source, encoding="utf-8") as f:
        head = dict(re.findall(r"^// (error|first|only|flags): (.+?)\s*$", f.read(), re.M))
    if "error" not in head and "first" not in head:
        sys.exit(f"{source}: the first line is neither `// error: REGEX` nor `// first: REGEX`")

    if "only" in head:
        about = subprocess.run([command[0], "--version"], capture_output=True, text=True).stdout
        if ("clang" if "clang" in about else "gcc") != head["only"]:
            print(f"for {head['only']} only")
            sys.exit(77)

    with tempfile.TemporaryDirectory() as work:
        # Compiled to the end, not -fsyntax-only: some refusals come with code generation.
        base = command + head.get("flags", "").split() + ["-c", source, "-o", os.path.join(work, "a.o")]
        run = lambda *more: subprocess.run(base + list(more), text=True, errors="replace",
                                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        good, bad = run("-DEHLO_MUST_COMPILE"), run()

    if good.returncode != 0:
        sys.exit(f"{source}: does not compile even with EHLO_MUST_COMPILE:\n{good.stdout}")
    if bad.returncode == 0:
        sys.exit(f"{source}: compiles, and must not")
    if not re.search(head.get("error", ""), bad.stdout):
        sys.exit(f"{source}: fails without a message that matches `{head['error']}`:\n{bad.stdout}")
    if not re.search(head.get("first", ""), "\n".join(bad.stdout.splitlines()[:6]), re.S):
        sys.exit(f"{source}: fails without `{head['first']}` in the first six lines of the message:\n{bad.stdout}")


main()
