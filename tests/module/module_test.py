#!/usr/bin/env python3
"""The samples of the README with `import ehlo;` in place of the headers: module_test.py CLANG [FOLDER]

Each must print what it prints with the headers: the program of that name in FOLDER, or one that is made here. Before that, the names
that the module exports are compared with those of the headers.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
COMPILER = shutil.which(sys.argv[1]) if len(sys.argv) in (2, 3) else sys.exit(__doc__)
MADE = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else None
if not COMPILER:
    print(f"no {sys.argv[1]}")
    sys.exit(77)
FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Werror"]


def run(*command):
    p = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if p.returncode != 0:
        sys.exit(f"FAILED: {' '.join(map(str, command))}\n{p.stdout[:5000]}")
    return p.stdout


def importing(source):
    """What a module does not bring is included: the operators of the types of std that ehlo returns."""
    text = re.sub(r"^#include <ehlo/.*>\n", "", source.read_text(), flags=re.M)
    last = max((m.end() for m in re.finditer(r"^#include .*\n", text, re.M)), default=0)
    return f"#include <optional>\n#include <string_view>\n{text[:last]}import ehlo;\n{text[last:]}"


print(run(sys.executable, HERE / "names.py", COMPILER).strip())
samples = sorted((ROOT / "tests/examples").glob("readme_*.cpp"))
if len(samples) < 5:
    sys.exit(f"only {len(samples)} samples")
with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    run(COMPILER, *FLAGS, f"-I{ROOT / 'include'}", "--precompile", "-x", "c++-module", ROOT / "include/ehlo/ehlo.cppm", "-o", work / "ehlo.pcm")
    run(COMPILER, "-std=c++20", "-c", work / "ehlo.pcm", "-o", work / "ehlo.o")
    for sample in samples:
        (work / sample.name).write_text(importing(sample))
        run(COMPILER, *FLAGS, f"-fmodule-file=ehlo={work / 'ehlo.pcm'}", work / sample.name, work / "ehlo.o", "-o", work / "with")
        without = MADE / sample.stem if MADE else work / "without"
        if not MADE:
            run(COMPILER, "-std=c++20", f"-I{ROOT / 'include'}", sample, "-o", without)
        said = run(work / "with")
        if said != run(without):
            sys.exit(f"FAILED: {sample.name} prints something else with the module:\n{said}")
        print(f"{sample.name}: {len(said)} octets printed")
