#!/usr/bin/env python3
"""What gdb shows of ehlo's values: gdb_test.py COMPILER... 77: there is no gdb with Python."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parents[1] / "include"
# Each expression, and what it is shown as; "..." stands for anything after it.
SHOWN = {
    "code": "bad_domain", "verb": "mail", "wrong": "bare_lf at 7", "enhanced": "5.1.1",
    "good_path": "<ann@client.example>", "bad_path": "bad_domain at 11", "null_path": "<>", "inner": "<ann@client.example>",
    "box": '"a b"@[192.0.2.1]', "no": "550 5.1.1 No such user here", "later": "later",
    "whole": r"250-mx.example\r\n250 SIZE 5\r\n", "more": "more is needed, 0 consumed", "failed": "bad_reply_code at 2",
    "rules": "{underscore_in_domain, loose_dots}", "offers": "{size, starttls}", "ways": "{plain, login}", "known": "{extended, tls}",
    "line": "MAIL FROM:<a@b.example> SIZE=5", "hello": "ehlo me.example", "mail.from": "<a@b.example>", "mail.parameters": "SIZE=5",
    "out": r"QUIT\r\n", "order": "greeted {}", "server": "rcpt {extended}, 1 recipient = {...", "client": "connected {} = {...",
}


def shown(text, expected):
    return text.startswith(expected[:-3]) if expected.endswith("...") else text == expected


def main():
    if not shutil.which("gdb") or subprocess.run(["gdb", "-nx", "-batch", "-ex", "python print(1)"], capture_output=True).stdout != b"1\n":
        print("skipped: there is no gdb with Python")
        return 77
    faults, passed = [], 0
    for compiler in dict.fromkeys(sys.argv[1:]):
        if not shutil.which(compiler):
            continue
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "values"
            subprocess.run([compiler, "-std=c++20", "-g", "-O0", f"-I{INCLUDE}", HERE / "values.cpp", "-o", program],
                           check=True, stderr=subprocess.DEVNULL)
            asked = [word for name in SHOWN for word in ("-ex", f"printf \"{name}: \"", "-ex", f"output {name}", "-ex", "printf \"\\n\"")]
            done = subprocess.run(["gdb", "-nx", "-batch", "-ex", "set width 0", "-ex", f"source {INCLUDE}/ehlo/ehlo_gdb.py", "-ex", "break here", "-ex", "run", "-ex", "up",
                                   *asked, program], capture_output=True, text=True, timeout=120)
        said = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line and line.split(": ", 1)[0] in SHOWN)
        for name, expected in SHOWN.items():
            passed += shown(said.get(name, ""), expected)
            if not shown(said.get(name, ""), expected):
                faults.append(f"{compiler}: {name} is shown as {said.get(name)!r}, not {expected!r}")
        if len(said) != len(SHOWN):
            faults.append(f"{compiler}: {done.stderr[-2000:]}")
    print("\n".join(faults))
    print(f"{passed} passed, {len(faults)} failed")
    return bool(faults) or not passed


if __name__ == "__main__":
    sys.exit(main())
