#!/usr/bin/env python3
"""Lines and branches of include/ that the unit tests and the cases of tests/cases/ run.

    coverage.py              builds both with Meson and Clang, runs them, compares with coverage.json; fails if it is less
    coverage.py --write      the same, and writes what is reached to coverage.json; reasons for what is covered, or gone, go
    coverage.py --list       and prints each line and each way of a branch that is not covered, the lines with their reason
    coverage.py --self-test  proves that it counts what is there, and that less is refused

Both are also shown what is hard for a library: no exceptions, no type information, a char without sign, and the assertions of the library.

All instantiations of a template are one; one that no test instantiates is not seen. A branch is counted where its condition was evaluated at
all, once for each way it may go; lines that are never reached are counted as lines. What only the compiler can run (consteval) is not counted.

coverage.json says why lines are not covered: for each reason the headers, and the text of the line, or of the first line of the function that
it stands in. Of a header without a text it holds for all lines. A line without a reason is a fault, and so is a reason without such a line.
"""
import concurrent.futures
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
BUILD = ROOT / "build/coverage"
# All is compiled alike: a function has one set of counters.
FLAGS = ["-fprofile-instr-generate", "-fcoverage-mapping", "-DEHLO_CHECK_FAST=1", "-DEHLO_TEST_COVERAGE", "-DEHLO_TEST_FEW", "-funsigned-char", "-D_GLIBCXX_ASSERTIONS",
         "-DCATCH_CONFIG_DISABLE_EXCEPTIONS"]
# Which kernel runs depends on the processor: that much less, in per cent, is no loss.
SLACK = 0.05
# The first line of a function, as the house writes it.
HEAD = re.compile(r" {0,4}(\[\[nodiscard\]\] )?(static |friend )?(constexpr|consteval|inline|explicit|EHLO_\w+)\b.*\(")


def tool(name):
    """The one of the compiler's version, or the one without a number."""
    version = subprocess.run(["clang++", "-dumpversion"], capture_output=True, text=True, check=True).stdout.split(".")[0]
    return shutil.which(f"{name}-{version}") or shutil.which(name) or sys.exit(f"there is no {name}")


def build():
    """The paths of the unit tests and of explain."""
    setup = ["--reconfigure"] if (BUILD / "build.ninja").exists() else []
    options = ["--werror", "--buildtype=plain", "-Dauto_features=enabled", "-Dcpp_eh=none", "-Dcpp_rtti=false", f"-Dcpp_args={' '.join(FLAGS)}",
               "-Dcpp_link_args=-fprofile-instr-generate"]
    # What Meson tries on the way counts, too, and would leave a file.
    env = {**os.environ, "CXX": "clang++", "LLVM_PROFILE_FILE": os.devnull}
    subprocess.run(["meson", "setup", *setup, *options, BUILD], cwd=ROOT, check=True, env=env, stdout=subprocess.DEVNULL)
    subprocess.run(["meson", "compile", "-C", BUILD, "ehlo_tests", "explain"], check=True)
    return BUILD / "ehlo_tests", BUILD / "explain"


def run(tests, explain, work):
    """Leaves profiles."""
    # Many runs, some at once: each takes one of the files for a while, and adds to it.
    env = {**os.environ, "LLVM_PROFILE_FILE": f"{work}/%4m.profraw"}
    listed = subprocess.run([tests, "--filenames-as-tags", "--list-tags"], env=env, capture_output=True, text=True).stdout
    commands = [[sys.executable, HERE / "cases.py", explain], *([tests, "--filenames-as-tags", tag] for tag in re.findall(r"\[#\w+\]", listed))]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        ended = pool.map(lambda command: subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"), commands)
        failed = [" ".join(map(str, p.args)) + "\n" + p.stdout[-4000:] for p in ended if p.returncode]
    if failed or len(commands) == 1:
        sys.exit("\n".join(["nothing was measured; these fail:", *failed]))


def exported(tests, explain, work):
    """What llvm-cov says."""
    raw = [str(p) for p in pathlib.Path(work).glob("*.profraw")]
    subprocess.run([tool("llvm-profdata"), "merge", "-sparse", *raw, "-o", f"{work}/merged"], check=True)
    # The branches stand with the files as well as with the functions, of which there are very many.
    command = [tool("llvm-cov"), "export", tests, "-object", explain, f"-instr-profile={work}/merged", "--skip-functions", "--ignore-filename-regex=/tests/|catch2"]
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
            branches = {}
            for b in file["branches"]:  # of each instantiation
                ways = branches.setdefault(tuple(b[:4]), [0, 0])
                ways[0] += b[4]
                ways[1] += b[5]
            found[file["filename"].rpartition("/include/ehlo/")[2]] = lines_of(file["segments"]), branches
    return found


def head_of(source, line):
    """The first line of the function that a line stands in; the line itself if there is none."""
    return next((source[i].strip() for i in range(line - 1, -1, -1) if HEAD.match(source[i])), source[line - 1].strip())


def without_consteval(found, include):
    for header, (lines, branches) in found.items():
        source = (include / header).read_text(encoding="utf-8").splitlines()
        for line in [n for n in lines if "consteval " in head_of(source, n)]:
            del lines[line]
    return found


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
            if text in ("}", "};", "") or text.startswith(("#", "//")):
                continue
            yield header, line, text, head_of(source, line)


def reason_for(reasons, header, text, head):
    """(why, where) of a line: `where` is a header, or a header, ": " and a text."""
    for why, places in reasons.items():
        for place in places:
            of, _, part = place.partition(": ")
            if of == header and (part in text or part in head):
                return why, place
    return None


def one_way(found, include):
    """(header, line, text, way) of each branch that went one way only."""
    for header, (_, branches) in sorted(found.items()):
        source = (include / header).read_text(encoding="utf-8").splitlines()
        for (line, column, end, last), ways in sorted(branches.items()):
            if any(ways) and not all(ways):
                condition = source[line - 1][column - 1:last - 1] if line == end else source[line - 1][column - 1:]
                yield header, line, condition, "true" if not ways[0] else "false"


def compare(rows, gate):
    """What is less than the gate says."""
    faults = []
    for kind, at in (("lines", 0), ("branches", 2)):
        hit, all_ = (sum(r[at + i] for r in rows.values()) for i in (0, 1))
        percent = 100 * hit / all_ if all_ else 100
        print(f"{kind}: {hit} of {all_}, {percent:.2f} % (at least {gate[kind]:.2f})")
        if percent < gate[kind] - SLACK:
            faults.append(f"{kind}: {percent:.2f} % are less than the {gate[kind]:.2f} % that coverage.json wants")
    return faults


def check(found, gate, include):
    """What is wrong; and the places of coverage.json that are needed."""
    faults, used = [], set()
    for path in sorted(include.rglob("*.hpp")):
        header = path.relative_to(include).as_posix()
        if header not in found and any(HEAD.match(line) for line in path.read_text(encoding="utf-8").splitlines()):
            if r := reason_for(gate["reasons"], header, "", ""):
                used.add(r)
            else:
                faults.append(f"{header}: nothing of it was seen")
    for header, line, text, head in uncovered(found, include):
        if r := reason_for(gate["reasons"], header, text, head):
            used.add(r)
        else:
            faults.append(f"{header}:{line}: not covered, and no reason is given: {text}")
    faults += [f"a reason for what is covered, or gone: {place}" for why, places in gate["reasons"].items() for place in places if (why, place) not in used]
    return faults, used


def self_test():
    data = {"files": [{"filename": "/x/include/ehlo/a.hpp", "segments": [[1, 1, 4, True, True, False], [3, 1, 0, True, True, False],
                                                                         [5, 2, 0, False, False, False]],
                       "branches": [[2, 1, 2, 5, 1, 0, 0, 0, 4], [2, 1, 2, 5, 0, 3, 0, 0, 4], [3, 1, 3, 5, 0, 0, 0, 0, 4], [1, 1, 1, 4, 0, 4, 0, 0, 4]]},
                      {"filename": "/usr/include/b.hpp", "segments": [], "branches": []}]}
    found = measure(data)
    assert found == {"a.hpp": ({1: 4, 2: 4, 3: 4, 4: 0, 5: 0}, {(2, 1, 2, 5): [1, 3], (3, 1, 3, 5): [0, 0], (1, 1, 1, 4): [0, 4]})}, found
    rows = summary(found)
    assert rows == {"a.hpp": [3, 5, 3, 4]}, rows
    assert not compare(rows, {"lines": 60, "branches": 75}) and len(compare(rows, {"lines": 60.1, "branches": 75})) == 1
    with tempfile.TemporaryDirectory() as work:
        include = pathlib.Path(work)
        (include / "a.hpp").write_text("int a();\nint b();\nconstexpr int c() {\n    return 7;\n    consteval int d() { return 8; }\n")
        assert list(one_way(found, include)) == [("a.hpp", 1, "int", "true")]
        assert 5 in found["a.hpp"][0] and 5 not in without_consteval(found, include)["a.hpp"][0]
        assert list(uncovered(found, include)) == [("a.hpp", 4, "return 7;", "constexpr int c() {")]
        for reasons, faults in (({}, 1), ({"y": ["b.hpp: c()"]}, 2), ({"y": ["a.hpp: c()"]}, 0), ({"y": ["a.hpp: return"]}, 0), ({"y": ["a.hpp"]}, 0),
                                ({"y": ["a.hpp", "a.hpp: b()"]}, 1)):
            assert len(check(found, {"reasons": reasons}, include)[0]) == faults, reasons
        (include / "b.hpp").write_text("constexpr int f() { return 1; }\n")
        (include / "c.hpp").write_text('#include "a.hpp"\n')
        assert check(found, {"reasons": {"y": ["a.hpp"]}}, include)[0] == ["b.hpp: nothing of it was seen"]
        assert not check(found, {"reasons": {"y": ["a.hpp", "b.hpp"]}}, include)[0]
    print("right")


def main():
    options = dict(re.match(r"--([a-z-]+)=?(.*)$", a).groups() for a in sys.argv[1:] if a.startswith("--"))
    if set(options) - {"write", "list", "self-test"} or len(options) != len(sys.argv) - 1:
        sys.exit(__doc__)
    if "self-test" in options:
        return self_test()
    programs = build()
    with tempfile.TemporaryDirectory() as work:
        run(*programs, work)
        found = measure(exported(*programs, work))
    gate, include = json.loads(GATE.read_text(encoding="utf-8")), ROOT / "include/ehlo"
    rows = summary(without_consteval(found, include))
    for header, (l, ls, b, bs) in rows.items():
        if l != ls or b != bs:
            print(f"{header:30} lines {l:4} of {ls:4}   branches {b:4} of {bs:4}")
    if "list" in options:
        for header, line, text, head in uncovered(found, include):
            print(f"{header}:{line}: {(reason_for(gate['reasons'], header, text, head) or ['no reason'])[0]}: {text}")
        for header, line, condition, way in one_way(found, include):
            print(f"{header}:{line}: never {way}: {condition}")
    faults, used = check(found, gate, include)
    if "write" in options:
        for kind, at in (("lines", 0), ("branches", 2)):
            gate[kind] = int(10000 * sum(r[at] for r in rows.values()) / sum(r[at + 1] for r in rows.values())) / 100
        gate["reasons"] = {why: kept for why, places in gate["reasons"].items() if (kept := [p for p in places if (why, p) in used])}
        GATE.write_text(json.dumps(gate, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        faults, _ = check(found, gate, include)
    faults += compare(rows, gate)
    print(*faults, sep="\n", end="\n" if faults else "")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
