#!/usr/bin/env python3
"""Checks the README against what it speaks of: readme.py [--update] EXPLAIN

Its C++ is code of tests/examples/readme_*.cpp, which runs as tests, its C of the examples in C; its diagram and its reference are what EXPLAIN prints;
the rules, files, presets and functions that it names exist. With --update the reference is written anew first.
"""
import pathlib
import re
import subprocess
import sys
import textwrap

root = pathlib.Path(__file__).resolve().parent.parent
update = "--update" in sys.argv[1:]
explain = sys.argv[-1]
text = (root / "README.md").read_text(encoding="utf-8")


def printed(*arguments):
    return subprocess.run([explain, *arguments], stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout


begin, end = "<!-- explain reference: begin -->\n", "<!-- explain reference: end -->\n"
if update and begin in text and end in text:
    text = text[:text.index(begin)] + begin + printed("reference") + text[text.index(end):]
    (root / "README.md").write_text(text, encoding="utf-8")
blocks = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S)
faults = []


def lines(code):
    return [line.strip() for line in code.splitlines() if line.strip()]


for language, programs in (("cpp", "readme_*.cpp"), ("c", "*.c")):
    samples = ["\n".join(lines(p.read_text())) for p in root.glob(f"tests/examples/{programs}")]
    for block in (b for k, b in blocks if k == language):
        if not any("\n".join(lines(block)) in sample for sample in samples):
            faults.append(f"code that is in no tests/examples/{programs}:\n" + textwrap.indent(block, "    "))

if [b for k, b in blocks if k == "mermaid"] != [printed("table", "--mermaid")]:
    faults.append("the diagram is not what `explain table --mermaid` prints")

if text.count(begin + printed("reference") + end) != 1:
    faults.append("the reference is not what `explain reference` prints; tests/readme.py --update EXPLAIN makes it so")

headers = "".join(p.read_text() for p in root.glob("include/ehlo/**/*.h*"))
for name in set(re.findall(r"`([a-z_0-9]+)`", text)):
    if not re.search(rf"\b{name}\b", headers) and not list(root.glob(f"include/ehlo/**/{name}.hpp")) and name not in ("explain", "mailsink", "post", "memchr", "memcpy"):
        faults.append(f"`{name}` is neither in a header nor one")
for path in set(re.findall(r"\b((?:tests|fuzz|bench|include)/[\w./-]+\w)", text)):
    if "NAME" not in path and not path.startswith(("bench/bench", "fuzz/fuzz")) and not (root / path).exists():
        faults.append(f"{path} does not exist")

print("\n".join(faults) or f"{len(blocks)} blocks agree")
sys.exit(bool(faults))
