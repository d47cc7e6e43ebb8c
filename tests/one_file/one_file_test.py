#!/usr/bin/env python3
"""The one file works as the headers do: one_file_test.py COMPILER...

1. It is the same octets each time, includes no header of ehlo, and leaves no macro but its guard.
2. As the only header of two files of one program, for this processor and for any, and a file of each kind in one program.
3. Unit tests of the project against it.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
UNIT = ROOT / "tests/unit"
COMPILERS = list({os.path.realpath(path): path for c in sys.argv[1:] if (path := shutil.which(c))}.values())
WARNINGS = "-std=c++20 -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror".split()
TESTS = ["test_xtext", "test_client_replies"]
KINDS = {"any": [], "native": ["-march=native"]}
# Of a server and a client. One is enough for the second compiler.
PAIRS = [("any", "any"), ("native", "native"), ("any", "native"), ("native", "any")]
faults = []


def run(*command, **more):
    p = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **more)
    if p.returncode != 0:
        faults.append(f"{' '.join(map(str, command))}\n{p.stdout[:3000]}")
    return p.stdout


def amalgamated(seed, *names):
    command = [sys.executable, str(HERE / "amalgamate.py"), *names]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, env={**os.environ, "PYTHONHASHSEED": seed}, cwd="/").stdout


def leaves_nothing(compiler):
    """The macros after it, less those of the system headers alone."""
    text = (work / "ehlo.hpp").read_text()
    system = "".join(f"#include <{s}>\n" for s in re.findall(r"^#include <([a-z_]+)>$", text, re.M) if s != "see_the_error_above")
    macros = []
    for source in (system, '#include "ehlo.hpp"\n'):
        out = run(compiler, "-std=c++20", f"-I{work}", "-dM", "-E", "-x", "c++", "-", input=source)
        macros.append(set(re.findall(r"^#define (\w+)", out, re.M)))
    if len(macros[0]) < 300:
        faults.append(f"{compiler}: only {len(macros[0])} macros were seen")
    if macros[1] - macros[0] != {"EHLO_ONE_FILE"}:
        faults.append(f"{compiler}: it leaves the macros {sorted(macros[1] - macros[0])}")


def two_files(compiler, pairs):
    objects = {}
    for of in {of for pair in pairs for of in zip(("server", "client"), pair)}:
        objects[of] = work / f"{'_'.join(of)}.o"
        run(compiler, *WARNINGS, *KINDS[of[1]], f"-I{work}", "-c", HERE / f"{of[0]}.cpp", "-o", objects[of])
    for server, client in pairs:
        program = work / "both"
        run(compiler, objects["server", server], objects["client", client], "-o", program)
        print(f"{compiler}, {server} and {client}: {run(program).strip()}")


def unit_tests(compiler):
    """Each header is one line that includes the one file."""
    stand_ins = work / "include/ehlo"
    stand_ins.mkdir(parents=True, exist_ok=True)
    for header in (ROOT / "include/ehlo").rglob("*.hpp"):
        stand_in = stand_ins / header.relative_to(ROOT / "include/ehlo")
        stand_in.parent.mkdir(exist_ok=True)
        stand_in.write_text(f'#include "{work / "ehlo.hpp"}"\n')
    source, program = work / "unit.cpp", work / "unit"
    source.write_text("".join(f'#include "{UNIT / name}.cpp"\n' for name in ("main", *TESTS)))
    run(compiler, *WARNINGS, f"-I{stand_ins.parent}", f"-I{UNIT}", source, "-o", program)
    out = run(program)
    print(f"{compiler}, {', '.join(TESTS)}: {out.strip().splitlines()[-1] if out.strip() else 'nothing'}")
    if not re.search(r"All tests passed \([1-9]\d* assertions", out):
        faults.append(f"{compiler}: {out[-500:]}")


with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    one = amalgamated("1")
    if one != amalgamated("2"):
        faults.append("it is not the same each time")
    (work / "ehlo.hpp").write_bytes(one)
    if b"#include <ehlo/" in one or b'#include "' in one:
        faults.append("it includes a header of ehlo")
    opt_in = amalgamated("1", "ehlo.hpp", "format.hpp", "scram.hpp", "std_error.hpp")
    (work / "all.hpp").write_bytes(opt_in)
    print(f"{len(one.splitlines())} lines, {len(one)} octets")
    for compiler in COMPILERS:
        leaves_nothing(compiler)
        two_files(compiler, PAIRS if compiler == COMPILERS[0] else PAIRS[-1:])
        run(compiler, *WARNINGS, "-fsyntax-only", "-include", work / "all.hpp", "-x", "c++", "/dev/null")
    for compiler in COMPILERS[:1]:
        unit_tests(compiler)
if not COMPILERS:
    sys.exit("no compiler")
for fault in faults:
    print("FAILED", fault)
sys.exit(bool(faults))
