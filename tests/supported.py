#!/usr/bin/env python3
"""What ehlo cannot be compiled with is told in a few lines: supported.py INCLUDE_DIRECTORY COMPILER...

Every header, as C++17, which is what GCC 12 and Clang 14 take unless told otherwise, with the first compiler; and with each of them
compilers and libraries of old, played by those that are here. Nothing may be said but one #error and where it stands.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

INCLUDE = pathlib.Path(sys.argv[1]) if len(sys.argv) > 2 else sys.exit(__doc__)
COMPILERS = list(dict.fromkeys(path for c in sys.argv[2:] if (path := shutil.which(c))))

# Flags, and the words of the error. Of a library that is too old, its <version> is all that is needed.
OLD = {
    "gcc": [
        (["-std=c++17"], "compile with -std=c++20"),
        (["-std=c++14"], "compile with -std=c++20"),
        (["-std=c++20", "-U__GNUC__", "-D__GNUC__=10"], "needs GCC 11 or later"),
        (["-std=c++17", "-U__GNUC__", "-D__GNUC__=10"], "needs GCC 11 or later"),
    ],
    "clang": [
        (["-std=c++17"], "compile with -std=c++20"),
        (["-std=c++14"], "compile with -std=c++20"),
        (["-std=c++20", "-U__clang_major__", "-D__clang_major__=13"], "needs Clang 14 or later"),
    ],
    "both": [
        (["-std=c++20", "-D_MSC_VER=1928"], "needs MSVC 19.29"),
        (["-std=c++20", "-D_MSC_VER=1929", "-D_MSVC_LANG=201703L"], "compile with -std=c++20 or later (MSVC: /std:c++20)"),
        (["-std=c++20", "-isystem", "OLD/libstdc++"], "needs the standard library of GCC 11"),
        (["-std=c++20", "-isystem", "OLD/libc++"], "needs libc++ 14"),
    ],
}
faults, count = [], 0


def refused(compiler, flags, header, words):
    global count
    count += 1
    p = subprocess.run([compiler, *flags, f"-I{INCLUDE}", "-fsyntax-only", "-w", "-x", "c++", "-include", f"ehlo/{header}", "/dev/null"],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = [line for line in p.stdout.splitlines() if not re.match(r"In file included from |  +from ", line)]
    errors = [line for line in said if re.search(r" (fatal )?error: ", line)]
    if p.returncode == 0 or len(said) >= 8 or len(errors) != 2 or words not in errors[0] or "see_the_error_above" not in errors[1]:
        faults.append(f"{compiler} {' '.join(flags)}, {header}: expected `{words}` and less than 8 lines:\n{p.stdout[:2000]}")
    return p.stdout.splitlines()


with tempfile.TemporaryDirectory() as work:
    for library, text in (("libstdc++", "#define _GLIBCXX_RELEASE 10\n"), ("libc++", "#define _LIBCPP_VERSION 13000\n")):
        folder = pathlib.Path(work) / library
        folder.mkdir()
        (folder / "version").write_text(text)
    headers = sorted(p.relative_to(INCLUDE / "ehlo").as_posix() for p in (INCLUDE / "ehlo").rglob("*.hpp"))
    for compiler in COMPILERS[:1]:
        for header in headers:
            refused(compiler, ["-std=c++17"], header, "compile with -std=c++20")
    for compiler in COMPILERS:
        about = subprocess.run([compiler, "--version"], stdout=subprocess.PIPE, text=True).stdout
        kind = "clang" if "clang" in about else "gcc"
        if len(lines := refused(compiler, ["-std=c++17"], "ehlo.hpp", "compile with -std=c++20")) > 9:
            faults.append(f"{compiler}: ehlo.hpp as C++17: {len(lines)} lines in all:\n" + "\n".join(lines))
        for flags, words in OLD[kind] + OLD["both"]:
            refused(compiler, [f.replace("OLD", work) for f in flags], "ehlo.hpp", words)
        # What is supported is not refused.
        p = subprocess.run([compiler, "-std=c++20", f"-I{INCLUDE}", "-fsyntax-only", "-x", "c++", "-include", "ehlo/config.hpp", "/dev/null"],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if p.returncode != 0:
            faults.append(f"{compiler} -std=c++20 is refused:\n{p.stdout}")
    if not headers or not COMPILERS:
        faults.append(f"{len(headers)} headers and {len(COMPILERS)} compilers: nothing was tried")
for fault in faults[:20]:
    print("FAILED", fault)
print(f"{count} refusals by {len(COMPILERS)} compilers, {len(faults)} faults")
sys.exit(bool(faults))
