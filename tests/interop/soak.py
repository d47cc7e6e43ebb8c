#!/usr/bin/env python3
"""Load and hostility at once: what mailsink acknowledges is on the disk once, nothing else is, and neither its memory nor its
descriptors grow.

    soak.py --mailsink=PATH --post=PATH [--seconds=20]

Well-behaved clients send messages over TCP and over TLS, with and without AUTH, behind DATA and in chunks; post does it in bulk.
Hostile ones send slowly, close one half, reset, send garbage, flood with commands and with content that does not end, cut TLS in the
middle of a record, and go away in the middle of everything.
"""

import argparse
import base64
import collections
import contextlib
import hashlib
import os
import pathlib
import random
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True

import harness
import wire

USER, PASSWORD = "ann", "open-sesame"
SETTLING = 0.3  # of the time; memory is compared after it


def digest(content):
    """Ten minutes of contents would not fit into memory."""
    return hashlib.blake2b(content, digest_size=16).digest()


class Soak:
    def __init__(self, sink, ca, seconds):
        self.sink = sink
        self.context = ssl.create_default_context(cafile=str(ca))
        self.end = time.monotonic() + seconds
        self.acknowledged = set()
        self.maybe = set()      # sent whole, and cut off before the answer: may be there
        self.failures = []
        self.count = {}
        self.lock = threading.Lock()

    def over(self):
        return time.monotonic() >= self.end

    def content(self, rng, who, n):
        """A message like no other: its first line says which."""
        lines = [rng.choice([b".", b"..", b"", b"text", b".text", b"QUIT", b"x" * 998]) for _ in range(rng.choice([0, 3, 30, 300]))]
        return b"\r\n".join([b"Subject: %s %d" % (who.encode(), n), b"", *lines, b""])

    def connect(self, rng):
        """A peer that has been greeted, over TCP or TLS in one of its two ways, and maybe logged in."""
        way = rng.choice(["clear", "starttls", "tls"])
        raw = socket.create_connection(("127.0.0.1", self.sink.tls_port if way == "tls" else self.sink.port), timeout=10)
        try:
            if way == "tls":
                raw = self.context.wrap_socket(raw, server_hostname="localhost")
            peer = wire.Peer.__new__(wire.Peer)
            wire.Lines.__init__(peer, raw)
            self.expect(peer.code(), 220)
            self.expect(peer.ask(b"EHLO client.example"), 250)
            if way == "starttls":
                self.expect(peer.ask(b"STARTTLS"), 220)
                wire.Lines.__init__(peer, self.context.wrap_socket(raw, server_hostname="localhost"))
                self.expect(peer.ask(b"EHLO client.example"), 250)
            if way != "clear" and rng.random() < 0.5:
                right = rng.random() < 0.8
                said = base64.b64encode(f"\0{USER}\0{PASSWORD if right else 'wrong'}".encode())
                self.expect(peer.ask(b"AUTH PLAIN " + said), 235 if right else 535)
            return peer
        except BaseException:
            raw.close()
            raise

    def expect(self, code, wanted):
        if code != wanted:
            raise AssertionError(f"answered {code}, not {wanted}")

    def whole(self, rng, content):
        """The octets of a whole transaction, and the codes of its replies."""
        envelope = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n"
        if rng.random() < 0.5:
            return envelope + b"DATA\r\n" + wire.stuff(content), [250, 250, 354, 250]
        cut = rng.randrange(len(content) + 1)
        parts = [content[:cut], content[cut:]]
        return (envelope + b"BDAT %d\r\n" % len(parts[0]) + parts[0] + b"BDAT %d LAST\r\n" % len(parts[1]) + parts[1], [250] * 4)

    def deliver(self, rng, peer, content):
        octets, codes = self.whole(rng, content)
        with self.lock:
            self.maybe.add(digest(content))
        peer.send(octets)
        for wanted in codes:
            self.expect(peer.code(), wanted)
        with self.lock:
            self.acknowledged.add(digest(content))

    # Well-behaved.

    def good(self, rng, who, n):
        with self.connect(rng) as peer:
            for k in range(rng.randrange(1, 6)):
                self.deliver(rng, peer, self.content(rng, who, n * 100 + k))
            self.expect(peer.ask(b"QUIT"), 221)

    # Hostile. Each may be cut off, or be told that it is enough.

    def slow(self, rng, who, n):
        with self.connect(rng) as peer:
            content = b"Subject: %s %d\r\n\r\nslow\r\n" % (who.encode(), n)
            octets, _ = self.whole(rng, content)
            for octet in octets[:rng.randrange(len(octets))]:
                peer.send(bytes([octet]))
                time.sleep(0.0005)

    def half_closed(self, rng, who, n):
        with self.connect(rng) as peer:
            content = self.content(rng, who, n)
            octets, codes = self.whole(rng, content)
            with self.lock:
                self.maybe.add(digest(content))
            peer.send(octets)
            if not isinstance(peer.socket, ssl.SSLSocket):
                peer.socket.shutdown(socket.SHUT_WR)
            if [peer.code() for _ in codes] == codes:
                with self.lock:
                    self.acknowledged.add(digest(content))

    def reset(self, rng, who, n):
        """Anywhere, also when the answer is on its way."""
        with self.connect(rng) as peer:
            content = self.content(rng, who, n)
            octets, _ = self.whole(rng, content)
            with self.lock:
                self.maybe.add(digest(content))
            peer.send(octets[:rng.choice([rng.randrange(len(octets)), len(octets)])])
            if rng.random() < 0.5:
                peer.code()
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def gone_in_content(self, rng, who, n):
        with self.connect(rng) as peer:
            octets, _ = self.whole(rng, self.content(rng, who, n))
            peer.send(octets[:rng.randrange(len(octets) - 5)])
            if isinstance(peer.socket, ssl.SSLSocket) and rng.random() < 0.5:
                peer.socket.settimeout(1)
                peer.socket.unwrap()

    def garbage(self, rng, who, n):
        port = rng.choice([self.sink.port, self.sink.tls_port])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
            raw.sendall(rng.randbytes(rng.randrange(1, 20000)))
            raw.settimeout(0.2)
            while raw.recv(65536):
                pass

    def garbage_under_tls(self, rng, who, n):
        with self.connect(rng) as peer:
            peer.send(rng.randbytes(rng.randrange(1, 20000)))
            peer.socket.settimeout(0.2)
            peer.socket.recv(65536)

    def truncated_record(self, rng, who, n):
        """A record's header, and less than it promises."""
        with socket.create_connection(("127.0.0.1", self.sink.tls_port), timeout=5) as raw:
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = self.context.wrap_bio(incoming, outgoing, server_hostname="localhost")
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.do_handshake()
            hello = outgoing.read()
            raw.sendall(hello[:rng.randrange(len(hello))])

    def broken_record(self, rng, who, n):
        """An octet of a record under way is changed: the message in it must not come."""
        with self.connect(rng) as peer:
            if not isinstance(peer.socket, ssl.SSLSocket):
                return
            octets, _ = self.whole(rng, self.content(rng, who, n))
            peer.send(octets[:-4])
            with socket.socket(fileno=os.dup(peer.socket.fileno())) as raw:
                raw.sendall(b"\x17\x03\x03\x00\x20" + rng.randbytes(32))
                raw.settimeout(0.5)
                raw.recv(100)

    def flood(self, rng, who, n):
        with self.connect(rng) as peer:
            peer.socket.settimeout(0.5)
            peer.send(rng.choice([b"NOOP\r\n" * 20000, b"x" * 500000, b"RCPT TO:<a@example.com>\r\n" * 5000, b"\r\n" * 20000,
                                  b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n" + b"x" * 300000]))

    HOSTILE = (slow, half_closed, reset, gone_in_content, garbage, garbage_under_tls, truncated_record, broken_record, flood)

    def run(self, act, seed):
        rng = random.Random(seed)
        n = 0
        name = act.__name__
        while not self.over():
            try:
                act(self, rng, f"{name}-{seed}", n)
                n += 1
            except (OSError, AssertionError, ValueError) as failure:
                # A hostile client has no claim to anything; a good one to all.
                if name == "good":
                    self.failures.append(f"{name}-{seed} {n}: {failure!r}")
                    return
                n += 1
        with self.lock:
            self.count[name] = self.count.get(name, 0) + n

    def bulk(self, case_file, ca, post):
        """post, in bulk: all that it sends is the same message. Returns how often it was acknowledged."""
        sent = 0
        for turn in range(1 << 30):
            if self.over():
                return sent
            how = [["--tls=required"], ["--tls=implicit"], ["--bdat=3000", "--tls=required", f"--user={USER}:{PASSWORD}"], ["--bdat"], []][turn % 5]
            port = self.sink.tls_port if "--tls=implicit" in how else self.sink.port
            done = subprocess.run([post, "--host=localhost", f"--port={port}", f"--ca={ca}", "--from=a@example.com", "--to=b@example.com",
                                   "--repeat=100", "--connections=5", *how, case_file], capture_output=True, timeout=60)
            if done.returncode != 0:
                self.failures.append(f"post {how}: {done.stderr!r}")
                return sent
            sent += 100


def descriptors(sink):
    return len(os.listdir(f"/proc/{sink.process.pid}/fd"))


def soak(seconds):
    with tempfile.TemporaryDirectory(prefix="ehlo-soak-") as directory:
        scratch = pathlib.Path(directory)
        ca = scratch / "ca.pem"
        # What AddressSanitizer keeps of what was freed would pass for growth.
        sink = harness.MailSink(scratch, f"--self-signed={ca}", "--tls-port=0", f"--user={USER}:{PASSWORD}", "--idle=3", "--content-idle=3",
                                env={"ASAN_OPTIONS": ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=1"]))})
        try:
            work = Soak(sink, ca, seconds)
            bulk_file = scratch / "bulk.eml"
            bulk_content = b"Subject: bulk\r\n\r\n" + b".line\r\n" * 500
            bulk_file.write_bytes(bulk_content)
            bulk = []
            idle = descriptors(sink)
            threads = [threading.Thread(target=work.run, args=(Soak.good, seed)) for seed in range(3)]
            threads += [threading.Thread(target=work.run, args=(act, 10 + n)) for n, act in enumerate(Soak.HOSTILE)]
            threads.append(threading.Thread(target=lambda: bulk.append(work.bulk(bulk_file, ca, harness.post))))
            for thread in threads:
                thread.start()
            time.sleep(seconds * SETTLING)
            settled = sink.resident()
            for thread in threads:
                thread.join()
            # The last of the others have their time, and are gone then.
            sink.wait_for(lambda: descriptors(sink) == idle, f"{idle} descriptors as at first", timeout=30)
            grown = sink.resident() - settled
            kept = collections.Counter(digest(path.read_bytes()) for path in sink.files())
            of_bulk = kept.pop(digest(bulk_content), 0)
            ours = set(kept)
            assert not work.failures, work.failures[:5]
            assert of_bulk == bulk[0], f"{bulk[0]} acknowledged to post, {of_bulk} kept"
            assert len(ours) == kept.total(), "a message is there twice"
            assert not work.acknowledged - ours, f"{len(work.acknowledged - ours)} acknowledged messages are not there"
            assert not ours - work.maybe, f"{len(ours - work.maybe)} messages are there that nobody sent whole"
            assert grown < 4 << 20, f"mailsink grew by {grown} octets"
            assert all(work.count.values()), work.count
            sink.finish()
            print(f"{seconds:.0f} s: {len(work.acknowledged) + bulk[0]} messages acknowledged and there once, {len(ours - work.acknowledged)} more whose "
                  f"answer was not waited for; memory {grown / 1024:+.0f} KiB after {seconds * SETTLING:.0f} s; sessions: "
                  + ", ".join(f"{name} {n}" for name, n in sorted(work.count.items())))
        finally:
            sink.kill()


def main():
    parser = argparse.ArgumentParser(description="Load and hostility at once.")
    for name in ("--mailsink", "--post"):
        parser.add_argument(name, required=True)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    harness.mailsink, harness.post = os.path.abspath(options.mailsink), os.path.abspath(options.post)
    soak(options.seconds)


if __name__ == "__main__":
    main()
