#!/usr/bin/env python3
"""The public names of ehlo, as Clang completes them: names.py [--write] CLANG

Compares them with those that include/ehlo/ehlo.cppm exports, and says what is missing or too much; --write puts them there.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
INCLUDE = ROOT / "include"
MODULE = INCLUDE / "ehlo/ehlo.cppm"
BEGIN, END = "// names: begin\n", "// names: end\n"
NOT_PUBLIC = re.compile(r"detail|v0|target_\w+")
SPACES = {m for p in (INCLUDE / "ehlo").rglob("*.hpp") for m in re.findall(r"^namespace (?:.*::)?(\w+) \{", p.read_text(), re.M)}
HEADERS = re.findall(r"^#include <(ehlo/.+)>", MODULE.read_text(), re.M)


def completed(compiler, scope):
    """The names of a scope, its namespaces among them."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "names.cpp"
        text = "".join(f"#include <{h}>\n" for h in HEADERS) + f"void f() {{ {scope}::\n"
        source.write_text(text)
        place = f"{source}:{text.count(chr(10))}:{len(text.splitlines()[-1]) + 1}"
        p = subprocess.run([compiler, "-std=c++20", f"-I{INCLUDE}", "-fsyntax-only", "-Xclang", f"-code-completion-at={place}", str(source)],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if "COMPLETION:" not in p.stdout:
        sys.exit(f"{compiler} completes nothing:\n{p.stderr}")
    names = set(re.findall(r"^COMPLETION: (operator[^\s\w]+|\w+)", p.stdout, re.M))
    return {n for n in names if not NOT_PUBLIC.fullmatch(n)}


def public(compiler, scope="ehlo"):
    names = completed(compiler, scope)
    all = [f"{scope}::{n}" for n in sorted(names - SPACES)]
    for space in sorted(names & SPACES):
        all += public(compiler, f"{scope}::{space}")
    return all


def block(names):
    """Export declarations, a scope each."""
    out, scopes = [], {}
    for name in names:
        scopes.setdefault(name.rpartition("::")[0], []).append(name)
    for scope, all in scopes.items():
        out.append(f"export namespace {scope} {{")
        line = "using"
        for name in all:
            if len(line) + len(name) > 120:
                out.append(line.rstrip(",") + ";")
                line = "using"
            line += f" {name},"
        out += [line.rstrip(",") + ";", "}", ""]
    return "\n".join(out[:-1]) + "\n"


def main():
    write, compiler = sys.argv[1] == "--write", sys.argv[-1]
    names = public(compiler)
    text = MODULE.read_text()
    before, middle = text.split(BEGIN)
    middle, after = middle.split(END)
    if write:
        MODULE.write_text(before + BEGIN + block(names) + END + after)
        return
    there = set(re.findall(r"(?<=[ ,])ehlo::[^\s,;{]+", re.sub(r"namespace \S+", "", middle)))
    for name in sorted(set(names) - there):
        print(f"{name} is not exported: tests/module/names.py --write {compiler}")
    for name in sorted(there - set(names)):
        print(f"{name} is exported, and there is no such public name")
    print(f"{len(names)} names")
    sys.exit(set(names) != there or len(names) < 200)


if len(sys.argv) not in (2, 3):
    sys.exit(__doc__)
main()
