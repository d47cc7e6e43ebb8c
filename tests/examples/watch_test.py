#!/usr/bin/env python3
"""Tests of explain's watch mode on captures made here: watch_test.py PATH_TO_EXPLAIN
"""
import json
import os
import random
import sys
import tempfile

import explaining
from captures import DIALOGUE, LINKS, SECRET, V4, V6, pcap, pcapng, segments
from explaining import check, few, objects, run, same

EXPLAIN = explaining.program = sys.argv[1] if len(sys.argv) == 2 else sys.exit(__doc__)
work = tempfile.TemporaryDirectory()


def kept(name, octets):
    path = os.path.join(work.name, name)
    with open(path, "wb") as f:
        f.write(octets)
    return path


def said(who, before):
    """Octets of one side up to (not with) a turn, or a text in it."""
    return b"".join(o for w, o in DIALOGUE if w == who).index(before)


def watched(octets, name="capture"):
    return objects(["watch", kept(name, octets)], b"", lambda i: name)


def of(events, kind):
    return [e for e in events if e["event"] == kind]


# ------------------------------------------------------------------------------------- what is told

# The state is told as often as it changes, and all else as ever.
said_with_states = run(["--json", "--states", "watch", kept("capture", pcap("ethernet", segments(DIALOGUE, 1000)))])[1].splitlines()
check([json.loads(line)["state"] for line in said_with_states if b'"state"' in line] ==
      "greeted ready exchange ready mail rcpt content ready mail rcpt chunks ready closed".split(), f"states: {said_with_states}")
check([line for line in said_with_states if b'"state"' not in line] ==
      run(["--json", "watch", kept("capture", pcap("ethernet", segments(DIALOGUE, 1000)))])[1].splitlines(), "what is told beside the states")

plain = watched(pcap("ethernet", segments(DIALOGUE, 1000)))
same({"client": V4[2], "server": V4[3]}, plain[0], "the connection")
transactions = of(plain, "transaction")
body = b"Subject: hello\r\n\r\n.\r\na line\n.\r\nQUIT\r\n"
check(len(transactions) == 2, f"two transactions: {transactions}")
if len(transactions) == 2:
    same({"from": "<ann@me.example>", "recipients": [{"to": "<bob@mx.example>", "code": 250}, {"to": "<eve@mx.example>", "code": 550}],
          "octets": len(body), "outcome": 250, "what": "delivered"}, transactions[0], "the first transaction")
    same({"from": "<>", "recipients": [{"to": "<bob@mx.example>", "code": 250}], "octets": 12, "outcome": 452, "what": "refused"},
         transactions[1], "the second transaction")
check([e["verb"] for e in of(plain, "command")] == "EHLO AUTH AUTH MAIL RCPT RCPT DATA MAIL RCPT BDAT BDAT QUIT".split(), "the commands")
check([(e["mechanism"], e["outcome"]) for e in of(plain, "auth")] == [("PLAIN", 535), ("LOGIN", 235)], "AUTH and its outcome")
departures = {e["name"]: e["at"] for e in of(plain, "departure")}
check(departures == {"bare_lf": said("C", b"\n.\r\nQUIT"), "smuggled_end": said("C", b".\r\nQUIT\r\n.")}, f"the departures: {departures}")
same({"commands": 12, "transactions": 2, "sure": True}, plain[-1], "the end")

# The same from each kind of capture, whatever the size of a segment.
whole = {ends: sorted(run(["--json", "watch", kept("whole", pcap("ethernet", segments(DIALOGUE, 1000, ends)))])[1].splitlines()) for ends in (V4, V6)}
for link in LINKS:
    for ends in (V4, V6) if link in ("ethernet", "vlan", "raw") else (V4,):
        for size in (1, 7, 1000):
            packets = segments(DIALOGUE, size, ends, extension=ends is V6 and size == 7)
            for how, octets in (("pcap", pcap(link, packets)), ("big-endian pcap", pcap(link, packets, ">")),
                                ("nanoseconds", pcap(link, packets, "<", 0xA1B23C4D)), ("pcapng", pcapng(link, packets)),
                                ("big-endian pcapng", pcapng(link, packets, ">"))):
                if size != 1000 and how not in ("pcap", "pcapng"):
                    continue
                code, out, _ = run(["--json", "watch", kept("kind", octets)])
                check(code == 0 and sorted(out.splitlines()) == whole[ends], f"{how}, {link}, {size}, {ends[2]}: {out.decode()[-800:]}")

# Retransmission, also with other limits, and reordering, change nothing.
r = random.Random(5321)
packets = segments(DIALOGUE, 11)
for i in few(range(20)):
    shaken = []
    for n, p in enumerate(packets):
        shaken.append(p)
        if r.random() < 0.3:
            shaken.append(r.choice(packets[max(2, n - 3):n + 1] or [p]))   # once more
    for n in range(3, len(shaken) - 3):
        # Two segments of one side that follow each other change places.
        if r.random() < 0.3 and shaken[n][12:20] == shaken[n + 1][12:20] and len(shaken[n]) > 52 and len(shaken[n + 1]) > 52:
            shaken[n], shaken[n + 1] = shaken[n + 1], shaken[n]
    events = watched(pcap("raw", shaken), "shaken")
    check(sorted(map(str, events)) == sorted(map(str, plain)), f"shaken {i}: {[e for e in events if e not in plain]}")

# Losses: told, and survived. What is said of commands and messages stays true.
commands = {(e["at"], e["verb"]) for e in of(plain, "command")}
gaps = regained = 0
for i in few(range(60)):
    lossy = [p for n, p in enumerate(packets) if n < 2 or r.random() > 0.04]
    events = watched(pcap("raw", lossy), "lossy") if i < 5 else None
    if events is None:
        events = [json.loads(line) for line in run(["--json", "watch", kept("lossy", pcap("raw", lossy))])[1].splitlines()]
    gaps += len(of(events, "gap"))
    regained += len([e for e in of(events, "in_step") if e["sure"]])
    check(all((e["at"], e["verb"]) in commands for e in of(events, "command")), f"lossy {i}: a command that was not sent")
    for t in of(events, "transaction"):
        check(t["what"] != "delivered" or t["outcome"] == 250 and t["octets"] in (None, len(body)), f"lossy {i}: {t}")
check(gaps > len(few(range(30))) and regained > 0, f"{gaps} gaps, {regained} times in step again")

# The middle of a connection.
events = watched(pcap("raw", segments(DIALOGUE[9:], 1000, whole=False)), "middle")
check([e["from"] for e in of(events, "gap")] == ["client", "server"], "the beginning is missing on both sides")
check(of(events, "transaction")[-1]["what"] == "refused", f"and the rest is told: {events}")

# STARTTLS.
events = watched(pcap("raw", segments(DIALOGUE[:3] + [("C", b"STARTTLS\r\n"), ("S", b"220 go\r\n"), ("C", b"\x16\x03\x01" + bytes(40)),
                                                     ("S", b"\x16\x03\x03" + bytes(40))], 1000)), "tls")
check(len(of(events, "starttls")) == 1 and [e["name"] for e in of(events, "departure")] == ["not_offered"], f"TLS: {events}")

# Several files, of which one is none, one is cut, one is a transcript.
transcript = "".join(f"{who}: {line}\n" for who, o in DIALOGUE if b"a line" not in o for line in o.decode().split("\r\n")[:-1])
code, out, _ = run(["--json", "watch", kept("a", pcap("raw", packets)), work.name + "/none", kept("b", pcap("raw", packets)[:-5]),
                    kept("c", ("a remark\n" + transcript).encode())])
text = out.decode()
check(code == 1 and text.count('"event":"unreadable"') == 2 and text.count('"event":"connection"') == 3, "several files")

# For people: carets, and no secret anywhere.
for name in ("a", "c"):
    for json_too in ([], ["--json"]):
        out = run([*json_too, "watch", os.path.join(work.name, name)])[1].decode()
        for secret in (SECRET.decode(), "YW5u", "c2VzYW1l", "sesame"):
            check(secret not in out, f"{secret} is shown of {name}")
people = run(["watch", os.path.join(work.name, "a")])[1].decode().splitlines()
check("C: AUTH PLAIN ***" in people and "C: ***" in people, "secrets are masked")
marks = [n for n, line in enumerate(people) if line.strip().startswith("^")]
check(len(marks) == 2, f"two carets: {people}")
for n in marks:
    at = people[n].index("^")
    check(people[n - 1][at:at + 2] == ("\\n" if "LF without CR" in people[n] else ".\\"), f"a caret points at its octet: {people[n - 1:n + 1]}")
check("  delivered 250, %d octets, from <ann@me.example>" % len(body) in people, f"the table: {people[-8:]}")
# What a reader sees does not depend on how the octets come.
ODD = [("S", b"220 mx\r\n"), ("C", b"EHLO me\r\n"), ("S", b"250-mx\n250 PIPELINING\r\n"), ("C", b"MAIL FROM:<a@b>\nRSET\r\n"), ("S", b"500 a\rb\r\n"),
       ("C", b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"), ("S", b"250 ok\r\n250_ok\r\n354 go\r\n"),
       ("C", b"one\rtwo\nthree\r\n.\r\rfour\n.\nfive\0 and some more text to come\r\n.\r\nAUTH PLAIN " + SECRET + b"\r\n"), ("S", b"250 ok\r\nwhat\r\n"),
       ("C", b"NOOP\r\n"), ("S", b"250 ok\r\n"), ("C", b"QUIT\r\n"), ("S", b"221 bye\r\n")]
whole = None
path = kept("odd", pcap("raw", segments(ODD, 1000)))
for chunk in (100000, 1, 2, 7, 30):
    shown = run([f"--chunk={chunk}", "watch", path])[1].decode()
    whole = whole or shown
    check(shown == whole, f"--chunk={chunk}:\n{shown}\ninstead of\n{whole}")
check(SECRET.decode() not in whole, "the context of content ends where the content does")
for mark in ("^ LF without CR", "^ CR without LF", "^ NUL", "^ others take this for the end of content (lf_dot_lf)", "(crlf_dot_cr)", "^ a reply code should", "S: 250_ok", "S: what"):
    check(mark in whole, f"{mark} in:\n{whole}")
lines = whole.splitlines()
check(any(line.strip().startswith("^ CR without LF") for line in lines), "a CR alone is shown")
for n, line in enumerate(lines):
    if line.strip().startswith("^ CR without LF"):
        check(lines[n - 1][line.index("^"):].startswith("\\r"), f"a caret under a CR: {lines[n - 1:n + 1]}")

# What is malformed is told as what it is, and what a server makes of it; a reply is shown once.
said_so = run(["watch", kept("malformed", b"S: 220 mx\nC: EHLO me\nS: 250-mx\nS: 250 PIPELINING\nC: HELLO you\nS: 500 what\nC: MAIL FROM:ann@example.org\nS: 250 ok\n"
                             b"C: RCPT TO: <bob@example.org>\nS: 550 no\nC: RCPT TO:<eve@example.org>\nS: 250 ok\nS: 250 more\n")])[1].decode()
check(said_so.count("S: 250 more\n   ^ nobody asked for this reply\n   (out of step)\n") == 1 and said_so.count("250 more") == 1, f"a reply is shown once:\n{said_so}")
check("C: HELLO you\n   ^ no such command\nS: 500 what\n" in said_so, f"no command:\n{said_so}")
check("  unknown, ? octets, from MAIL FROM:ann@example.org\n    550 RCPT TO: <bob@example.org>\n    250 <eve@example.org>\n" in said_so, f"the table:\n{said_so}")
hello = [e for e in watched(b"S: 220 mx\nC: HELLO you\nS: 500 what\n") if e["event"] in ("command", "reply")]
check([(e.get("verb"), e.get("to")) for e in hello] == [(None, "greeting"), ("", None), (None, None)] and hello[2]["command_at"] == 0, f"no command: {hello}")

# What cannot be read is named, and the exit code tells.
for name, octets, why in (("nothing", b"", "is empty"), ("text", b"Dear Bob,\n", "no capture"), ("cut", pcap("raw", packets)[:-5], "middle of a packet"),
                          ("short", pcap("raw", packets)[:30], "middle of a packet"), ("head", pcap("raw", []), "no SMTP in it: 0 TCP segments"),
                          ("web", pcap("raw", segments([("C", b"GET / HTTP/1.1\r\n\r\n"), ("S", b"HTTP/1.1 200 OK\r\n\r\n")], 1000, server_port=80)),
                           "no SMTP in it: 6 TCP segments, 1 connection")):
    code, out, _ = run(["watch", kept(name, octets)])
    check(code == 1 and why in out.decode() and name in out.decode(), f"{name}: {code} {out.decode()}")
    code, out, _ = run(["--json", "watch", kept(name, octets)])
    check(code == 1 and any(e["event"] == "unreadable" and why in e["error"] for e in map(json.loads, out.splitlines())), f"{name}: {out.decode()}")
check(run(["watch", kept("good", pcap("raw", packets))])[0] == 0, "a good capture")

# A misuse.
check(run(["watch", "--lmtp"])[0] == 2, "--lmtp is for others")

print("\n".join("FAILED " + f for f in explaining.faults) or f"{explaining.checks} checks passed")
sys.exit(bool(explaining.faults))
