#!/usr/bin/env python3
"""Checks what must not compile: compile_fail.py COMPILER FLAG...

Each file of compile_fail/ is compiled twice. With -DEHLO_MUST_COMPILE it must succeed: this proves that the refusal has the cause
that it is meant to have. Without, it must fail, and say what the head of the file expects:

    // error: REGEX      searched for in the compiler's output
    // first: REGEX      searched for in its first six lines: a message is of use if it says at once what and where
    // only: clang       left out with other compilers (optional)
    // flags: -Wconsumed -Werror   (optional)

Most of the time goes to reading ehlo. So files with the same flags are compiled as one, each in a namespace of its own, and each must
be refused by messages that name no other file. What is not told well enough so is compiled by itself, and that decides.
Each changed table (broken.hpp) takes seconds to prove: with EHLO_TEST_FEW in the environment only a sixth of them.

    compile_fail.py --alone NAME COMPILER FLAG...    one file by itself, and what the compiler says
    compile_fail.py --self-test COMPILER FLAG...     proves that a file that compiles, or fails for another reason, is found
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

FILES = pathlib.Path(__file__).resolve().parent / "compile_fail"
STANDARD = "array optional string string_view type_traits".split()
# What a compiler says before the error itself: where it is while it reads, or what it makes of a template.
CONTEXT = re.compile(r"^In file included|^ +from |: In |: +(recursively )?required |: +in .constexpr. expansion")


class Case:
    def __init__(self, source):
        self.source = source
        text = source.read_text(encoding="utf-8")
        self.head = dict(re.findall(r"^// (error|first|only|flags): (.+?)\s*$", text, re.M))
        self.changes_table = '#include "broken.hpp"' in text
        if "error" not in self.head and "first" not in self.head:
            sys.exit(f"{source}: the first line is neither `// error: REGEX` nor `// first: REGEX`")
        self.flags = self.head.get("flags", "").split()

    def mistake(self, output):
        """What is wrong with what the compiler said of the file."""
        if not re.search(self.head.get("error", ""), output):
            return f"fails without a message that matches `{self.head['error']}`"
        if not re.search(self.head.get("first", ""), "\n".join(output.splitlines()[:6]), re.S):
            return f"fails without `{self.head['first']}` in the first six lines of the message"
        return None


def run(*command, text=None):
    done = subprocess.run(command, input=text, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def kind_of(compiler):
    return "clang" if "clang" in run(compiler, "--version")[1] else "gcc"


def alone(case, command):
    """What is wrong with the file, and what the compiler says of it."""
    command = [*command, *case.flags, str(case.source)]
    with tempfile.TemporaryDirectory() as work:
        # Some refusals come with code generation only.
        for how in ["-fsyntax-only"], ["-c", "-o", os.path.join(work, "a.o")]:
            good, said = run(*command, *how, "-DEHLO_MUST_COMPILE")
            if good != 0:
                return "does not compile even with EHLO_MUST_COMPILE", said
            bad, said = run(*command, *how)
            if bad != 0:
                return case.mistake(said), said
    return "compiles, and must not", said


def told_of(cases, output):
    """The messages that name one of the files, for each file."""
    told = {case.source: "" for case in cases}
    message, context = [], False

    def end():
        named = [case.source for case in cases if any(str(case.source) in text for text in message)]
        if len(named) == 1:
            told[named[0]] += "".join(f"{text}\n" for text in message if "<stdin>" not in text)

    for text in output.splitlines():
        begins = CONTEXT.search(text) or re.search(r": (fatal )?error: ", text)
        if begins and not context and ": note: " not in text:
            end()
            message = []
        message.append(text)
        context = bool(CONTEXT.search(text))
    end()
    return told


def together(cases, command):
    """The files that are not told well enough."""
    folder = cases[0].source.parent
    text = "".join(f"#include <{h}>\n" for h in [*STANDARD, "ehlo/ehlo.hpp"]) + "".join(f'#include "{h}"\n' for h in sorted(folder.glob("*.hpp")))
    text += "".join(f'namespace {case.source.stem} {{\n#include "{case.source}"\n}}\n' for case in cases)
    command = [*command, *cases[0].flags, "-fsyntax-only", "-x", "c++", "-"]
    good, said = run(*command, "-DEHLO_MUST_COMPILE", text=text)
    if good != 0:
        return cases
    every = {"clang": "-ferror-limit=0", "gcc": "-fmax-errors=0"}[kind_of(command[0])]
    told = told_of(cases, run(*command, every, text=text)[1])
    return [case for case in cases if ": error: " not in told[case.source] or case.mistake(told[case.source])]


def check(files, command):
    """All files of a folder; the mistakes."""
    kind = kind_of(command[0])
    groups = {}
    cases = [Case(source) for source in sorted(files.glob("*.cpp"))]
    if "EHLO_TEST_FEW" in os.environ:
        tables = [case for case in cases if case.changes_table]
        cases = [case for case in cases if case not in tables or case in tables[::6]]
    for case in cases:
        if case.head.get("only", kind) == kind:
            groups.setdefault(tuple(case.flags), []).append(case)
    cores = os.cpu_count() or 1
    with concurrent.futures.ThreadPoolExecutor(cores) as pool:
        parts = [part for cases in groups.values() for i in range(cores) if (part := cases[i::cores])]
        left = pool.map(lambda cases: together(cases, command) if len(cases) > 1 else cases, parts)
        left = [case for cases in left for case in cases]
        wrong = [(case, *said) for case, said in zip(left, pool.map(lambda case: alone(case, command), left))]
    mistakes = [f"{case.source}: {mistake}\n{said}" for case, mistake, said in wrong if mistake]
    print(f"{sum(map(len, groups.values()))} files, {len(left)} of them by themselves: {' '.join(case.source.stem for case in left)}")
    return mistakes


def self_test(command):
    texts = {   # what the head expects, without the mistake, with it
        "refused": ("error: no_such_type", "", "no_such_type a;"),
        "refused_too": ("first: no_such_function", "", "auto a = no_such_function();"),
        "compiles": ("error: no_such_type", "", "int a;"),
        "other": ("error: no_such_type", "", "another a;"),
        "late": ("first: no_such_type", "", "another a;\n" * 6 + "no_such_type b;"),
        "never": ("error: no_such_type", "another b;", "no_such_type a;"),
    }
    with tempfile.TemporaryDirectory() as work:
        def found(*names):
            for name in names:
                expected, good, bad = texts[name]
                pathlib.Path(work, f"{name}.cpp").write_text(f"// {expected}\n#ifdef EHLO_MUST_COMPILE\n{good}\n#else\n{bad}\n#endif\n", encoding="utf-8")
            return {re.search(r"(\w+)\.cpp: ", mistake)[1]: mistake for mistake in check(pathlib.Path(work), command)}
        told = found("refused", "refused_too", "compiles", "other", "late")
        assert told.keys() == {"compiles", "other", "late"}, told.keys()
        assert "compiles, and must not" in told["compiles"] and "without a message" in told["other"] and "first six lines" in told["late"], told
        told = found("never")   # all are compiled by themselves now
        assert told.keys() == {"compiles", "other", "late", "never"} and "even with" in told["never"], told


def main():
    arguments = sys.argv[1:]
    if arguments[0] == "--self-test":
        return self_test(arguments[1:])
    if arguments[0] == "--alone":
        mistake, said = alone(Case(FILES / f"{arguments[1]}.cpp"), arguments[2:])
        print(said)
        sys.exit(mistake)
    mistakes = check(FILES, arguments)
    if mistakes:
        sys.exit("\n".join([*mistakes, f"{len(mistakes)} failed"]))


main()
