#!/usr/bin/env python3
"""Runs the cases of tests/cases/*.md, which are documents: a chapter a file, a rule a heading, and blocks of cases.

    cases.py EXPLAIN [FILE...]       run them
    cases.py --self-test EXPLAIN     prove that each kind of fault is found
    cases.py --corpus DIRECTORY      write what they hold as corpora of the fuzz targets, DIRECTORY/TARGET/FILE_LINE

A block begins with a mode of explain and its options. In most modes it holds items, each with what must be in the answer:

    ```command --lenient
    MAIL FROM:¦ BODY=7BIT
    => {"error": "expected_path", "reply": "501 5.1.7 *"}
    ```

An item has the escapes of explain; ¦ stands before the octet at fault, the "at" of the answer. A text that ends with "*"
is the beginning of one, and null stands for a key that must be absent. An error that is not expected is a fault.

In session mode, where explain plays the server, and client mode, where it plays the client, a block holds dialogues:

    ```session --lmtp
    C: LHLO client.example
    S: 250*
    C> abc
    = {"state": "greeted", "fatal": false}
    ```

"C:" and "S:" are lines without their CRLF, "C>" and "S>" octets as they stand; the escapes are those of items. What
explain says must be all there, in order, and nothing else; there "*" at the end of a line stands for any rest, also for
more lines of the same reply, and in client mode "C: ..." for any number of lines. "=" is what must be in the last object.
"""
import json
import pathlib
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "examples"))
import explaining  # noqa: E402
from explaining import ABSENT, check, marked, objects, same, unescape  # noqa: E402

ITEMS = ["command", "path", "mailbox", "reply", "ehlo", "content", "encode", "proxy", "write"]
DIALOGUES = ["session", "client"]
ANY_LINES = object()


class Item:
    def __init__(self, where, text, expected):
        self.where, self.expected = where, expected
        self.text, self.expected = marked(text, expected)


class Dialogue:
    def __init__(self, where, mode):
        self.where, self.mode = where, mode
        self.input = b""    # what explain is given
        self.output = []    # where, the line that explain must say, and the replies that were there before it
        self.end = None
        self.complete = True

    def add(self, where, who, octets, whole_line):
        if who == ("C" if self.mode == "session" else "S"):
            self.input += octets + (b"\r\n" if whole_line else b"")
        else:
            line = ANY_LINES if octets == b"..." and self.mode == "client" else octets
            self.output.append((where, line, replies_in(self.input)))


class Block:
    def __init__(self, where, words):
        self.where, self.options = where, words[1:]
        self.mode = words[0] if words else ""
        self.cases = []

    @property
    def arguments(self):
        return [*self.options, self.mode]


def replies_in(octets):
    return len(re.findall(rb"^\d{3}(?: [^\r\n]*)?\r\n", octets, re.M))


def expectation(where, text):
    try:
        value = json.loads(text)
    except ValueError as e:
        check(False, f"{where}: not JSON: {e}")
        return {}
    if not check(isinstance(value, dict) and value, f"{where}: what is expected is an object that holds something"):
        return {}
    return {k: ABSENT if v is None else v for k, v in value.items()}


def read(path):
    """The blocks of a file. What is wrong with the file is a fault."""
    blocks, block, item = [], None, None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        where = f"{path.name}:{number}"
        if line.startswith("```"):
            if block is None:
                block = Block(where, line[3:].split())
                check(block.mode in ITEMS + DIALOGUES, f"{where}: there is no mode {block.mode!r}")
            else:
                check(item is None, f"{where}: an item without what is expected of it")
                check(all(case.end for case in block.cases if isinstance(case, Dialogue)), f"{where}: a dialogue without its end, = {{...}}")
                check(block.cases, f"{block.where}: a block without cases")
                blocks.append(block)
                block = item = None
        elif block is None or not line:
            continue
        elif block.mode in DIALOGUES:
            if line.startswith("= "):
                if check(block.cases and block.cases[-1].end is None, f"{where}: the end of no dialogue"):
                    block.cases[-1].end = expectation(where, line[2:])
            elif m := re.fullmatch("([CS])(: ?|> )(.*)", line):
                if not block.cases or block.cases[-1].end is not None:
                    block.cases.append(Dialogue(where, block.mode))
                block.cases[-1].add(where, m[1], unescape(m[3]), m[2] != "> ")
            else:
                check(False, f"{where}: neither C: nor S: nor =: {line}")
        elif line.startswith("=> "):
            if check(item is not None, f"{where}: what is expected of no item"):
                block.cases.append(Item(item[0], item[1], expectation(where, line[3:])))
            item = None
        else:
            check(item is None, f"{where}: an item without what is expected of it stands before this one")
            check(line.count("¦") <= 1, f"{where}: two marks in one item")
            item = where, line if line.count("¦") <= 1 else line.replace("¦", "")
    check(block is None, f"{path.name}: the last block has no end")
    check(blocks, f"{path.name}: no cases")
    return blocks


def run_items(block):
    items = block.cases
    answers = objects(block.arguments, "".join(i.text + "\n" for i in items).encode(),
                      lambda n: items[min(n, len(items) - 1)].where)
    if not check(len(answers) == len(items), f"{block.where}: {len(answers)} answers to {len(items)} items"):
        return
    for item, answer in zip(items, answers):
        same(item.expected, answer, item.where)
        check("error" in answer or "at" not in item.expected, f"{item.where}: a mark, and no fault: {answer}")
        check("error" in item.expected or "error" not in answer, f"{item.where}: an error that is not expected: {answer}")


def begins(line, expected):
    return line.startswith(expected[:-1]) if expected.endswith(b"*") else line == expected


def run_session(dialogue, events):
    # The last chunk and the message that ends with it have one reply.
    twice = [i > 0 and e["event"] == "message" and events[i - 1]["event"] == "chunk" for i, e in enumerate(events)]
    said = [e["reply"].encode() for e, again in zip(events, twice) if "reply" in e and not again]
    left = list(dialogue.output)
    for reply in said:
        if not check(left, f"{dialogue.where}: a reply that does not stand there: {reply!r}"):
            return
        where = left[0][0]
        lines = []  # those of this reply: all but the last have "-" after the code
        while left and (not lines or re.match(rb"\d{3}-", lines[-1])):
            lines.append(left.pop(0)[1])
        rest = reply.split(b"\r\n")
        for line in lines[:-1]:
            check(rest and begins(rest[0], line), f"{where}: should be {line!r}: {reply!r}")
            rest = rest[1:]
        check(begins(b"\r\n".join(rest), lines[-1]), f"{where}: should be {lines[-1]!r}: {reply!r}")
    check(not left, f"{left and left[0][0]}: a reply that never comes")


def run_client(dialogue, events):
    said, replies = [], 0  # the lines, and the replies that were read before each
    for event in events:
        replies += event["event"] == "reply"
        if event["event"] == "send":
            wire = unescape(event["wire"])
            lines = wire.split(b"\r\n")
            said += [(line, replies) for line in lines[:-1] + ([lines[-1]] if lines[-1] else [])]
    left = list(dialogue.output)
    skipping = False
    for line, replies in said:
        if not skipping and left and left[0][1] is ANY_LINES:
            left.pop(0)
            skipping = True
        if skipping and not (left and begins(line, left[0][1])):
            continue
        skipping = False
        if not check(left, f"{dialogue.where}: a line that does not stand there: {line!r}"):
            return
        where, expected, before = left.pop(0)
        check(begins(line, expected), f"{where}: should be {expected!r}: {line!r}")
        check(replies == before, f"{where}: sent after {replies} replies, not after {before}: {line!r}")
    check(not [l for l in left if l[1] is not ANY_LINES], f"{left and left[0][0]}: a line that is never sent")


def run(paths):
    count = 0
    for path in paths:
        for block in read(path):
            if block.mode in ITEMS and block.cases:
                run_items(block)
            for dialogue in block.cases if block.mode in DIALOGUES else []:
                events = objects(block.arguments, dialogue.input, lambda _, where=dialogue.where: where)
                if not events:
                    continue
                (run_session if block.mode == "session" else run_client)(dialogue, events)
                same(dialogue.end or {}, events[-1], dialogue.where)
            count += len(block.cases)
    return count


def documents():
    return sorted((HERE / "cases").glob("*.md"))


# ---- corpora ----

def letters_of(options, case):
    """What the client of the fuzz target does, a letter an act."""
    has = lambda option: any(o.split("=")[0] == option for o in options)
    said = [line for _, line, _ in case.output if line is not ANY_LINES]
    settings = b"!" * ("--tls=must" in options) + b"~" * ("--tls=may" in options) + b"&" * has("--lmtp")
    settings += b"*" * (has("--auth") and not has("--tls"))
    hello = b"<h<" + b"T<Sh<" * (b"STARTTLS" in said) + b"a<" * has("--auth")
    message = b"Bcc<" if has("--chunking") else b"d<c.<"
    return settings + hello + (b"mr" + message if has("--pipeline") else b"m<r<" + message) + b"q<"


def inputs(block, case):
    """The fuzz targets that a case is an input of, and the input of each."""
    if block.mode == "session":
        settings = b"%ylc\n" if "--lenient" in block.options else b""
        yield "lmtp" if "--lmtp" in block.options else "session", settings + case.input
        yield "tap", (b"%L\n" if "--lmtp" in block.options else settings) + case.input
    elif block.mode == "client":
        yield "client", letters_of(block.options, case) + b"\n" + case.input
    elif block.mode != "write":
        octets = unescape(case.text)
        yield {"mailbox": "path", "encode": "content", "ehlo": "ehlo_answer", "proxy": "proxy_header"}.get(block.mode, block.mode), octets
        if block.mode == "command" and (m := re.search(rb"> (\S.*?)(?:\r\n)?$", octets, re.S)):
            yield "parameters", m[1]
        if block.mode == "ehlo":
            yield "reply", octets


def write_corpora(folder):
    wanted = {}
    for path in documents():
        for block in read(path):
            for case in block.cases:
                for target, octets in inputs(block, case):
                    wanted[folder / target / case.where.replace(".md:", "_")] = octets
    for source in (HERE / ".." / "fuzz").glob("*.cpp"):
        if source.stem != "replay":
            (folder / source.stem).mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*/*"):
        if old not in wanted:
            old.unlink()
    for path, octets in wanted.items():
        check(path.parent.is_dir(), f"there is no fuzz target {path.parent.name}")
        path.write_bytes(octets)
    return len(wanted)


# ---- the test of this test ----

GOOD = """# A file
```command
MAIL FROM:¦ BODY=7BIT
=> {"error": "expected_path", "reply": "501 5.1.7 *"}

NOOP
=> {"verb": "NOOP", "argument": null}
```
```session
C: HELO a
S: 250 server.example
C> NO
C> OP\\r\\n
S: 250*
C: EHLO a
S: 250-server.example
S: 250-*
S: 250*
C: QUIT
S: 221 2.0.0 *
= {"state": "closed", "fatal": false}
```
```client
S: 220-mx
S: 220 mx
C: EHLO *
S: 250 mx
C: MAIL FROM:*
S: 250 ok
C: RCPT *
S: 250 ok
C: DATA
S: 354 go
C: From: *
C: ...
C: .
S: 250 ok
C: QUIT
S: 221 bye
= {"delivered": true, "state": "closed"}
```
"""
BAD = [  # what is changed in the good file, and the fault that must be told
    ("MAIL FROM:¦ BODY", "MAIL FROM: ¦BODY", "x.md:3: at should be 11"),
    ('"error": "expected_path", ', "", "x.md:3: an error that is not expected"),
    ("expected_path", "expected_from", "x.md:3: error should be 'expected_from'"),
    ("501 5.1.7", "501 5.1.8", "x.md:3: reply should be"),
    ('"argument": null', '"verb": null', "x.md:6: 'verb' must be absent"),
    ("NOOP\n=>", "NO¦OP\n=>", "x.md:6: a mark, and no fault"),
    ("NOOP\n=>", "N¦O¦OP\n=>", "x.md:6: two marks"),
    ("NOOP\n=>", "NOOP\nNOOP\n=>", "x.md:7: an item without"),
    ('=> {"verb": "NOOP", "argument": null}\n', "", "x.md:7: an item without"),
    ("NOOP\n=>", "=>", "x.md:6: what is expected of no item"),
    ('{"verb": "NOOP", "argument": null}', "{}", "x.md:7: what is expected is an object"),
    ('{"verb": "NOOP", "argument": null}', "NOOP", "x.md:7: not JSON"),
    ("```command", "```commands", "x.md:2: there is no mode 'commands'"),
    ("```command", "```command --no", "x.md:3: --no command: exit status 2"),
    ("S: 250 server.example", "S: 250 server", "x.md:11: should be b'250 server'"),
    ("S: 250-server.example", "S: 250-server", "x.md:16: should be b'250-server'"),
    ("S: 250 server.example\n", "", "x.md:15: should be b'250-server.example'"),
    ("S: 221 2.0.0 *\n", "", "x.md:10: a reply that does not stand there"),
    ("S: 221 2.0.0 *\n", "S: 221*\nS: 221*\n", "x.md:21: a reply that never comes"),
    ("C> NO\n", "C> NO\nX: what\n", "x.md:13: neither C: nor S:"),
    ('"fatal": false', '"fatal": true', "x.md:10: fatal should be True"),
    ('= {"state": "closed", "fatal": false}\n', "", "x.md:21: a dialogue without its end"),
    ("```session\n", '```session\n= {"fatal": false}\n', "x.md:10: the end of no dialogue"),
    ("C: EHLO *\nS: 250 mx\n", "S: 250 mx\nC: EHLO *\n", "x.md:27: sent after 1 replies, not after 2"),
    ("C: DATA\n", "C: RSET\n", "x.md:32: should be b'RSET'"),
    ("C: ...\n", "", "x.md:35: should be b'.'"),
    ("C: .\n", "C: ..\n", "x.md:36: a line that is never sent"),
    ("S: 250 ok\nC: QUIT\n", "S: 250 ok\n", "x.md:24: a line that does not stand there"),
    ("S: 221 bye", "S: 321 bye", "x.md:24: state should be 'closed'"),
    ("```\n```session", "```\n```path\n```\n```session", "x.md:9: a block without cases"),
    ('"state": "closed"}\n```', '"state": "closed"}', "x.md: the last block has no end"),
    (GOOD, "# A file\nNOOP\n", "x.md: no cases"),
]


def self_test():
    with tempfile.TemporaryDirectory() as work:
        path = pathlib.Path(work) / "x.md"

        def faults_of(text):
            explaining.faults.clear()
            path.write_text(text, encoding="utf-8")
            run([path])
            return list(explaining.faults)

        if found := faults_of(GOOD):
            sys.exit(f"a good file is refused: {found}")
        for before, after, fault in BAD:
            if before not in GOOD:
                sys.exit(f"the good file does not hold {before!r}")
            found = faults_of(GOOD.replace(before, after, 1))
            if not any(f.startswith(fault) for f in found):
                sys.exit(f"expected `{fault}`, got {found}")
        # An explain whose answers depend on how the octets come.
        liar = pathlib.Path(work) / "liar"
        liar.write_text(f'#!/bin/sh\ncase "$*" in *--chunk=3*) echo "{{}}"; echo "{{}}" ;; *) exec {explaining.program} "$@" ;; esac\n')
        liar.chmod(0o755)
        explaining.program = str(liar)
        if not any(f.startswith("x.md:3: --chunk=3: {}") for f in faults_of(GOOD)):
            sys.exit(f"answers that depend on --chunk are accepted: {explaining.faults}")
    print(f"{len(BAD) + 1} faults found, as they should be")


def main(arguments):
    if arguments[:1] == ["--corpus"] and len(arguments) == 2:
        count, noun = write_corpora(pathlib.Path(arguments[1])), "inputs"
    elif arguments[:1] == ["--self-test"] and len(arguments) == 2:
        explaining.program = str(pathlib.Path(arguments[1]).resolve())
        return self_test()
    elif arguments and not arguments[0].startswith("-"):
        explaining.program = arguments[0]
        paths = [pathlib.Path(a) for a in arguments[1:]] or documents()
        check(paths, "there are no files of cases")
        if not pathlib.Path(arguments[0]).is_file():
            sys.exit(f"there is no {arguments[0]}")
        count, noun = run(paths), f"cases in {len(paths)} files"
    else:
        sys.exit(__doc__)
    for fault in explaining.faults[:40]:
        print("FAILED", fault)
    print(f"{count} {noun}" + (f", {len(explaining.faults)} faults" if explaining.faults else ""))
    return 1 if explaining.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
