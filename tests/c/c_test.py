#!/usr/bin/env python3
"""The C interface: c_test.py [--mailsink=PROGRAM --post=PROGRAM] CXX [CC...]

1. Each function of ehlo.h is called by the tests. 2. ehlo_c.cpp needs nothing of C++'s library, and a C compiler links it. 3. The tests, as
C99, by each C compiler, and under sanitizers where Clang is. 4. The examples sink and send with each other, with mailsink and with post. 5. Python, by ctypes.
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
EXAMPLES = ROOT / "tests/examples"
options = dict(a[2:].split("=", 1) for a in sys.argv[1:] if a.startswith("--"))
compilers = [a for a in sys.argv[1:] if not a.startswith("--")]
if not compilers or set(options) - {"mailsink", "post"}:
    sys.exit(__doc__)
CXX, CCS = compilers[0], [c for c in compilers[1:] or ["gcc", "clang"] if shutil.which(c)]
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror".split()
C99 = "-std=c99 -pedantic -Wall -Wextra -Werror".split()
ALLOWED = {"memcpy", "memmove", "memset", "memcmp", "memchr", "strlen", "bcmp", "__cpu_model", "_GLOBAL_OFFSET_TABLE_"}
MESSAGE = b"Subject: test\r\n\r\n.dot\r\nlast\r\n"


def run(*command, **more):
    p = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
    if p.returncode != 0:
        sys.exit(f"FAILED with {p.returncode}: {' '.join(map(str, command))}\n{p.stdout.decode(errors='replace')[:4000]}")
    return p.stdout.decode(errors="replace")


def declared_functions():
    return set(re.findall(r"^EHLO_API .*?\b(ehlo_\w+)\(", (ROOT / "include/ehlo/ehlo.h").read_text(), re.M))


def every_function_is_called():
    declared = declared_functions()
    tests = "".join(p.read_text() for p in HERE.glob("*.c"))
    missing = sorted(f for f in declared if f"{f}(" not in tests)
    if missing or len(declared) < 50:
        sys.exit(f"FAILED: of {len(declared)} functions these are called by no test: {missing}")
    print(f"{len(declared)} functions")


class listening:
    """A server that says which port it has."""

    def __init__(self, *command):
        self.process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        line = self.process.stdout.readline()
        match = re.search(r":(\d+)\b", line)
        self.port = match[1] if match else self.process.kill() or sys.exit(f"FAILED: {command}: {line}")

    def __enter__(self):
        return self.port

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=10)
        self.process.stdout.close()


def stored(folder, expected, who):
    files = [p for p in folder.rglob("*") if p.is_file() and MESSAGE.splitlines()[0] in p.read_bytes()]
    contents = [p.read_bytes() for p in files]
    if len(contents) != expected or any(not c.endswith(MESSAGE) for c in contents):
        sys.exit(f"FAILED: {who}: {contents}")
    print(f"{who}: {expected} delivered")


def conversations(sink, send):
    spool = work / "spool"
    spool.mkdir()
    with listening(sink, 0, spool) as port:
        run(send, "127.0.0.1", port, "ann@a.example", "bob@b.example", "carl@c.example", input=MESSAGE.replace(b"\r\n", b"\n"))
        stored(spool, 1, "send to sink")
        if post := options.get("post"):
            run(*shlex.split(post), f"--port={port}", "--from=ann@a.example", "--to=bob@b.example", "-", input=MESSAGE)
            stored(spool, 2, "post to sink")
    if mailsink := options.get("mailsink"):
        spool = work / "spool2"
        spool.mkdir()
        with listening(*shlex.split(mailsink), "--port=0", f"--dir={spool}") as port:
            run(send, "127.0.0.1", port, "ann@a.example", "bob@b.example", input=MESSAGE)
            stored(spool, 1, "send to mailsink")


every_function_is_called()
print(run(sys.executable, HERE / "numbers.py").strip())
with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    include = f"-I{ROOT / 'include'}"
    source = ROOT / "include/ehlo/ehlo_c.cpp"
    objects = work / "ehlo_c.o"
    launcher = [path] if (path := shutil.which("ccache")) else []
    run(*launcher, CXX, "-std=c++20", "-O1", "-fPIC", "-fno-exceptions", "-fno-rtti", "-fvisibility=hidden",
        '-DEHLO_API=__attribute__((visibility("default")))', *WARNINGS, include, "-c", source, "-o", objects)
    asked = {line.split()[-1] for line in run("nm", "-u", objects).splitlines() if line.strip()}
    if asked - ALLOWED or "memcmp" not in asked:
        sys.exit(f"FAILED: the object asks for {sorted(asked)}")
    for cc in CCS:
        program = work / f"test_{pathlib.Path(cc).name}"
        run(cc, *C99, include, *sorted(HERE.glob("*.c")), objects, "-o", program)
        print(f"{cc}: {run(program).strip()}")
        for name in ("sink", "send"):
            run(cc, *C99, include, EXAMPLES / f"{name}.c", objects, "-o", work / name)
    if not CCS:
        sys.exit("FAILED: no C compiler")
    if shutil.which("clang") and shutil.which("clang++"):
        sanitized = ["-g1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", include]
        run(*launcher, "clang++", "-std=c++20", *sanitized, "-c", source, "-o", work / "sanitized.o")
        for test in HERE.glob("*.c"):
            run("clang", *C99, *sanitized, "-c", test, "-o", work / f"{test.stem}.o")
        run("clang++", *sanitized, *(work / f"{t.stem}.o" for t in HERE.glob("*.c")), work / "sanitized.o", "-o", work / "sanitized")
        print(f"sanitized: {run(work / 'sanitized').strip()}")
    conversations(work / "sink", work / "send")
    library = work / "libehlo_c.so"
    run(CXX, "-shared", objects, "-o", library)
    # Of C++'s own, Clang 14 leaves some to be seen.
    exported = {name for line in run("nm", "-D", "--defined-only", library).splitlines() if not (name := line.split()[-1]).startswith("_Z")}
    if exported != declared_functions():
        sys.exit(f"FAILED: the shared object exports other functions than ehlo.h has: {sorted(exported ^ declared_functions())}")
    print(run(sys.executable, HERE / "python_test.py", library).strip())
