#!/usr/bin/env python3
"""Load and hostility at once: what mailsink acknowledges is on the disk once, nothing else is, and neither its memory nor its
descriptors grow.

    soak.py --mailsink=PATH --post=PATH [--seconds=60]

Well-behaved clients send messages over TCP and over TLS, with and without AUTH, after DATA and in chunks; post does it in bulk.
The clients of hostile.py are there all the time. mailsink, which has few descriptors, is killed in the middle and started anew,
twice.
"""

import argparse
import base64
import collections
import hashlib
import os
import pathlib
import random
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True

import harness
import hostile
import wire

USER, PASSWORD = "ann", "open-sesame"
CRASHES = (0.15, 0.3)  # of the time
SETTLING = 0.5  # memory is compared after it
DESCRIPTORS = 200
PAUSE = 0.05  # seconds after each session: this runs beside other tests


def digest(content):
    """Ten minutes of contents would not fit into memory."""
    return hashlib.blake2b(content, digest_size=16).digest()


class Soak:
    descriptors = DESCRIPTORS

    def __init__(self, start, ca, seconds):
        self.start = start
        self.sink = start()
        self.context = ssl.create_default_context(cafile=str(ca))
        self.end = time.monotonic() + seconds
        self.acknowledged = set()
        self.maybe = set()      # sent whole: may be there, though the answer did not come
        self.bulk_least, self.bulk_most = 0, 0
        self.failures = []
        self.count = {}
        self.lock = threading.Lock()

    def over(self):
        return time.monotonic() >= self.end

    def content(self, rng, who, n):
        """A message like no other: its first line says which."""
        lines = rng.choices([b".", b"..", b"", b"text", b".text", b"QUIT", b"x" * 998], k=rng.choice([0, 3, 30, 300]))
        return b"\r\n".join([b"Subject: %s %d" % (who.encode(), n), b"", *lines, b""])

    def connect(self, rng):
        """A peer that has been greeted, over TCP or TLS in one of its two ways, and maybe logged in."""
        way = rng.choice(["clear", "starttls", "tls"])
        sink = self.living()
        raw = socket.create_connection(("127.0.0.1", sink.tls_port if way == "tls" else sink.port), timeout=20)
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
        self.may_be_there(content)
        peer.send(octets)
        for wanted in codes:
            self.expect(peer.code(), wanted)
        self.must_be_there(content)

    def may_be_there(self, content):
        with self.lock:
            self.maybe.add(digest(content))

    def must_be_there(self, content):
        with self.lock:
            self.acknowledged.add(digest(content))

    def crash(self):
        """SIGKILL, and a new one in the same directory. It listens elsewhere: nobody's wait for the old one is in vain."""
        old = self.sink
        self.sink = None
        old.kill()
        self.sink = self.start(old.directory)

    def living(self):
        while (sink := self.sink) is None:
            time.sleep(0.01)
        return sink

    def good(self, rng, who, n):
        with self.connect(rng) as peer:
            for k in range(rng.randrange(1, 6)):
                self.deliver(rng, peer, self.content(rng, who, n * 100 + k))
            self.expect(peer.ask(b"QUIT"), 221)

    def run(self, act, seed):
        rng = random.Random(seed)
        n = 0
        name = act.__name__
        while not self.over():
            sink = self.living()
            try:
                act(self, rng, f"{name}-{seed}", n)
            except (OSError, AssertionError, ValueError, AttributeError) as failure:
                # A hostile client has no claim to anything; a good one to all, but from a server that was killed.
                if name == "good" and sink is self.sink:
                    self.failures.append(f"{name}-{seed} {n}: {failure!r}")
                    return
            n += 1
            time.sleep(PAUSE)
        with self.lock:
            self.count[name] = self.count.get(name, 0) + n

    def bulk(self, case_file, ca):
        """post, in bulk: all that it sends is the same message."""
        ways = [["--tls=required"], ["--tls=implicit"], ["--bdat"], [],
                ["--bdat=3000", "--tls=required", f"--user={USER}:{PASSWORD}"]]
        turn = 0
        while not self.over():
            sink, how = self.living(), ways[turn % len(ways)]
            turn += 1
            port = sink.tls_port if "--tls=implicit" in how else sink.port
            done = subprocess.run([harness.post, "--host=localhost", f"--port={port}", f"--ca={ca}", "--from=a@example.com",
                                   "--to=b@example.com", "--repeat=100", "--connections=5", *how, case_file],
                                  capture_output=True, timeout=60)
            self.bulk_most += 100
            if done.returncode == 0:
                self.bulk_least += 100
            elif sink is self.sink:
                self.failures.append(f"post {how}: {done.stderr!r}")
            time.sleep(20 * PAUSE)

    def check(self, kept, of_bulk, grown):
        """Everything that was promised; `kept`: how often there is what."""
        ours = set(kept)
        assert not self.failures, self.failures[:5]
        assert self.bulk_least <= of_bulk <= self.bulk_most, f"{self.bulk_least} to {self.bulk_most} sent by post, {of_bulk} kept"
        assert len(ours) == kept.total(), "a message is there twice"
        assert not self.acknowledged - ours, f"{len(self.acknowledged - ours)} acknowledged messages are not there"
        assert not ours - self.maybe, f"{len(ours - self.maybe)} messages are there that nobody sent whole"
        assert grown < 4 << 20, f"mailsink grew by {grown} octets"
        assert len(self.count) == len(hostile.ALL) + 1 and all(self.count.values()), self.count


def descriptors(sink):
    return len(os.listdir(f"/proc/{sink.process.pid}/fd"))


def soak(seconds):
    with tempfile.TemporaryDirectory(prefix="ehlo-soak-") as directory:
        scratch = pathlib.Path(directory)
        cert, key = harness.certificate(scratch)
        # What AddressSanitizer keeps of what was freed would pass for growth.
        quiet = {"ASAN_OPTIONS": ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=1"]))}

        def start(directory=None):
            return harness.MailSink(scratch, f"--certificate={cert}", f"--key={key}", "--tls-port=0", f"--user={USER}:{PASSWORD}",
                                    "--idle=10", "--content-idle=10", descriptors=DESCRIPTORS, directory=directory, env=quiet)
        work = Soak(start, cert, seconds)
        try:
            bulk_file = scratch / "bulk.eml"
            bulk_content = b"Subject: bulk\r\n\r\n" + b".line\r\n" * 500
            bulk_file.write_bytes(bulk_content)
            idle = descriptors(work.sink)
            threads = [threading.Thread(target=work.run, args=(Soak.good, seed)) for seed in range(3)]
            threads += [threading.Thread(target=work.run, args=(act, 10 + n)) for n, act in enumerate(hostile.ALL)]
            threads.append(threading.Thread(target=work.bulk, args=(bulk_file, cert)))
            begin = time.monotonic()
            for thread in threads:
                thread.start()
            for share in CRASHES:
                time.sleep(max(0.0, begin + share * seconds - time.monotonic()))
                work.crash()
            time.sleep(max(0.0, begin + SETTLING * seconds - time.monotonic()))
            settled = work.sink.resident()
            for thread in threads:
                thread.join()
            # The last of the others have their time, and are gone then.
            work.sink.wait_for(lambda: descriptors(work.sink) == idle, f"{idle} descriptors as at first", timeout=30)
            grown = work.sink.resident() - settled
            kept = collections.Counter(digest(path.read_bytes()) for path in work.sink.files())
            of_bulk = kept.pop(digest(bulk_content), 0)
            work.check(kept, of_bulk, grown)
            assert work.sink.stop() == 0
            strays = [path.name for path in work.sink.directory.iterdir() if path.suffix != ".eml" and path.name != harness.LOG]
            assert not strays, strays[:5]
            acknowledged = len(work.acknowledged) + work.bulk_least
            print(f"{seconds:.0f} s, {len(CRASHES)} crashes: {acknowledged} messages acknowledged and there once, "
                  f"{kept.total() + of_bulk - acknowledged} more whose answer was not waited for; "
                  f"memory {grown / 1024:+.0f} KiB after {seconds * SETTLING:.0f} s; sessions: "
                  + ", ".join(f"{name} {n}" for name, n in sorted(work.count.items())))
        finally:
            if work.sink:
                work.sink.kill()


def main():
    parser = argparse.ArgumentParser(description="Load and hostility at once.")
    for name in ("--mailsink", "--post"):
        parser.add_argument(name, required=True)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    harness.mailsink, harness.post = os.path.abspath(options.mailsink), os.path.abspath(options.post)
    soak(options.seconds)


if __name__ == "__main__":
    main()
