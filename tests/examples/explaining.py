"""What the tests that run explain share: the program, its escapes, and the comparison of what it says.

Everything is run whole, and with --chunk of 1 and 3 octets, and all answers must be the same. With EHLO_TEST_FEW in the environment, as
for sanitizers, which take a tenth of a second to start, it is run once: whole, and with 3, by turns. In an item "¦" stands before the
octet at fault. In what is expected, ABSENT stands for a key that must not be there.
"""
import itertools
import json
import os
import re
import subprocess
import sys

FEW = "EHLO_TEST_FEW" in os.environ
CHUNKS = [None, 1, 3]
turns = itertools.cycle([[None], [3]] if FEW else [CHUNKS])
ABSENT = object()
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}

program = None  # the path of explain
checks = 0
faults = []


def check(ok, what):
    global checks
    checks += 1
    if not ok:
        faults.append(what)
    return ok


def few(items):
    """Of the items all, or every fifth."""
    return items[::5] if FEW else items


def run(arguments, octets=b""):
    try:
        p = subprocess.run([program, *arguments], input=octets, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           env=ENVIRONMENT, timeout=20)
    except subprocess.TimeoutExpired:
        sys.exit(f"FAILED explain {' '.join(arguments)} does not end")
    return p.returncode, p.stdout, p.stderr


# Escapes, by another hand than explain's.
def unescape(item):
    names = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}

    def one(m):
        text = m.group(0)
        if len(text) == 1:
            return text.encode()
        return bytes([int(text[2:], 16)]) if text[1] == "x" else names[text[1]]

    return b"".join(one(m) for m in re.finditer(r"\\x[0-9A-Fa-f]{2}|\\[rnt0\\]|.", item, re.S))


def marked(item, expected):
    """The item without its mark, and where the fault is."""
    if "¦" not in item:
        return item, expected
    before, after = item.split("¦")
    return before + after, {**expected, "at": len(unescape(before))}


def same(expected, actual, what):
    """Whether an object holds what is expected; a text that ends with "*" is the beginning of one."""
    for key, value in expected.items():
        if value is ABSENT:
            check(key not in actual, f"{what}: {key!r} must be absent: {actual}")
        elif isinstance(value, str) and value.endswith("*"):
            check(str(actual.get(key)).startswith(value[:-1]), f"{what}: {key} should be {value!r}: {actual}")
        else:
            check(key in actual and actual[key] == value and type(actual[key]) is type(value),
                  f"{what}: {key} should be {value!r}: {actual}")


def objects(arguments, octets, where=None):
    """The JSON objects, the same for every chunk. Of a fault, where(N) says what the N-th of them belongs to."""
    where = where or (lambda i: " ".join(arguments))
    first = None
    for chunk in next(turns):
        extra = [] if chunk is None else [f"--chunk={chunk}"]
        code, out, err = run(["--json", *extra, *arguments], octets)
        if not check(code == 0, f"{where(0)}: {' '.join([*extra, *arguments])}: exit status {code}: {err.decode()}"):
            return []
        if first is None:
            first = out
        elif out != first:
            one, other = first.splitlines(), out.splitlines()
            for i, (a, b) in enumerate(zip(one, other)):
                check(a == b, f"{where(i)}: {extra[0]}: {b.decode()}\n  without --chunk: {a.decode()}")
            check(len(one) == len(other), f"{where(min(len(one), len(other)))}: {extra[0]}: {len(other)} objects, not {len(one)}")

    def unique(pairs):
        check(len({key for key, _ in pairs}) == len(pairs), f"{where(0)}: a key stands twice: {pairs}")
        return dict(pairs)

    try:
        return [json.loads(line, object_pairs_hook=unique) for line in first.decode().splitlines()]
    except ValueError as e:
        check(False, f"{where(0)}: not JSON: {e}: {first!r}")
        return []
