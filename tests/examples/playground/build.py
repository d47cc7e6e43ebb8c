#!/usr/bin/env python3
"""Makes the playground, one HTML file: build.py [FILE]. It needs clang++-19 with the C++ library for WebAssembly; of Debian's packages:
clang-19 lld-19 libc++-19-dev-wasm32 libclang-rt-19-dev-wasm32 wasi-libc"""
import base64
import gzip
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent))
import captures  # noqa: E402

COMPILER = "clang++-19"
FLAGS = ["--target=wasm32-wasi", "-mexec-model=reactor", "-std=c++20", "-Oz", "-flto", "-fno-exceptions", "-Wall", "-Wextra",
         "-Wl,--strip-all", "-Wl,-z,stack-size=1048576"]
SCRIPTS = ["engine.js", "meaning.js", "diagram.js", "examples.js", "page.js"]


def compiled(source):
    """The program, or None and what the compiler says."""
    with tempfile.TemporaryDirectory() as folder:
        path, target = pathlib.Path(folder) / "program.cpp", pathlib.Path(folder) / "program.wasm"
        path.write_text(source)
        done = subprocess.run([COMPILER, *FLAGS, f"-I{ROOT / 'include'}", path, "-o", target], capture_output=True, text=True)
        return (target.read_bytes() if done.returncode == 0 else None), done.stderr


def missing():
    """What is not there of the compiler and its libraries; nothing if all is."""
    if not shutil.which(COMPILER):
        return f"there is no {COMPILER}"
    return "" if compiled("#include <string>\n")[0] else f"{COMPILER} cannot compile C++ for WebAssembly"


def build(target):
    program, complaint = compiled(f'#include "{HERE}/playground.cpp"\n')
    if not program or complaint:
        sys.exit(complaint)
    page = (HERE / "page.html").read_text()

    def put(mark, text):
        nonlocal page
        if page.count(mark) != 1:
            sys.exit(f"{mark} stands {page.count(mark)} times in the page")
        page = page.replace(mark, text)

    put("/* page.css */", "\n" + (HERE / "page.css").read_text())
    put("/* scripts */", "\n" + "".join((HERE / name).read_text() for name in SCRIPTS))
    put("/* explain.wasm, gzip, base64 */", base64.b64encode(gzip.compress(program, 9, mtime=0)).decode())
    put("/* a capture, base64 */", base64.b64encode(captures.pcap("ethernet", captures.segments(captures.DIALOGUE, 60))).decode())
    target.write_text(page)


if __name__ == "__main__":
    if why := missing():
        sys.exit(f"{why}\n{__doc__}")
    target = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "playground.html")
    build(target)
    print(f"{target}: {target.stat().st_size} octets")
