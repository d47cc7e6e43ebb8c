#!/usr/bin/env python3
"""Checks one file that must not compile: compile_fail.py [--with=HEADER] SOURCE COMPILER FLAG...

The file is compiled twice. With -DEHLO_MUST_COMPILE it must succeed: this proves that the refusal has the cause
that it is meant to have. Without, it must fail, and say what the head of the file expects:

    // error: REGEX      searched for in the compiler's output
    // first: REGEX      searched for in its first six lines: a message is of use if it says at once what and where
    // only: clang       left out with other compilers (optional)
    // flags: -Wconsumed -Werror   (optional)

Many files take less time together:

    compile_fail.py --prepare=HEADER COMPILER FLAG...      makes HEADER, which has all of ehlo, ready for Clang to load
    compile_fail.py --without=HEADER COMPILER FLAG...      compiles all files without their mistakes, as one
    compile_fail.py --with=HEADER SOURCE COMPILER FLAG...  compiles one file with its mistake; without it only what --without leaves out
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

FILES = pathlib.Path(__file__).resolve().parent / "compile_fail"
STANDARD = "array optional string string_view type_traits".split()


def run(*command):
    return subprocess.run(command, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def kind_of(compiler):
    return "clang" if "clang" in run(compiler, "--version").stdout else "gcc"


def prepare(header, command):
    os.makedirs(os.path.dirname(header), exist_ok=True)
    with open(header, "w", encoding="utf-8") as f:
        f.write("#include <ehlo/ehlo.hpp>\n")
    # GCC takes longer to load all of ehlo than to read what a file includes.
    made = run(*command, "-x", "c++-header", header, "-o", header + ".gch") if kind_of(command[0]) == "clang" else None
    sys.exit(made.stdout if made and made.returncode else 0)


def head_of(source):
    with open(source, encoding="utf-8") as f:
        return dict(re.findall(r"^// (error|first|only|flags): (.+?)\s*$", f.read(), re.M))


def stands_alone(head):
    """Whether the file asks for a compiler or flags of its own."""
    return "only" in head or "flags" in head


def compile_without_mistakes(header, command):
    """Each file in a namespace of its own, for many define the same names."""
    text = "".join(f"#include <{h}>\n" for h in STANDARD) + "".join(f'#include "{h}"\n' for h in sorted(FILES.glob("*.hpp")))
    for source in sorted(FILES.glob("*.cpp")):
        if not stands_alone(head_of(source)):
            text += f'namespace {source.stem} {{\n#include "{source}"\n}}\n'
    good = subprocess.run([*command, "-DEHLO_MUST_COMPILE", "-include", header, "-fsyntax-only", "-x", "c++", "-"], input=text, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    sys.exit(good.stdout if good.returncode else 0)


def main():
    option, arguments = "", sys.argv[1:]
    if arguments[0].startswith("--"):
        option, header = arguments.pop(0).split("=")
    if option == "--prepare":
        prepare(header, arguments)
    if option == "--without":
        compile_without_mistakes(header, arguments)
    source, command = arguments[0], arguments[1:]
    head = head_of(source)
    if "error" not in head and "first" not in head:
        sys.exit(f"{source}: the first line is neither `// error: REGEX` nor `// first: REGEX`")

    if "only" in head:
        if kind_of(command[0]) != head["only"]:
            print(f"for {head['only']} only")
            sys.exit(77)

    if option == "--with" and os.path.exists(header + ".gch"):
        command += ["-include", header]
    command += head.get("flags", "").split() + [source]
    with tempfile.TemporaryDirectory() as work:
        # Some refusals come with code generation only.
        for how in ["-fsyntax-only"], ["-c", "-o", os.path.join(work, "a.o")]:
            bad = run(*command, *how)
            good = run(*command, *how, "-DEHLO_MUST_COMPILE") if option != "--with" or stands_alone(head) else None
            if bad.returncode != 0:
                break
    # The lines that a person sees, who has not included that header before.
    said = [line for line in bad.stdout.splitlines() if option != "--with" or header not in line]

    if good and good.returncode != 0:
        sys.exit(f"{source}: does not compile even with EHLO_MUST_COMPILE:\n{good.stdout}")
    if bad.returncode == 0:
        sys.exit(f"{source}: compiles, and must not")
    if not re.search(head.get("error", ""), bad.stdout):
        sys.exit(f"{source}: fails without a message that matches `{head['error']}`:\n{bad.stdout}")
    if not re.search(head.get("first", ""), "\n".join(said[:6]), re.S):
        sys.exit(f"{source}: fails without `{head['first']}` in the first six lines of the message:\n{bad.stdout}")


main()
