#!/usr/bin/env python3
"""Tests of explain's watch mode on captures made here: watch_test.py PATH_TO_EXPLAIN
"""
import base64
import json
import os
import random
import struct
import sys
import tempfile

import explaining
from explaining import check, objects, run, same

EXPLAIN = explaining.program = sys.argv[1] if len(sys.argv) == 2 else sys.exit(__doc__)
work = tempfile.TemporaryDirectory()


def kept(name, octets):
    path = os.path.join(work.name, name)
    with open(path, "wb") as f:
        f.write(octets)
    return path


# ------------------------------------------------------------------------------------- a writer of captures

V4 = (b"\xc0\x00\x02\x01", b"\xc0\x00\x02\x02", "192.0.2.1:4321", "192.0.2.2:25")
V6 = (b"\x20\x01\x0d\xb8" + bytes(11) + b"\x01", b"\x20\x01\x0d\xb8" + bytes(11) + b"\x02",
      "[2001:db8:0:0:0:0:0:1]:4321", "[2001:db8:0:0:0:0:0:2]:25")


def packet(ends, from_client, seq, ack, flags, payload, extension=False):
    source, target = (ends[0], ends[1]) if from_client else (ends[1], ends[0])
    ports = (4321, 25) if from_client else (25, 4321)
    tcp = struct.pack(">HHIIBBHHH", *ports, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 8 << 4, flags, 65535, 0, 0) + bytes(12) + payload
    if len(source) == 4:
        return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0) + source + target + tcp
    rest = (bytes([6, 0]) + bytes(6) if extension else b"") + tcp
    return struct.pack(">IHBB", 6 << 28, len(rest), 60 if extension else 6, 64) + source + target + rest


LINKS = {
    "ethernet": (1, lambda p: bytes(12) + (b"\x08\x00" if p[0] >> 4 == 4 else b"\x86\xdd") + p + b"\0\0\0"),
    "vlan": (1, lambda p: bytes(12) + b"\x88\xa8\0\x01\x81\0\0\x02" + (b"\x08\x00" if p[0] >> 4 == 4 else b"\x86\xdd") + p),
    "raw": (101, lambda p: p),
    "null": (0, lambda p: b"\x02\0\0\0" + p),
    "loop": (108, lambda p: b"\0\0\0\x02" + p),
    "sll": (113, lambda p: bytes(14) + b"\x08\0" + p),
    "sll2": (276, lambda p: b"\x08\0" + bytes(18) + p),
}


def pcap(link, packets, order="<", magic=0xA1B2C3D4):
    number, wrap = LINKS[link]
    out = struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 65535, number)
    for i, p in enumerate(packets):
        out += struct.pack(order + "IIII", i, 0, len(wrap(p)), len(wrap(p))) + wrap(p)
    return out


def pcapng(link, packets, order="<"):
    number, wrap = LINKS[link]

    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)

    out = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1)) + block(1, struct.pack(order + "HHI", number, 0, 65535))
    for i, p in enumerate(packets):
        frame = wrap(p)
        out += block(6, struct.pack(order + "IIIII", 0, 0, i, len(frame), len(frame)) + frame) + block(5, bytes(12))
    return out


def segments(dialogue, size, ends=V4, first=(0xFFFFFFF0, 7000), whole=True, extension=False):
    """The packets of a dialogue of ("C", octets) and ("S", octets): numbers wrap, each segment acknowledges all that was said."""
    seq = {"C": first[0], "S": first[1]}
    out = []   # SYN and FIN, too, if `whole`
    if whole:
        out.append(packet(ends, True, seq["C"], 0, 2, b""))
        out.append(packet(ends, False, seq["S"], seq["C"] + 1, 18, b""))
    seq = {who: n + 1 for who, n in seq.items()}
    for who, octets in dialogue:
        other = "S" if who == "C" else "C"
        for at in range(0, len(octets), size):
            part = octets[at:at + size]
            out.append(packet(ends, who == "C", seq[who], seq[other], 24, part, extension))
            seq[who] += len(part)
    if whole:
        out.append(packet(ends, True, seq["C"], seq["S"], 17, b""))
        out.append(packet(ends, False, seq["S"], seq["C"] + 1, 17, b""))
    return out


SECRET = base64.b64encode(b"\0ann\0sesame")
DIALOGUE = [
    ("S", b"220 mx.example ready\r\n"),
    ("C", b"EHLO me.example\r\n"),
    ("S", b"250-mx.example\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 AUTH PLAIN LOGIN\r\n"),
    ("C", b"AUTH PLAIN " + SECRET + b"\r\n"), ("S", b"535 no\r\n"),
    ("C", b"AUTH LOGIN\r\n"), ("S", b"334 VXNlcm5hbWU6\r\n"), ("C", base64.b64encode(b"ann") + b"\r\n"),
    ("S", b"334 UGFzc3dvcmQ6\r\n"), ("C", base64.b64encode(b"sesame") + b"\r\n"), ("S", b"235 ok\r\n"),
    ("C", b"MAIL FROM:<ann@me.example>\r\nRCPT TO:<bob@mx.example>\r\nRCPT TO:<eve@mx.example>\r\nDATA\r\n"),
    ("S", b"250 ok\r\n250 ok\r\n550-no such\r\n550 user\r\n354 go\r\n"),
    ("C", b"Subject: hello\r\n\r\n..\r\na line\n.\r\nQUIT\r\n.\r\n"), ("S", b"250 taken\r\n"),
    ("C", b"MAIL FROM:<>\r\nRCPT TO:<bob@mx.example>\r\nBDAT 6\r\nRSET\r\nBDAT 6 LAST\r\nQUIT\r\n"),
    ("S", b"250 ok\r\n250 ok\r\n250 6\r\n452 full\r\n"),
    ("C", b"QUIT\r\n"), ("S", b"221 bye\r\n"),
]


def said(who, before):
    """Octets of one side up to (not with) a turn, or a text in it."""
    return b"".join(o for w, o in DIALOGUE if w == who).index(before)


def watched(octets, name="capture"):
    return objects(["watch", kept(name, octets)], b"", lambda i: name)


def of(events, kind):
    return [e for e in events if e["event"] == kind]


# ------------------------------------------------------------------------------------- what is told

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
                whole = run(["--json", "watch", kept("whole", pcap("ethernet", segments(DIALOGUE, 1000, ends)))])[1]
                check(code == 0 and sorted(out.splitlines()) == sorted(whole.splitlines()), f"{how}, {link}, {size}, {ends[2]}: {out.decode()[-800:]}")

# Retransmission, also with other limits, and reordering, change nothing.
r = random.Random(5321)
packets = segments(DIALOGUE, 11)
for i in range(20):
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
for i in range(60):
    lossy = [p for n, p in enumerate(packets) if n < 2 or r.random() > 0.04]
    events = watched(pcap("raw", lossy), "lossy") if i < 5 else None
    if events is None:
        events = [json.loads(line) for line in run(["--json", "watch", kept("lossy", pcap("raw", lossy))])[1].splitlines()]
    gaps += len(of(events, "gap"))
    regained += len([e for e in of(events, "in_step") if e["sure"]])
    check(all((e["at"], e["verb"]) in commands for e in of(events, "command")), f"lossy {i}: a command that was not sent")
    for t in of(events, "transaction"):
        check(t["what"] != "delivered" or t["outcome"] == 250 and t["octets"] in (None, len(body)), f"lossy {i}: {t}")
check(gaps > 30 and regained > 0, f"{gaps} gaps, {regained} times in step again")

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
check(code == 0 and text.count('"event":"unreadable"') == 2 and text.count('"event":"connection"') == 3, "several files")

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
    check(people[n - 1][at:at + 2] == ("\\n" if "bare_lf" in people[n] else ".\\"), f"a caret points at its octet: {people[n - 1:n + 1]}")
check("  delivered 250, %d octets, from <ann@me.example>" % len(body) in people, f"the table: {people[-8:]}")
# A misuse.
check(run(["watch", "--lmtp"])[0] == 2, "--lmtp is for others")

print("\n".join("FAILED " + f for f in explaining.faults) or f"{explaining.checks} checks passed")
sys.exit(bool(explaining.faults))
