#!/usr/bin/env python3
"""ehlo with other compilers, libraries, systems and processors: platforms.py [NAME...]

Debian 12 has them all (.ci/packages.txt); what is missing is a failure. The last line is `N passed, N failed`. Of each name that is
given, or of all: see CHECKS at the end. Emulated programs run as few cases as show that they work; what they compile is all.
"""
import concurrent.futures
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
INCLUDE = ROOT / "include"
WORK = ROOT / "build/platforms"
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror".split()
HEADERS = sorted(p.relative_to(INCLUDE).as_posix() for p in (INCLUDE / "ehlo").rglob("*.hpp"))
# GCC 12 takes the padding of a command for a value that was never set, at -O1 only.
GCC_O1 = ["-O1", "-Wno-maybe-uninitialized", "-Wno-array-bounds"]
OF_VECTORS = ["test_scan", "test_command_reader", "test_content", "test_content_encoder", "test_path", "test_reply"]


class Failed(Exception):
    pass


def run(*command, input=None, seconds=300, **more):
    command = [str(c) for c in command]
    try:
        p = subprocess.run(command, input=input, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=seconds, **more)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise Failed(f"{shlex.join(command)}: {e}")
    if p.returncode != 0:
        raise Failed(f"{shlex.join(command)}: {p.returncode}\n{p.stdout[-4000:]}")
    return p.stdout


def folder(name):
    made = WORK / name
    made.mkdir(parents=True, exist_ok=True)
    return made


def launcher():
    return ["ccache"] if shutil.which("ccache") else []


def check_syntax(compiler, *flags, text):
    run(*compiler.split(), *WARNINGS, *flags, f"-I{INCLUDE}", "-fsyntax-only", "-x", "c++", "-", input=text)


def includes(*before):
    return "".join(f"#include <{h}>\n" for h in (*before, *HEADERS))


def all_headers(compiler, *flags, before=(), after=""):
    """All headers in one file: a function that makes the check."""
    return lambda: check_syntax(compiler, *flags, text=includes(*before) + after)


def alone(header):
    return lambda: check_syntax("clang++-19", "-std=c++23", "-stdlib=libc++", text=f"#include <{header}>\n")


def proof(compiler, *flags):
    """The standard protocol is proved: the most that a compiler must evaluate."""
    return lambda: check_syntax(compiler, *flags, text="#include <ehlo/proof.hpp>\nstatic_assert(ehlo::prove<ehlo::smtp_protocol>());\n")


def program(name, compiler, source, *flags):
    """A source of the project, compiled and linked."""
    target = folder(name) / source.stem
    run(*launcher(), compiler, "-std=c++20", *flags, f"-I{INCLUDE}", "-c", source, "-o", f"{target}.o")
    return target


def wrapper(name, *command):
    """A program of its own that runs another one with an emulator."""
    path = folder(name) / "run"
    path.write_text(f'#!/bin/sh\nexec {shlex.join(map(str, command))} "$@"\n')
    path.chmod(0o755)
    return path


def explain(name, compiler, emulator, *flags, cases=(), libraries=("-static",), **environment):
    """explain, compiled for another machine, says what tests/cases/ want of it: parsers, writers and sessions."""
    def check():
        objects = program(name, compiler, HERE / "examples/explain.cpp", *WARNINGS, *GCC_O1, *flags)
        exe = folder(name) / "explain.exe"
        run(compiler, f"{objects}.o", *libraries, "-o", exe)
        runs = wrapper(name, *emulator, exe)
        if "WINEPREFIX" in environment:
            # It leaves services running for a minute, and they must not hold our pipe open.
            subprocess.run([*emulator, "wineboot"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           env={**os.environ, **environment})
        print(name + ":", run(sys.executable, HERE / "cases.py", runs, *(HERE / "cases" / c for c in cases), seconds=200,
                              env={**os.environ, "EHLO_TEST_FEW": "1", **environment}).strip())
    return check


def unit_tests(name, compiler, emulator, *flags, files, libraries=(), **environment):
    """A few files of the unit tests, with a twentieth of the drawn inputs."""
    def check():
        out = folder(name)
        if compiler not in ("g++", "g++-11", "clang++"):   # of /usr/include nothing else, for that is another machine's
            (out / "include").mkdir(exist_ok=True)
            link = out / "include/catch2"
            if not link.exists():
                link.symlink_to("/usr/include/catch2")
            here = [f"-isystem{out / 'include'}"]
        else:
            here = []
        # All files as one: a third less time. Each is a namespace.
        together = out / "tests.cpp"
        together.write_text("".join(f'#include "{HERE}/unit/{file}.cpp"\n' for file in files))
        objects = [f"{program(name, compiler, HERE / 'unit/main.cpp', '-O0', *here, *flags)}.o",
                   f"{program(name, compiler, together, *WARNINGS, *([] if 'clang' in compiler else GCC_O1), '-DEHLO_TEST_FEW', *here, *flags)}.o"]
        exe = out / "ehlo_tests.exe"
        run(compiler, *flags, *objects, *libraries, "-o", exe)
        for file in files:
            said = run(*emulator, exe, "--filenames-as-tags", "--warn", "NoTests", f"[#{file}]", env={**os.environ, **environment})
            print(f"{name}, {file}: {said.strip().splitlines()[-1]}")
    return check


def symbols(compiler, *flags):
    return lambda: run(sys.executable, HERE / "symbols/symbols.py", INCLUDE, compiler, *flags)


def embedded(*arguments):
    def check():
        print(run(sys.executable, HERE / "embedded/embedded.py", *arguments).strip())
        # 77 would be that the compiler is missing.
    return check


ALL_NEON = "static_assert(EHLO_VECTOR);\n"
NO_VECTORS = "static_assert(!EHLO_VECTOR);\n"
# g++-multilib, which would bring <asm/...> for 32 bits, cannot be installed beside a cross compiler: it is taken from here.
NARROW = ["-m32", "-idirafter", "/usr/include/x86_64-linux-gnu"]
WINE = dict(WINEPREFIX=str(WORK / "wine"), WINEDEBUG="-all")
CHECKS = {
    # The oldest and the newest compilers that Debian has, each with the oldest and the newest C++ that it knows.
    "gcc-11": [all_headers("g++-11", "-std=c++20"), all_headers("g++-11", "-std=c++23"), proof("g++-11", "-std=c++20"),
               unit_tests("gcc-11", "g++-11", [], files=["test_command_reader", "test_client_pipeline"])],
    "gcc-12": [all_headers("g++-12", "-std=c++23")],
    "clang-14": [all_headers("clang++-14", "-std=c++20"), all_headers("clang++-14", "-std=c++2b")],
    "clang-16": [all_headers("clang++-16", "-std=c++20"), all_headers("clang++-16", "-std=c++2b"), proof("clang++-16", "-std=c++20")],
    "clang-19": [*(all_headers("clang++-19", f"-std={std}") for std in ("c++20", "c++23", "c++26")), proof("clang++-19", "-std=c++26")],
    # Each header alone: libc++ includes less by the way than libstdc++ does.
    "libc++": [*(alone(h) for h in HEADERS), *(all_headers("clang++-19", "-stdlib=libc++", f"-std={std}") for std in ("c++20", "c++26"))],
    # What MSVC would see, as far as Clang can play it: no __GNUC__, so no extension of GNU, and those of Microsoft taken as such.
    "no-gnu": [all_headers("clang++-19", "-stdlib=libc++", "-std=c++20", "-fgnuc-version=0", "-fms-extensions", "-Wgnu", after=NO_VECTORS)],
    "aarch64": [unit_tests("aarch64", "aarch64-linux-gnu-g++", ["qemu-aarch64"], files=OF_VECTORS, libraries=["-static"]),
                all_headers("aarch64-linux-gnu-g++", "-std=c++20", after=ALL_NEON)],
    "scalar": [unit_tests("scalar", "clang++", [], "-DEHLO_NO_VECTOR", files=[*OF_VECTORS, "test_base64", "test_ascii", "test_parameters_all", "test_reply_written",
                                                                          "test_differential", "test_server", "test_client"])],
    # 32 bits, emulated: not every kernel for 64 runs them.
    "i386": [explain("i386", "g++", ["qemu-i386"], *NARROW, libraries=["-m32", "-static"]), symbols("g++", *NARROW),
             unit_tests("i386", "g++", ["qemu-i386"], *NARROW, files=["test_bdat", "test_parameters", "test_reply", "test_server_chunks"]),
             all_headers("clang++", "-std=c++20", *NARROW)],
    # Big-endian: no vectors.
    "s390x": [explain("s390x", "s390x-linux-gnu-g++", ["qemu-s390x"]), all_headers("s390x-linux-gnu-g++", "-std=c++20", after=NO_VECTORS)],
    "riscv64": [all_headers("riscv64-linux-gnu-g++", "-std=c++20", after=NO_VECTORS)],
    # Windows' own header first, with all its macros.
    "windows": [all_headers("x86_64-w64-mingw32-g++", "-std=c++20", before=["windows.h"]),
                explain("windows", "x86_64-w64-mingw32-g++", ["/usr/lib/wine/wine64"], "-D_POSIX_THREAD_SAFE_FUNCTIONS", "-DNOMINMAX", "-include", "windows.h",
                        cases=["starttls.md"], **WINE)],
    "cortex-m4": [embedded()],
    "wasm": [embedded("--wasm")],
    # A processor without AVX2, which the program is told of when it runs.
    "nehalem": [unit_tests("nehalem", "g++", ["qemu-x86_64", "-cpu", "Nehalem"], files=["test_content", "test_content_encoder"])],
}


def attempt(check):
    try:
        check()
    except Failed as e:
        return str(e)
    return None


def main():
    names = sys.argv[1:] or list(CHECKS)
    if unknown := set(names) - set(CHECKS):
        sys.exit(f"no {' '.join(sorted(unknown))}\n{__doc__}\nNames: {' '.join(CHECKS)}")
    shutil.rmtree(WORK, ignore_errors=True)
    # Those that take longest first: they stand last in CHECKS.
    todo = [(name, check) for name in reversed(names) for check in reversed(CHECKS[name])]
    passed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for (name, _), fault in zip(todo, pool.map(lambda t: attempt(t[1]), todo)):
            passed += fault is None
            if fault:
                print(f"FAILED {name}: {fault}", flush=True)
    print(f"{passed} passed, {len(todo) - passed} failed")
    sys.exit(passed != len(todo))


if __name__ == "__main__":
    main()
