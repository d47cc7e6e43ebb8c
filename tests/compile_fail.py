#!/usr/bin/env python3
"""Checks one file that must not compile: compile_fail.py [--with=HEADER] SOURCE COMPILER FLAG...

The file is compiled twice. With -DEHLO_MUST_COMPILE it must succeed: this proves that the refusal has the cause
that it is meant to have. Without, it must fail, and say what the head of the file expects:

    // error: REGEX      searched for in the compiler's output
    // first: REGEX      searched for in its first six lines: a message is of use if it says at once what and where
    // only: clang       left out with other compilers (optional)
    // flags: -Wconsumed -Werror   (optional)

compile_fail.py --prepare=HEADER COMPILER FLAG... makes HEADER, which has all of ehlo, ready for the compiler to load: --with=HEADER
then takes a quarter of the time.
"""
import os
import re
import subprocess
import sys
import tempfile


def run(*command):
    return subprocess.run(command, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def prepare(header, command):
    os.makedirs(os.path.dirname(header), exist_ok=True)
    with open(header, "w", encoding="utf-8") as f:
        f.write("#include <ehlo/ehlo.hpp>\n")
    made = run(*command, "-x", "c++-header", header, "-o", header + ".gch")
    sys.exit(made.stdout if made.returncode else 0)


def main():
    option, arguments = "", sys.argv[1:]
    if arguments[0].startswith("--"):
        option, header = arguments.pop(0).split("=")
    if option == "--prepare":
        prepare(header, arguments)
    source, command = arguments[0], arguments[1:]
    with open(source, encoding="utf-8") as f:
        head = dict(re.findall(r"^// (error|first|only|flags): (.+?)\s*$", f.read(), re.M))
    if "error" not in head and "first" not in head:
        sys.exit(f"{source}: the first line is neither `// error: REGEX` nor `// first: REGEX`")

    if "only" in head:
        about = run(command[0], "--version").stdout
        if ("clang" if "clang" in about else "gcc") != head["only"]:
            print(f"for {head['only']} only")
            sys.exit(77)

    if option == "--with":
        command += ["-include", header]
    command += head.get("flags", "").split() + [source]
    with tempfile.TemporaryDirectory() as work:
        # Some refusals come with code generation only.
        for how in ["-fsyntax-only"], ["-c", "-o", os.path.join(work, "a.o")]:
            good, bad = run(*command, *how, "-DEHLO_MUST_COMPILE"), run(*command, *how)
            if good.returncode != 0 or bad.returncode != 0:
                break
    # The lines that a person sees, who has not included that header before.
    said = [line for line in bad.stdout.splitlines() if option != "--with" or header not in line]

    if good.returncode != 0:
        sys.exit(f"{source}: does not compile even with EHLO_MUST_COMPILE:\n{good.stdout}")
    if bad.returncode == 0:
        sys.exit(f"{source}: compiles, and must not")
    if not re.search(head.get("error", ""), bad.stdout):
        sys.exit(f"{source}: fails without a message that matches `{head['error']}`:\n{bad.stdout}")
    if not re.search(head.get("first", ""), "\n".join(said[:6]), re.S):
        sys.exit(f"{source}: fails without `{head['first']}` in the first six lines of the message:\n{bad.stdout}")


main()
