#!/usr/bin/env python3
"""Whether all is linear: bench/growth.py --check

Instructions for a unit (an octet, a parameter, a command), counted by callgrind for some input and for one 16 times as
large, or more: the second may not be a quarter over the first (growth.cpp says where it may be more). What is quadratic
is over it by a factor of 16. By CXX, or g++.
"""
import csv, os, sys
from instructions import counted

WORKS = "accepting base64_decode content_chunks content_encode crowd line_chunks reply_chunks".split()   # what growth.cpp calls


def growths(lines, counts):
    """(series, cost of a unit in little, cost of a unit in much, how many times the first the second may be)"""
    points = [(name, int(x), total / int(units), float(allowed))
              for (name, x, units, allowed), total in zip(csv.reader(lines), counts, strict=True)]
    for (name, x, little, allowed), (same, more, much, _) in zip(points[::2], points[1::2], strict=True):
        assert same == name and more >= 16 * x
        yield name, little, much, allowed


def check(lines, counts):
    passed = failed = 0
    for name, little, much, allowed in growths(lines, counts):
        linear = much <= little * allowed
        passed += linear
        failed += not linear
        print(f"{'' if linear else 'NOT LINEAR: '}{name}: {little:.5g} -> {much:.5g} instructions")
    return passed, failed


def main():
    if sys.argv[1:] != ["--check"]:
        sys.exit(__doc__)
    # First that it would be seen: twice the cost for a unit of 16 times as many.
    assert check(['"self-test",10,10,1.25', '"self-test",160,160,1.25'], [100, 3200]) == (0, 1)
    passed, failed = check(*counted("growth.cpp", os.environ.get("CXX") or "g++", [], ["--count"], WORKS))
    print(f"{passed} passed, {failed} failed")
    return failed > 0 or passed == 0


if __name__ == "__main__":
    sys.exit(main())
