#!/usr/bin/env python3
"""Checks the README against what it speaks of: readme.py EXPLAIN

Its C++ is code of tests/examples/readme_*.cpp, which runs as tests; its diagram is what EXPLAIN prints; the rules, files,
presets and functions that it names exist.
"""
import pathlib
import re
import subprocess
import sys
import textwrap

root = pathlib.Path(__file__).resolve().parent.parent
text = (root / "README.md").read_text(encoding="utf-8")
blocks = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S)
faults = []


def lines(code):
    return [line.strip() for line in code.splitlines() if line.strip()]


samples = {p.name: "\n".join(lines(p.read_text())) for p in root.glob("tests/examples/readme_*.cpp")}
for _, block in (b for b in blocks if b[0] == "cpp"):
    if not any("\n".join(lines(block)) in sample for sample in samples.values()):
        faults.append("C++ that is in no tests/examples/readme_*.cpp:\n" + textwrap.indent(block, "    "))

diagram = subprocess.run([sys.argv[1], "table", "--mermaid"], capture_output=True, text=True, check=True).stdout
if [b for k, b in blocks if k == "mermaid"] != [diagram]:
    faults.append("the diagram is not what `explain table --mermaid` prints")

headers = "".join(p.read_text() for p in root.glob("include/ehlo/*.hpp"))
for name in set(re.findall(r"`([a-z_0-9]+)`", text)):
    if not re.search(rf"\b{name}\b", headers) and not (root / f"include/ehlo/{name}.hpp").exists() and name not in ("explain", "mailsink", "post", "memchr", "memcpy"):
        faults.append(f"`{name}` is neither in a header nor one")
for path in set(re.findall(r"\b((?:tests|fuzz|bench|include)/[\w./-]+\w)", text)):
    if "NAME" not in path and not path.startswith(("bench/bench", "fuzz/fuzz")) and not (root / path).exists():
        faults.append(f"{path} does not exist")

print("\n".join(faults) or f"{len(blocks)} blocks agree")
sys.exit(bool(faults))
