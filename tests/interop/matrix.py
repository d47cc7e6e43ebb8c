"""Which program speaks with mailsink or post in which way: said once, beside the code that tries it. A test is made of each
entry, and so is the table in tests/README.md: what stands there was tried by the tests."""

import pathlib
import re

README = pathlib.Path(__file__).parents[1] / "README.md"
END = "<!-- end -->\n"

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
    for (who, direction, result), all_ways in merged.items():
        lines.append(f"| {who} | {direction} | {'<br>'.join(all_ways)} | {result} |")
    return "\n".join(lines) + "\n"


decisions = []  # (where, question, names of tests)


def decides(where, question, *tests):
    decisions.append((where, question, [f"{test.__module__}.{test.__qualname__}" for test in tests]))


def decision_table():
    lines = ["| where | question | decided by |", "|---|---|---|"]
    lines += [f"| {where} | {question} | {'<br>'.join(f'`{test}`' for test in tests)} |" for where, question, tests in decisions]
    return "\n".join(lines) + "\n"


def check(write):
    """Whether the tables in tests/README.md are these."""
    old = new = README.read_text()
    for name, made in (("--matrix", table()), ("--matrix, decisions", decision_table())):
        begin = new.index(f"<!-- interop/run.py {name} -->\n")
        begin = new.index("\n", begin) + 1
        new = new[:begin] + made + new[new.index(END, begin):]
    if write:
        README.write_text(new)
    return write or old == new
