#!/usr/bin/env python3
"""Checks the register of what the RFCs demand: tests/register/*.md, a file for each RFC.

    register.py                      every entry is decided, and what it names exists; so does what .github/SECURITY.md names
    register.py --self-test          proves that each fault is found
    register.py --text=NNNN FILE     compares the counts of rfcNNNN.md with the text of that RFC
    register.py --summary            a line for each RFC

A file has a heading for each section, with how often MUST, SHALL or REQUIRED stand there ("## 4.2 (5)"), and a table: how many of
them an entry is about ("0": a SHOULD that ehlo decides), what is demanded, of whom, where in include/ehlo, and the tests that hold
it, or why there is none. Where the first lines say "in any case", "must" is counted, too: these RFCs are older than RFC 2119.

Tests are named like this:
    `test_x: words of its name`        of tests/unit/test_x.cpp
    `proof: rule`                      a rule of order_rules.hpp, which the compiler proves; what breaks it does not compile
    `compile_fail: name`               tests/compile_fail/name.cpp
    `cases/x.md: words of a heading`   tests/cases/x.md
"""
import pathlib
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
OURS = {"parser", "writer", "server", "client", "observer"}
OTHERS = {"caller", "nobody", "open"}   # the program around ehlo; not a matter of code; ehlo, which does not yet
NAMED = re.compile(r"`((?:test_\w+|proof|compile_fail|cases/\S+): [^`]+)`")
ENTRY = re.compile(r"^\| (\d+) \| (.+?) \| ([a-z, ]+?) \|(| .*?) \| (.*?) \|$")


class Tree:
    """What the entries may name."""

    def __init__(self, root):
        self.root = root
        self.texts = {}

    def text(self, path):
        if path not in self.texts:
            file = self.root / path
            self.texts[path] = file.read_text(encoding="utf-8") if file.is_file() else None
        return self.texts[path]

    def one(self, path, pattern, words):
        """Why the words do not name exactly one of the things in a file; None if they do."""
        text = self.text(path)
        if text is None:
            return f"there is no {path}"
        # A name may go on in the next line, as string literals do.
        names = {re.sub(r'"\s+"', "", name).strip('"') for name in re.findall(pattern, text, re.M)}
        hits = [name for name in names if words in name]
        return None if len(hits) == 1 or words in names else f"{path}: {len(hits)} of its names hold `{words}`"

    def why_no_test(self, name):
        kind, _, words = name.partition(": ")
        if kind == "proof":
            first = (re.match(r"// first: (\w+)", self.text(f"tests/compile_fail/{p.name}")) for p in
                     (self.root / "tests/compile_fail").glob("*.cpp"))   # its message begins with the rule
            if not any(m and words.startswith(m[1]) for m in first):
                return f"no file of tests/compile_fail breaks {words}"
            return self.one("include/ehlo/detail/order_rules.hpp", r"^        \{(\w+), ", words)
        if kind == "compile_fail":
            return None if self.text(f"tests/compile_fail/{words}.cpp") is not None else f"there is no tests/compile_fail/{words}.cpp"
        if kind.startswith("cases/"):
            return self.one(f"tests/{kind}", r"^#+ (.+)$", words)
        if kind.startswith("test_"):
            return self.one(f"tests/unit/{kind}.cpp", r'TEST_CASE\(("(?:[^"\\]|\\.|"\s+")*")', words)
        return "no such kind of test"

    def why_no_place(self, place):
        header, _, word = place.partition(": ")
        text = self.text(f"include/ehlo/{header}")
        if text is None:
            return f"there is no include/ehlo/{header}"
        return None if word in text else f"{header} has no `{word}`"


def check(path, tree):
    """The faults of a file, and its numbers: words, entries, those of ehlo, their tests."""
    faults, numbers = [], {"words": 0, "entries": 0, "ours": 0, "caller": 0, "nobody": 0, "open": 0, "tests": set()}
    section, left = None, 0

    def close(line):
        if section and left:
            faults.append(f"{path.name}:{line}: section {section}: its entries are about {-left:+d} words, counted from what stands in its heading")

    seen = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        def fault(text):
            faults.append(f"{path.name}:{number}: {text}")

        if line.startswith("## "):
            close(number)
            m = re.match(r"## (\S+) \((\d+)\)$", line)
            if not m:
                fault("a heading is a section and a count: ## 4.2 (5)")
                section = None
                continue
            section, left = m[1], int(m[2])
            numbers["words"] += left
            if section in seen:
                fault(f"section {section} a second time")
            seen.add(section)
        elif line.startswith("|") and not re.match(r"\| n \||\|--:\|", line):
            m = ENTRY.match(line)
            if not m:
                fault("an entry has five columns: n, what, who, where, test")
                continue
            left -= int(m[1])
            numbers["entries"] += 1
            who = set(m[3].split(", "))
            if who - OURS - OTHERS or ("open" in who and len(who) != 1):
                fault(f"who is {', '.join(sorted(who - OURS - OTHERS))}?")
            places, tests = re.findall(r"`([^`]+)`", m[4]), re.findall(r"`([^`]+)`", m[5])
            tests = [t for t in tests if NAMED.match(f"`{t}`")]
            if who & OURS:
                numbers["ours"] += 1
                if not places:
                    fault("ehlo must, but it is not said where")
                if not tests:
                    fault("ehlo must, but no test is named")
            else:
                numbers[min(who & OTHERS, default="nobody")] += 1
                if not re.sub(r"`[^`]*`", "", m[5]).strip(" ,.;"):
                    fault("not ehlo's, and no reason is given")
            for place in places:
                if why := tree.why_no_place(place):
                    fault(why)
            for test in tests:
                if why := tree.why_no_test(test):
                    fault(why)
            numbers["tests"].update(tests)
    close("end")
    return faults, numbers


def check_security(text, tree):
    """.github/SECURITY.md names tests in the same way."""
    faults = [f"SECURITY.md: {why}" for name in NAMED.findall(text) if (why := tree.why_no_test(name))]
    for line in text.splitlines():
        if line.startswith("|") and line.count("|") == 4 and not re.match(r"\|( class|--)", line) and not NAMED.search(line):
            faults.append(f"SECURITY.md: no test: {line}")
    return faults


def count(text, any_case):
    """How often the words stand in each section of an RFC."""
    words = re.compile(r"\b(MUST|SHALL|REQUIRED)\b", re.I if any_case else 0)
    section, found = "0", {}
    for line in text.replace("\f", "").splitlines():
        if re.match(r"(RFC \d+ .*\d{4}|\S.*\[Page \d+\])\s*$", line):
            continue
        m = (re.match(r"(\d+(?:\.\d+)*)\.?\s{1,3}(\S.*)$", line) or re.match(r"\s{0,3}(\d+\.\d+(?:\.\d+)*)\.?\s{1,3}([A-Z].*)$", line)
             or re.match(r"(?:Appendix )?([A-Z](?:\.\d+)*)\.\s+(\S.*)$", line))
        if m and not re.search(r"\.{4}|\. \. \.| \d+$", line):   # a heading, and no line of the table of contents
            section = m[1]
        if n := len(words.findall(line)):
            found[section] = found.get(section, 0) + n
    return found


def compare(path, text):
    register = path.read_text(encoding="utf-8")
    want = {s: int(n) for s, n in re.findall(r"^## (\S+) \((\d+)\)$", register, re.M) if n != "0"}
    found = count(text, "in any case" in register.split("\n## ")[0])
    return [f"{path.name}: section {s}: {want.get(s, 0)} in the register, {found.get(s, 0)} in the text"
            for s in sorted(want.keys() | found.keys()) if want.get(s) != found.get(s)]


def self_test():
    good = ("# RFC 1\n\n## 1 (1)\n\n| n | what | who | where | test, or why there is none |\n|--:|---|---|---|---|\n"
            "| 1 | a | server | `verb.hpp: enum class verb` | `proof: rfc5321_3_3_DATA_needs_an_accepted_recipient` |\n\n## 2 (2)\n\n"
            "| 2 | b | caller | | It alone knows. |\n")
    broken = [("## 1 (1)", "## 1 (2)", "its entries are about"), ("## 2 (2)", "## 1 (2)", "a second time"), ("## 2 (2)", "## two", "a heading is"),
              (" | caller |", " | someone |", "who is someone"), ("It alone knows.", "", "no reason"), ("`verb.hpp: enum class verb`", "", "not said where"),
              ("verb.hpp", "verbs.hpp", "there is no"), ("enum class verb", "enum class adverb", "has no"), ("| 1 | a |", "| a |", "five columns"),
              ("rfc5321_3_3_DATA", "rfc5321_9_9_DATA", "breaks"), ("accepted_recipient", "accepted_greeting", "0 of its names"), ("`proof: rfc5321_3_3_DATA_needs_an_accepted_recipient`", "", "no test"),
              ("proof: rfc5321_3_3_DATA_needs_an_accepted_recipient", "cases/bdat.md: zzz", "0 of its names"),
              ("proof: rfc5321_3_3_DATA_needs_an_accepted_recipient", "test_table: session", "of its names hold"),
              ("proof: rfc5321_3_3_DATA_needs_an_accepted_recipient", "compile_fail: zzz", "there is no")]
    tree = Tree(ROOT)
    with tempfile.TemporaryDirectory() as work:
        path = pathlib.Path(work) / "rfc1.md"
        path.write_text(good, encoding="utf-8")
        assert not check(path, tree)[0], check(path, tree)[0]
        text = "1.  One\n\n   a MUST\n\n2.  Two\n\n   it MUST NOT, and SHALL not; it must\n"
        assert not compare(path, text), compare(path, text)
        assert compare(path, text.replace("SHALL", "shall")) and compare(path, text + "\n3.  Three\n\n   REQUIRED\n")
        for old, new, message in broken:
            assert old in good, old
            path.write_text(good.replace(old, new), encoding="utf-8")
            faults = check(path, tree)[0]
            assert any(message in f for f in faults), (old, new, faults)
    assert check_security("| a | b | none |\n", tree) and check_security("`compile_fail: zzz`", tree)
    assert not check_security("| class | x | y |\n|--|--|--|\n| a | b | `compile_fail: reply_nul` |\n", tree)
    print(f"{len(broken) + 2} faults, each found")


def main():
    arguments = sys.argv[1:]
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) == 2 and (m := re.match(r"--text=(\d+)$", arguments[0])):
        faults = compare(HERE / f"register/rfc{m[1]}.md", pathlib.Path(arguments[1]).read_text(encoding="latin-1"))
        print(*faults, sep="\n")
        sys.exit(bool(faults))
    if arguments not in ([], ["--summary"]):
        sys.exit(__doc__)
    faults, tree = [], Tree(ROOT)
    files = sorted((HERE / "register").glob("rfc*.md"), key=lambda p: int(p.stem[3:]))
    if not files:
        sys.exit("no register")
    for path in files:
        found, n = check(path, tree)
        faults += found
        print(f"RFC {path.stem[3:]}: {n['words']} words, {n['entries']} entries: {n['ours']} ehlo's ({len(n['tests'])} tests), "
              f"{n['caller']} the caller's, {n['nobody']} nobody's, {n['open']} open")
    faults += check_security((ROOT / ".github/SECURITY.md").read_text(encoding="utf-8"), tree)
    print(*faults, sep="\n", end="\n" if faults else "")
    sys.exit(bool(faults))


main()
