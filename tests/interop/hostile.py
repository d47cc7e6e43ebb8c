"""Clients that a server does not like: soak.py runs each of them over and over. Each may be cut off, or be told to go."""

import contextlib
import os
import socket
import ssl
import struct
import subprocess
import time

import harness


def slow(work, rng, who, n):
    with work.connect(rng) as peer:
        content = b"Subject: %s %d\r\n\r\nslow\r\n" % (who.encode(), n)
        octets, _ = work.whole(rng, content)
        for octet in octets[:rng.randrange(len(octets))]:
            peer.send(bytes([octet]))
            time.sleep(0.0005)


def half_closed(work, rng, who, n):
    with work.connect(rng) as peer:
        content = work.content(rng, who, n)
        octets, codes = work.whole(rng, content)
        work.may_be_there(content)
        peer.send(octets)
        if not isinstance(peer.socket, ssl.SSLSocket):
            peer.socket.shutdown(socket.SHUT_WR)
        if [peer.code() for _ in codes] == codes:
            work.must_be_there(content)


def reset(work, rng, who, n):
    """Anywhere, also when the answer is on its way."""
    with work.connect(rng) as peer:
        content = work.content(rng, who, n)
        octets, _ = work.whole(rng, content)
        work.may_be_there(content)
        peer.send(octets[:rng.choice([rng.randrange(len(octets)), len(octets)])])
        if rng.random() < 0.5:
            peer.code()
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def gone_in_content(work, rng, who, n):
    with work.connect(rng) as peer:
        octets, _ = work.whole(rng, work.content(rng, who, n))
        peer.send(octets[:rng.randrange(len(octets) - 5)])
        if isinstance(peer.socket, ssl.SSLSocket) and rng.random() < 0.5:
            peer.socket.settimeout(1)
            peer.socket.unwrap()


def garbage(work, rng, who, n):
    port = rng.choice([work.living().port, work.living().tls_port])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        raw.sendall(rng.randbytes(rng.randrange(1, 20000)))
        raw.settimeout(0.2)
        while raw.recv(65536):
            pass


def garbage_under_tls(work, rng, who, n):
    with work.connect(rng) as peer:
        peer.send(rng.randbytes(rng.randrange(1, 20000)))
        peer.socket.settimeout(0.2)
        peer.socket.recv(65536)


def truncated_record(work, rng, who, n):
    """A record's header, and less than it promises."""
    with socket.create_connection(("127.0.0.1", work.living().tls_port), timeout=5) as raw:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = work.context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        hello = outgoing.read()
        raw.sendall(hello[:rng.randrange(len(hello))])


def broken_record(work, rng, who, n):
    """An octet of a record under way is changed: the message in it must not come."""
    with work.connect(rng) as peer:
        if not isinstance(peer.socket, ssl.SSLSocket):
            return
        octets, _ = work.whole(rng, work.content(rng, who, n))
        peer.send(octets[:-4])
        with socket.socket(fileno=os.dup(peer.socket.fileno())) as raw:
            raw.sendall(b"\x17\x03\x03\x00\x20" + rng.randbytes(32))
            raw.settimeout(0.5)
            raw.recv(100)


def flood(work, rng, who, n):
    with work.connect(rng) as peer:
        peer.socket.settimeout(0.5)
        peer.send(rng.choice([b"NOOP\r\n" * 20000, b"x" * 500000, b"RCPT TO:<a@example.com>\r\n" * 5000, b"\r\n" * 20000,
                              b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n" + b"x" * 300000]))


def renegotiation(work, rng, who, n):
    """TLS 1.2 has it; a client could make the server compute for ever."""
    openssl = harness.tool("openssl", "openssl")
    where = f"localhost:{work.living().tls_port}"
    with subprocess.Popen([openssl, "s_client", "-tls1_2", "-connect", where], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as client:
        with contextlib.suppress(OSError):
            for word in (b"EHLO c.example\r\n", b"R\n", b"R\n"):
                client.stdin.write(word)
                client.stdin.flush()
                time.sleep(0.1)
        client.kill()


def hoard(work, rng, who, n):
    """Takes every descriptor that the server has for connections, and more. Seldom: whoever comes then waits."""
    with contextlib.ExitStack() as all_of_them:
        port = work.living().port
        for _ in range(work.descriptors + 50):
            all_of_them.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
        time.sleep(0.3)
    time.sleep(2)


ALL = (slow, half_closed, reset, gone_in_content, garbage, garbage_under_tls, truncated_record, broken_record, flood,
       renegotiation, hoard)
