#!/usr/bin/env python3
"""Tests of what explain's watch mode makes of captures: formats, links, and all that TCP does to octets: capture_test.py PATH_TO_EXPLAIN
"""
import json
import os
import random
import struct
import sys
import tempfile

import explaining
from captures import DIALOGUE, LINKS, V4, V6, enhanced, interface, one_packet, pcap, pcapng, section, segments
from explaining import check, few, run

EXPLAIN = explaining.program = sys.argv[1] if len(sys.argv) == 2 else sys.exit(__doc__)
work = tempfile.TemporaryDirectory()


def events(octets, code=0):
    path = os.path.join(work.name, "capture")
    with open(path, "wb") as f:
        f.write(octets)
    got, out, err = run(["--json", "watch", path])
    check(got == code and not err, f"exit code {got}: {err} {out[-300:]}")
    return [json.loads(line) for line in out.splitlines()]


def of(all_events, kind, ident=None):
    return [e for e in all_events if e["event"] == kind and ident in (None, e["id"])]


def told(all_events):
    """All but who they were."""
    return [{k: v for k, v in e.items() if k != "id"} for e in all_events if e["event"] != "connection"]


WHOLE = told(events(pcap("raw", segments(DIALOGUE, 1000))))
check(len(WHOLE) > 30, "the dialogue is told")


def same(octets, what):
    got = told(events(octets))
    check(got == WHOLE, f"{what}: {[e for e in got if e not in WHOLE][:3]} {len(got)} events instead of {len(WHOLE)}")


# ------------------------------------------------------------------------------------- formats and links

small = segments(DIALOGUE, 400)
for link in LINKS:
    same(pcap(link, small), link)
for extension in ([(0, bytes(7))], [(0, bytes(7)), (43, bytes(7)), (60, bytes(7))], [(51, b"\x04" + bytes(22))], [(44, bytes(7))],
                  [(60, b"\x02" + bytes(22))]):
    packets = segments(DIALOGUE, 400, V6, extension=extension)
    for link in ("ethernet", "raw", "vlan", "pppoe"):
        same(pcap(link, packets), f"IPv6 with {[n for n, _ in extension]}, {link}")
# A later fragment has no TCP header.
fragment = one_packet(V6, True, 1, 1, 24, b"QUIT\r\n", [(44, b"\0\0\x10\0\0\0\1")])
same(pcap("raw", segments(DIALOGUE, 400, V6) + [fragment]), "a later fragment is passed over")
for order in "<>":
    for magic in (0xA1B2C3D4, 0xA1B23C4D):
        same(pcap("ethernet", small, order, magic), f"pcap {order} {magic:x}")
    same(pcapng("sll2", small, order), f"pcapng {order}")
    # Several interfaces of several links, several sections, each with an order and with interfaces of its own.
    kinds = ["ethernet", "raw", "sll", "null"]
    out = section(order) + b"".join(interface(order, k) for k in kinds)
    for n, p in enumerate(small[:9]):
        out += enhanced(order, n % 4, LINKS[kinds[n % 4]][1](p))
    other = "<" if order == ">" else ">"
    out += section(other) + interface(other, "sll2") + interface(other, "ethernet")
    for n, p in enumerate(small[9:]):
        out += enhanced(other, n % 2, LINKS[["sll2", "ethernet"][n % 2]][1](p))
    same(out, f"pcapng with interfaces and sections, {order}")
# What is no TCP over IP is passed over: ARP, UDP, a runt.
arp = bytes(12) + b"\x08\x06" + bytes(28)
udp = bytearray(LINKS["ethernet"][1](small[3]))
udp[14 + 9] = 17
out = pcap("ethernet", small)
for frame in (arp, bytes(udp), b"", bytes(13), LINKS["ethernet"][1](small[3])[:40]):
    out += struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame
same(out, "others' packets")

# ------------------------------------------------------------------------------------- what TCP does

# Numbers that wrap, wherever.
for first in ((0xFFFFFFFF, 0xFFFFFFFE), (0, 0), (0xFFFFFF80, 5), (0x7FFFFFF0, 0x80000000)):
    same(pcap("raw", segments(DIALOGUE, 17, first=first)), f"first numbers {first}")
packets = segments(DIALOGUE, 23)
r = random.Random(793)


def flags_of(p):
    return p[20 + 13]


def changed(p, octets):
    return p[:52] + octets


data = [n for n, p in enumerate(packets) if len(p) > 52]
# Again with other octets: the first ones count, which is what was told.
twice = []
for n, p in enumerate(packets):
    twice.append(p)
    if n in data:
        twice.append(changed(p, bytes(len(p) - 52)))
same(pcap("raw", twice), "again, with other octets")
# Retransmissions that overlap both sides of what was seen.
overlap = list(packets)
for n in reversed(data[1:]):
    before = packets[n - 1]
    if n - 1 in data and before[12:20] == packets[n][12:20]:
        joined = before[:52] + before[52:] + packets[n][52:]
        overlap[n] = joined[:2] + struct.pack(">H", len(joined)) + joined[4:]
same(pcap("raw", overlap), "segments that overlap")
# Data with SYN, data with FIN, keep-alives, a second SYN, RST that nobody believes.
hello = DIALOGUE[0][1]
fast = segments(DIALOGUE, 1000)
fast[1] = one_packet(V4, False, 7000, 0xFFFFFFF1, 18, hello)
same(pcap("raw", fast[:2] + fast[3:]), "data with SYN")
quit_, bye = fast[-4], fast[-3]
same(pcap("raw", fast[:-4] + [quit_[:33] + bytes([25]) + quit_[34:], bye[:33] + bytes([25]) + bye[34:]] + fast[-1:]), "data with FIN")
alive = one_packet(V4, True, 0xFFFFFFF0, 7001, 16, b"\0")
same(pcap("raw", fast[:2] + [alive] + fast[2:]), "a keep-alive")
same(pcap("raw", fast[:6] + [fast[0], fast[1]] + fast[6:]), "SYN again")
stray = one_packet(V4, True, 12345, 0, 4, b"")
same(pcap("raw", fast[:6] + [stray] + fast[6:]), "a RST out of its window")
# One that is believed ends it: the transaction was abandoned, or is unknown.
cut = segments(DIALOGUE[:12], 1000)[:-2]
last = struct.unpack(">I", cut[-1][24:28])[0] + len(cut[-1]) - 52
all_events = events(pcap("raw", cut + [one_packet(V4, True, last, 0, 4, b"")] + fast[-4:]))
check(len(of(all_events, "end")) == 1 and not of(all_events, "transaction"), f"RST: {all_events[-3:]}")
check([e["to"] for e in of(all_events, "unanswered")] == ["MAIL", "RCPT", "RCPT", "DATA"], f"what it left: {of(all_events, 'unanswered')}")

# Segments of a side in any order; each some times; the same story.
for i in few(range(30)):
    draw = lambda: r.randrange(1, 40)
    packets = segments(DIALOGUE, draw)
    shaken, n = [], 0
    while n < len(packets):
        run_end = n
        while run_end < len(packets) and len(packets[run_end]) > 52 and packets[run_end][12:20] == packets[n][12:20]:
            run_end += 1
        group = packets[n:max(run_end, n + 1)]
        again = [p for p in group if r.random() < 0.2]
        group += again
        if len(group) > 1:
            r.shuffle(group)
        shaken += group
        n = max(run_end, n + 1)
    same(pcap("ethernet", shaken), f"shuffled {i}")

# A capture that keeps the beginning of each packet only: what is missing is a gap, at once.
all_events = events(pcap("raw", segments([("S", b"220 mx\r\n"), ("C", b"EHLO me\r\n"), ("S", b"250 mx\r\n"), ("C", b"MAIL FROM:<" + b"a" * 60 + b"@b>\r\n")], 1000), snaplen=80))
check([(e["from"], e["octets"]) for e in of(all_events, "gap")] == [("client", 48)], f"cut packets: {of(all_events, 'gap')}")
check([e["verb"] for e in of(all_events, "command")] == ["EHLO"], "and what is cut is no command")

# Losses: told, and nothing is told that was not so.
commands = {(e["at"], e["verb"]) for e in WHOLE if e["event"] == "command"}
delivered = [e for e in WHOLE if e["event"] == "transaction" and e["what"] == "delivered"]
gaps = steps = 0
for i in few(range(60)):
    packets = segments(DIALOGUE, lambda: r.randrange(1, 60))
    lossy = [p for n, p in enumerate(packets) if n < 2 or r.random() > 0.05]
    all_events = events(pcap("raw", lossy))
    gaps += len(of(all_events, "gap"))
    steps += len([e for e in of(all_events, "in_step") if e["sure"]])
    check(all((e["at"], e["verb"]) in commands for e in of(all_events, "command")), f"lossy {i}: a command that was not sent")
    for t in of(all_events, "transaction"):
        check(t["what"] != "delivered" or t["octets"] in (None, delivered[0]["octets"]), f"lossy {i}: {t}")
check(gaps > len(few(range(30))) and steps > 5, f"{gaps} gaps, {steps} times in step again")

# ------------------------------------------------------------------------------------- many connections

# A port that is used again, with and without a FIN before: two stories.
for end in (True, False):
    once = segments(DIALOGUE, 100)
    again = segments(DIALOGUE, 100, first=(99, 5000))
    all_events = events(pcap("raw", (once if end else once[:-2]) + again))
    check(len(of(all_events, "connection")) == 2, f"a port again, {end}: {len(of(all_events, 'connection'))}")
    for ident in (1, 2):
        got = told([e for e in all_events if e.get("id") == ident])
        check(got == WHOLE, f"a port again, {end}, connection {ident}: {len(got)} events")
# 1,000 at once, a packet of each in turn.
MANY = 1000
short = [("S", b"220 mx\r\n"), ("C", b"EHLO me\r\n"), ("S", b"250-mx\r\n250 PIPELINING\r\n"),
         ("C", b"MAIL FROM:<%d@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"), ("S", b"250 ok\r\n250 ok\r\n354 go\r\n"), ("C", b"%d\r\n.\r\n"), ("S", b"250 ok\r\n"),
         ("C", b"QUIT\r\n"), ("S", b"221 bye\r\n")]
flows = [segments([(w, o.replace(b"%d", b"%d" % n)) for w, o in short], 30, first=(r.randrange(1 << 32), r.randrange(1 << 32)), port=10000 + n)
         for n in range(MANY)]
turns = []
heads = [0] * MANY
left = [n for n in range(MANY) for _ in flows[n]]
r.shuffle(left)
for n in left:
    turns.append(flows[n][heads[n]])
    heads[n] += 1
all_events = events(pcap("ethernet", turns))
check(len(of(all_events, "connection")) == MANY and len(of(all_events, "gap")) == 0, f"{len(of(all_events, 'connection'))} connections")
ports = {e["id"]: int(e["client"].rsplit(":", 1)[1]) - 10000 for e in of(all_events, "connection")}
senders = {ports[e["id"]]: e["from"] for e in of(all_events, "transaction") if e["what"] == "delivered"}
check(senders == {n: f"<{n}@b>" for n in range(MANY)}, f"{len(senders)} transactions, each of its own connection")
# For people each is shown by itself.
with open(os.path.join(work.name, "many"), "wb") as f:
    f.write(pcap("ethernet", turns))
parts = run(["watch", os.path.join(work.name, "many")])[1].decode().split("\n\n")
check(len(parts) == MANY + 1 and all(p.count("connection ") == 2 and p.count("C: QUIT") == 1 for p in parts[:-1]), f"{len(parts)} conversations")

print("\n".join("FAILED " + f for f in explaining.faults[:40]) or f"{explaining.checks} checks passed")
sys.exit(bool(explaining.faults))
