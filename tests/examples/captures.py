"""Writes captures: pcap and pcapng, with link layers, IP and TCP headers, from what two said to each other."""
import base64
import struct

V4 = (b"\xc0\x00\x02\x01", b"\xc0\x00\x02\x02", "192.0.2.1:4321", "192.0.2.2:25")
V6 = (b"\x20\x01\x0d\xb8" + bytes(11) + b"\x01", b"\x20\x01\x0d\xb8" + bytes(11) + b"\x02",
      "[2001:db8:0:0:0:0:0:1]:4321", "[2001:db8:0:0:0:0:0:2]:25")


def packet(ends, from_client, seq, ack, flags, payload, extension=False, port=4321, server_port=25):
    """`extension`: of IPv6, True or a list of (its number, its octets after the first)."""
    source, target = (ends[0], ends[1]) if from_client else (ends[1], ends[0])
    ports = (port, server_port) if from_client else (server_port, port)
    tcp = struct.pack(">HHIIBBHHH", *ports, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 8 << 4, flags, 65535, 0, 0) + bytes(12) + payload
    if len(source) == 4:
        return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0) + source + target + tcp
    headers = [(60, bytes(7))] if extension is True else extension or []
    rest = b"".join(bytes([after]) + octets for (_, octets), after in zip(headers, [n for n, _ in headers[1:]] + [6])) + tcp
    return struct.pack(">IHBB", 6 << 28, len(rest), headers[0][0] if headers else 6, 64) + source + target + rest


LINKS = {
    "ethernet": (1, lambda p: bytes(12) + (b"\x08\x00" if p[0] >> 4 == 4 else b"\x86\xdd") + p + b"\0\0\0"),
    "vlan": (1, lambda p: bytes(12) + b"\x88\xa8\0\x01\x81\0\0\x02" + (b"\x08\x00" if p[0] >> 4 == 4 else b"\x86\xdd") + p),
    "three tags": (1, lambda p: bytes(12) + b"\x91\0\0\x01\x88\xa8\0\x02\x81\0\0\x03" + (b"\x08\x00" if p[0] >> 4 == 4 else b"\x86\xdd") + p),
    "pppoe": (1, lambda p: bytes(12) + b"\x88\x64\x11\0\0\x07" + struct.pack(">H", len(p) + 2) + (b"\0\x21" if p[0] >> 4 == 4 else b"\0\x57") + p),
    "raw": (101, lambda p: p),
    "null": (0, lambda p: b"\x02\0\0\0" + p),
    "loop": (108, lambda p: b"\0\0\0\x02" + p),
    "sll": (113, lambda p: bytes(14) + b"\x08\0" + p),
    "raw of BSD": (12, lambda p: p),
    "IPv4 or IPv6 alone": (228, lambda p: p),
    "sll2": (276, lambda p: b"\x08\0" + bytes(18) + p),
}


def pcap(link, packets, order="<", magic=0xA1B2C3D4, snaplen=65535):
    number, wrap = LINKS[link]
    out = [struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, snaplen, number)]
    for i, p in enumerate(packets):
        frame = wrap(p)
        out.append(struct.pack(order + "IIII", i, 0, min(len(frame), snaplen), len(frame)) + frame[:snaplen])
    return b"".join(out)


def block(order, kind, body):
    """A block of pcapng."""
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def section(order):
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order, link):
    return block(order, 1, struct.pack(order + "HHI", LINKS[link][0], 0, 65535))


def enhanced(order, number, frame):
    return block(order, 6, struct.pack(order + "IIIII", number, 0, 0, len(frame), len(frame)) + frame)


def pcapng(link, packets, order="<"):
    number, wrap = LINKS[link]
    out = section(order) + interface(order, link)
    for p in packets:
        frame = wrap(p)
        out += enhanced(order, 0, frame) + block(order, 5, bytes(12))
    return out


one_packet = packet


def segments(dialogue, size, ends=V4, first=(0xFFFFFFF0, 7000), whole=True, extension=False, port=4321, server_port=25):
    """The packets of a dialogue of ("C", octets) and ("S", octets): numbers wrap, each segment acknowledges all that was said.
    `size`: of a segment, or a function that draws one."""
    def packet(*arguments):
        return one_packet(*arguments, port=port, server_port=server_port)
    draw = size if callable(size) else lambda: size
    seq = {"C": first[0], "S": first[1]}
    out = []   # SYN and FIN, too, if `whole`
    if whole:
        out.append(packet(ends, True, seq["C"], 0, 2, b""))
        out.append(packet(ends, False, seq["S"], seq["C"] + 1, 18, b""))
    seq = {who: n + 1 for who, n in seq.items()}
    for who, octets in dialogue:
        other = "S" if who == "C" else "C"
        at = 0
        while at < len(octets):
            part = octets[at:at + draw()]
            at += len(part)
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
