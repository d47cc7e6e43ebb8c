#!/usr/bin/env python3
"""Checks what the documents say against what they speak of.

    readme.py EXPLAIN               check
    readme.py --update EXPLAIN      write anew what is generated, then check
    readme.py --self-test EXPLAIN   prove that each check can fail

Each block of C++ is code of tests/examples/{readme,recipe}_*.cpp, which run as tests, or of the event loops, which are tested, too; each block of
C is code of the examples in C. What a `text` block shows is what the command before it prints, "..." being any lines. Links lead somewhere. The
files, presets, functions and rules that are named exist. The diagram, the reference and the map of the headers are what EXPLAIN and
layers.py print.
"""
import pathlib
import re
import subprocess
import sys
import textwrap

root = pathlib.Path(__file__).resolve().parent.parent
options, explain = sys.argv[1:-1], str(pathlib.Path(sys.argv[-1]).resolve())

DOCUMENTS = ("*.md", "include/*.md", "tests/*.md", "tests/examples/**/*.md", "fuzz/**/*.md", "bench/*.md", ".github/*.md")
# For these a name is one of the headers; elsewhere the tests and tools have names, too.
OF_USERS = ("README.md", "include/README.md", "tests/examples/README.md", ".github/DECISIONS.md")
PROGRAMS = {"cpp": ("readme_*.cpp", "recipe_*.cpp", "loops/*.?pp"), "c": ("*.c",)}
# What is in backticks and is no name of ehlo's; the last of them was one.
FOREIGN = {"explain", "mailsink", "post", "memchr", "memcpy", "strlen", "smtp_table"}
# Files that documents speak of, and that are the reader's.
OF_OTHERS = {"my_server.cpp"}


def printed(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=True, cwd=root).stdout


# What is generated: document, what stands before it and after it, and what belongs between.
GENERATED = [
    ("README.md", "```mermaid\n", "```\n", printed(explain, "table", "--mermaid")),
    ("include/README.md", "<!-- explain reference: begin -->\n", "<!-- explain reference: end -->\n", printed(explain, "reference")),
    ("include/README.md", "<!-- layers.py --map: begin -->\n", "<!-- layers.py --map: end -->\n",
     printed(sys.executable, str(root / "tests/layers.py"), "--map")),
]


def words(texts):
    return {word for text in texts for word in re.findall(r"\w+", text)}


HEADERS = words(p.read_text() for p in root.glob("include/ehlo/**/*.*")) | {p.stem for p in root.glob("include/ehlo/**/*.hpp")}
SOURCES = HEADERS | words(p.read_text(errors="replace") for folder in ("tests", "fuzz", "bench", ".ci", ".github") for p in (root / folder).rglob("*")
                          if p.suffix in (".cpp", ".hpp", ".c", ".py", ".txt", ".json", ".yml", ".sh") or p.name == "run")
FILES = [p.relative_to(root).as_posix() for folder in ("include", "tests", "fuzz", "bench", ".github") for p in (root / folder).rglob("*.*")]


def lines(code):
    return "\n".join(line.strip() for line in code.splitlines() if line.strip())


SAMPLES = {language: [lines(p.read_text()) for pattern in patterns for p in sorted(root.glob(f"tests/examples/{pattern}"))]
           for language, patterns in PROGRAMS.items()}


def blocks(text):
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)


def anchors(text):
    """The ids that hosting sites give to headings."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def shows(excerpt, output):
    """Whether the lines are those of the output, but for what "..." stands for."""
    pattern = "".join("(?:.*\n)*" if line.strip() == "..." else re.escape(line) + "\n" for line in excerpt.splitlines())
    return re.fullmatch(pattern, output.rstrip("\n") + "\n") is not None


def check_code(name, text):
    before = ""
    for language, code in blocks(text):
        if language in SAMPLES and not any(lines(code) and lines(code) in sample for sample in SAMPLES[language]):
            yield f"{name}: code that is in no tests/examples/ {' '.join(PROGRAMS[language])}:\n" + textwrap.indent(code, "    ")
        elif language == "text" and (command := re.search(r"\./explain (.*)", before)):
            if not shows(code, printed(explain, *command[1].split())):
                yield f"{name}: not what `explain {command[1]}` prints:\n" + textwrap.indent(code, "    ")
        elif language == "":
            yield f"{name}: a block that does not say what it is:\n" + textwrap.indent(code, "    ")
        before = code if language == "sh" else ""
    if len(re.findall(r"^```", text, re.M)) != 2 * len(blocks(text)):
        yield f"{name}: a block without its end"


def is_pattern(path):
    """tests/cases/CHAPTER.md, fuzz/NAME.cpp, rfcNNNN.md: they stand for others."""
    return re.search(r"NNNN|(\b|_)(NAME|CHAPTER)\b", path) is not None


def check_names(name, text):
    for word in sorted(set(re.findall(r"`([a-z_0-9]+)`", text)) - FOREIGN):
        if word not in (HEADERS if name in OF_USERS else SOURCES):
            yield f"{name}: `{word}` is not a name"
    for path in sorted(set(re.findall(r"(?<![\w./-])((?:tests|fuzz|bench|include|\.github|\.ci)/[\w./-]+\w)", text))):
        made = path.startswith(("bench/bench/", "fuzz/fuzz"))   # by a build
        if not made and not is_pattern(path) and not (root / path).exists():
            yield f"{name}: {path} does not exist"
    for file in sorted(set(re.findall(r"`([\w/]+\.(?:[ch]pp|[ch]|py|md|json|txt))[`: ]", text)) - OF_OTHERS):
        if not is_pattern(file) and not any(f"/{path}".endswith(f"/{file}") for path in FILES):
            yield f"{name}: no file {file}"


def check_links(name, text, documents):
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text)):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (root / name).parent / path if path else root / name
        if not file.exists():
            yield f"{name}: the link {target} leads nowhere"
        elif anchor:
            found = file.resolve().relative_to(root).as_posix()
            if anchor not in anchors(documents.get(found, "")):
                yield f"{name}: {target}: no such heading"


def check(documents):
    faults = []
    for name, text in documents.items():
        faults += [*check_code(name, text), *check_names(name, text), *check_links(name, text, documents)]
    for name, begin, end, wanted in GENERATED:
        if documents[name].count(begin + wanted + end) != 1:
            faults.append(f"{name}: what stands after {begin.strip()} is not current; tests/readme.py --update EXPLAIN makes it so")
    for rule in re.findall(r"^\| `(\w+)` \|", GENERATED[1][3].partition("Rules of leniency")[2], re.M):
        if f"`{rule}`" not in documents[".github/DECISIONS.md"]:
            faults.append(f".github/DECISIONS.md: no word of `{rule}`")
    return faults


def update(documents):
    for name, begin, end, wanted in GENERATED:
        head, found, tail = documents[name].partition(begin)
        if not found:
            sys.exit(f"{name}: no {begin.strip()}")
        documents[name] = head + begin + wanted + end + tail.partition(end)[2]
        (root / name).write_text(documents[name], encoding="utf-8")


def self_test(documents):
    """Each fault alone is told, and nothing else is."""
    name = "tests/examples/README.md"
    sample = next(code for language, code in blocks(documents[name]) if language == "cpp")
    bad = [
        ("code that is in no", name, sample, sample.replace(";", "; ;", 1)),
        ("without its end", name, "", "```text\n"),
        ("not what `explain", "README.md", "  end: state closed", "  end: state ready"),
        ("does not say what it is", name, "\n```cpp\n" + sample + "```", "\n```\n" + sample + "```"),
        ("is not a name", name, "\n\n", "\n\n`no_such_name`\n\n"),
        ("does not exist", "tests/README.md", "\n\n", "\n\ntests/no_such_file.cpp\n\n"),
        ("no file", "tests/README.md", "\n\n", "\n\n`no_such_file.py`\n\n"),
        ("leads nowhere", "README.md", "](LICENSE)", "](LICENCE)"),
        ("no such heading", "README.md", "#reference)", "#references)"),
        ("no word of", ".github/DECISIONS.md", "`bare_lf_line`", "`bare_lf_reply`"),
        *(("is not current", name, begin, begin + "\n") for name, begin, _, _ in GENERATED),
    ]
    for expected, name, old, new in bad:
        if old not in documents[name]:
            sys.exit(f"{name} has no {old}")
        faults = check(documents | {name: documents[name].replace(old, new, 1) if old else documents[name] + new})
        if not faults or any(expected not in f for f in faults):
            sys.exit(f"expected `{expected}`, got {faults}")
    print(f"{len(bad)} faults found, as they should be")


files = sorted({p for pattern in DOCUMENTS for p in root.glob(pattern)})
texts = {p.relative_to(root).as_posix(): p.read_text(encoding="utf-8") for p in files}
if "--update" in options:
    update(texts)
if "--self-test" in options:
    self_test(texts)
    sys.exit()
told = check(texts)
print("\n".join(told) or f"{len(texts)} documents with {sum(len(blocks(t)) for t in texts.values())} blocks agree")
sys.exit(bool(told))
