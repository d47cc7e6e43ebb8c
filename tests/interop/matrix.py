"""Which program speaks with mailsink or post in which way: said once, beside the code that tries it. A test is made of each entry,
and so is the table in tests/README.md: what stands there was tried by the tests."""

import pathlib
import re

README = pathlib.Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- interop/run.py --matrix -->\n", "<!-- end -->\n"

rows = []  # (who, direction, way, result)


def ways(who, direction, result, all_ways):
    """Decorates a test case: one test for each way, which calls check_way(way, *arguments)."""
    def decorate(case):
        for way, arguments in all_ways.items():
            def test(self, way=way, arguments=arguments):
                self.check_way(way, *arguments)
            setattr(case, "test_" + re.sub("[^a-z0-9]+", "_", way.lower()), test)
            rows.append((who, direction, way, result))
        return case
    return decorate


def in_the_clear(who, direction, result):
    """Decorates a test case whose tests have no TLS."""
    def decorate(case):
        assert any(name.startswith("test_") for name in dir(case))
        rows.append((who, direction, "in the clear", result))
        return case
    return decorate


def table():
    lines = ["| who | | how | content |", "|---|---|---|---|"]
    merged = {}
    for who, direction, way, result in sorted(rows, key=lambda row: (row[1] != "to mailsink", row[1], row[0].lower())):
        merged.setdefault((who, direction, result), []).append(way)
    lines += [f"| {who} | {direction} | {'<br>'.join(all_ways)} | {result} |" for (who, direction, result), all_ways in merged.items()]
    return "\n".join(lines) + "\n"


def check(write):
    """Whether the table in tests/README.md is this one."""
    text = README.read_text()
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    if write:
        README.write_text(text[:begin] + table() + text[end:])
    return write or text[begin:end] == table()
