#!/usr/bin/env python3
"""build.sh builds all targets, with their seeds and the dictionary: build_test.py COMPILER [ENGINE [FLAG...]]

The engine is fuzz/replay.cpp unless given: each target then runs its seeds once. With -fsanitize=fuzzer it fuzzes for a second.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPILER, ENGINE, FLAGS = sys.argv[1], (sys.argv[2:] or [""])[0], sys.argv[3:]
TARGETS = sorted(p.stem for p in ROOT.glob("fuzz/*.cpp") if p.stem != "replay")
faults = []
with tempfile.TemporaryDirectory() as folder:
    out = pathlib.Path(folder)
    engine = ENGINE
    if not engine:
        engine = str(out / "replay.o")
        subprocess.run([COMPILER, *FLAGS, "-std=c++20", "-O0", "-c", ROOT / "fuzz/replay.cpp", "-o", engine], check=True)
    subprocess.run(["bash", "-eu", ROOT / "fuzz/oss-fuzz/build.sh"], cwd=ROOT, check=True,
                   env={**os.environ, "CXX": COMPILER, "CXXFLAGS": " ".join(["-O0", *FLAGS]), "LIB_FUZZING_ENGINE": engine, "OUT": folder})
    for name in TARGETS:
        seeds = out / f"seeds_{name}"
        with zipfile.ZipFile(out / f"fuzz_{name}_seed_corpus.zip") as corpus:
            corpus.extractall(seeds)
            count = len(corpus.namelist())
        options = ["-max_total_time=1", f"-dict={out}/smtp.dict"] if ENGINE else []
        p = subprocess.run([out / f"fuzz_{name}", *options, seeds], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        if p.returncode != 0 or count == 0:
            faults.append(f"fuzz_{name}, {count} seeds: {p.returncode}\n{p.stdout[-1000:]}")
    extra = {p.name for p in out.glob("fuzz_*") if p.suffix == ""} ^ {f"fuzz_{name}" for name in TARGETS}
    faults += [f"built and not expected, or the other way: {name}" for name in sorted(extra)]
print(*(f"FAILED {f}" for f in faults), sep="\n", end="\n" if faults else "")
print(f"{len(TARGETS)} targets, {len(faults)} faults")
sys.exit(bool(faults) or not TARGETS)
