#!/usr/bin/env python3
"""Lines and branches of include/ that the unit tests run.

    coverage.py                 builds the preset `coverage`, runs the unit tests, compares with coverage.json; fails if it is less
    coverage.py --write         the same, and writes what is reached to coverage.json
    coverage.py --list          and prints what is not covered, with its reason
    coverage.py --program=FILE  of a program that is there already: compiled with -fprofile-instr-generate -fcoverage-mapping
    coverage.py --profile=FILE  and whose run is, too: merged by llvm-profdata
    coverage.py --self-test     proves that it counts what is there, and that less is refused

All instantiations of a template are one; one that no test instantiates is not seen. A branch is counted where its condition was evaluated at all, once for each way it may
go; lines that are never reached are counted as lines. What only the compiler runs is not seen (static_assert, consteval, proofs).

coverage.json says why lines are not covered: the text of the line, or of the first line of the function that it stands in.
A reason for a line that is covered, or gone, is a fault.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
GATE = HERE / "coverage.json"
# The first line of a function, as the house writes it.
HEAD = re.compile(r" {0,4}(\[\[nodiscard\]\] )?(static |friend )?(constexpr|consteval|inline|explicit|EHLO_\w+)\b.*\(")


def tool(name):
    """The one of the compiler's version, or the one without a number."""
    version = subprocess.run(["clang++", "-dumpversion"], capture_output=True, text=True, check=True).stdout.split(".")[0]
    return shutil.which(f"{name}-{version}") or shutil.which(name) or sys.exit(f"there is no {name}")


def exported(program, profile):
    command = [tool("llvm-cov"), "export", str(program), f"-instr-profile={profile}", "--ignore-filename-regex=/tests/|catch2"]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["data"][0]


def lines_of(segments):
    """{line: how often it ran}, as llvm-cov counts."""
    by_line = {}
    for s in segments:
        by_line.setdefault(s[0], []).append(s)
    lines, wrapped = {}, None
    for line in range(segments[0][0], segments[-1][0] + 1) if segments else ():
        here = by_line.get(line, [])
        entries = [s[2] for s in here if s[4] and s[3] and not s[5]]
        skipped = here and not here[0][3] and here[0][4]
        if not skipped and (entries or (wrapped and wrapped[3])):
            lines[line] = max(entries + ([wrapped[2]] if wrapped and wrapped[3] else []))
        if here:
            wrapped = here[-1]
    return lines


def measure(data):
    """{header: ({line: count}, {branch: [times true, times false]})}"""
    found = {}
    for file in data["files"]:
        if "/include/ehlo/" in file["filename"]:
            found[file["filename"]] = (lines_of(file["segments"]), {})
    for function in data["functions"]:
        for b in function["branches"]:
            name = function["filenames"][b[6]]
            if name in found:
                ways = found[name][1].setdefault(tuple(b[:4]), [0, 0])
                ways[0] += b[4]
                ways[1] += b[5]
    return {name.rpartition("/include/ehlo/")[2]: both for name, both in found.items()}


def summary(found):
    rows = {}
    for header, (lines, branches) in sorted(found.items()):
        ways = [bool(n) for both in branches.values() if any(both) for n in both]
        rows[header] = [sum(map(bool, lines.values())), len(lines), sum(ways), len(ways)]
    return rows


def uncovered(found, include):
    """(header, line, text, first line of its function) of each line that did not run."""
    for header, (lines, _) in sorted(found.items()):
        source = (include / header).read_text(encoding="utf-8").splitlines()
        for line, n in sorted(lines.items()):
            if n:
                continue
            text = source[line - 1].strip()
            if text in ("}", "};", ""):
                continue
            head = next((source[i].strip() for i in range(line - 1, -1, -1) if HEAD.match(source[i])), text)
            yield header, line, text, head


def reason_for(reasons, header, text, head):
    for r in reasons:
        if r["header"] in (header, "*") and (r["line"] in text or r["line"] in head):
            return r
    return None


def compare(rows, gate):
    """What is less than the gate says."""
    faults = []
    for kind, at in (("lines", 0), ("branches", 2)):
        hit, all_ = (sum(r[at + i] for r in rows.values()) for i in (0, 1))
        percent = 100 * hit / all_ if all_ else 100
        print(f"{kind}: {hit} of {all_}, {percent:.2f} % (at least {gate[kind]:.2f})")
        if percent < gate[kind] - 0.005:
            faults.append(f"{kind}: {percent:.2f} % are less than the {gate[kind]:.2f} % that coverage.json wants")
    return faults


def self_test():
    data = {"files": [{"filename": "/x/include/ehlo/a.hpp", "segments": [[1, 1, 4, True, True, False], [3, 1, 0, True, True, False],
                                                                         [4, 2, 0, False, False, False]]}],
            "functions": [{"filenames": ["/x/include/ehlo/a.hpp"], "branches": [[2, 1, 2, 5, 1, 0, 0, 0, 4]]},
                          {"filenames": ["/x/include/ehlo/a.hpp"], "branches": [[2, 1, 2, 5, 0, 3, 0, 0, 4], [3, 1, 3, 5, 0, 0, 0, 0, 4]]}]}
    found = measure(data)
    assert found == {"a.hpp": ({1: 4, 2: 4, 3: 4, 4: 0}, {(2, 1, 2, 5): [1, 3], (3, 1, 3, 5): [0, 0]})}, found
    rows = summary(found)
    assert rows == {"a.hpp": [3, 4, 2, 2]}, rows
    assert not compare(rows, {"lines": 75, "branches": 100}) and len(compare(rows, {"lines": 75.1, "branches": 100})) == 1
    reasons = [{"header": "a.hpp", "line": "x(", "why": "y"}]
    assert reason_for(reasons, "a.hpp", "int x();", "") and not reason_for(reasons, "b.hpp", "int x();", "")
    print("right")


def main():
    options = dict(re.match(r"--([a-z-]+)=?(.*)$", a).groups() for a in sys.argv[1:] if a.startswith("--"))
    if set(options) - {"write", "list", "program", "profile", "self-test", "include"} or len(options) != len(sys.argv) - 1:
        sys.exit(__doc__)
    if "self-test" in options:
        return self_test()
    program = pathlib.Path(options.get("program", ROOT / "build/coverage/tests/ehlo_tests"))
    if "program" not in options:
        subprocess.run(["cmake", "--preset", "coverage"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["cmake", "--build", "--preset", "coverage"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as work:
        profile = options.get("profile")
        if not profile:
            raw, profile = f"{work}/raw", f"{work}/merged"
            subprocess.run([program], env={**os.environ, "LLVM_PROFILE_FILE": raw}, check=True, stdout=subprocess.DEVNULL)
            subprocess.run([tool("llvm-profdata"), "merge", "-sparse", raw, "-o", profile], check=True)
        found = measure(exported(program, profile))
    rows = summary(found)
    gate = json.loads(GATE.read_text(encoding="utf-8"))
    for header, (l, ls, b, bs) in rows.items():
        if l != ls or b != bs:
            print(f"{header:24} lines {l:4} of {ls:4}   branches {b:4} of {bs:4}")
    faults, used = [], []
    for header, line, text, head in uncovered(found, pathlib.Path(options.get("include", ROOT / "include/ehlo"))):
        r = reason_for(gate["reasons"], header, text, head)
        used.append(r)
        if not r:
            faults.append(f"{header}:{line}: not covered, and no reason is given: {text}")
        elif "list" in options:
            print(f"{header}:{line}: {r['why']}: {text}")
    faults += [f"a reason for what is covered, or gone: {r['header']}: {r['line']}" for r in gate["reasons"] if r not in used]
    if "write" in options:
        for kind, at in (("lines", 0), ("branches", 2)):
            gate[kind] = int(10000 * sum(r[at] for r in rows.values()) / sum(r[at + 1] for r in rows.values())) / 100
        GATE.write_text(json.dumps(gate, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    faults += compare(rows, gate)
    print(*faults, sep="\n", end="\n" if faults else "")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
