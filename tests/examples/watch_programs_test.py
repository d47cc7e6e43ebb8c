#!/usr/bin/env python3
"""Real programs against mailsink, recorded, and what explain's watch mode tells of it: exactly what mailsink stored.

    watch_programs_test.py EXPLAIN MAILSINK POST

A recorder in the middle writes down who said what, in order; captures.py makes packets of it, cut at random, then shuffled,
repeated and lost. Programs that are not there are left out, and named.
"""
import json
import os
import random
import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading

import explaining
from captures import pcap, pcapng, segments
from explaining import check, run

EXPLAIN, MAILSINK, POST = sys.argv[1:] if len(sys.argv) == 4 else sys.exit(__doc__)
explaining.program = EXPLAIN
work = tempfile.TemporaryDirectory()
PATIENCE = 20


class Recorder:
    """Passes connections on to a port, and keeps what was said on each: [("C", octets), ("S", octets) ...]."""

    def __init__(self, port):
        self.port, self.said, self.threads = port, [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.here = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.port))
            said, lock = [], threading.Lock()
            self.said.append(said)
            for who, source, target in (("C", client, server), ("S", server, client)):
                thread = threading.Thread(target=self.pass_on, args=(who, source, target, said, lock), daemon=True)
                thread.start()
                self.threads.append(thread)

    @staticmethod
    def pass_on(who, source, target, said, lock):
        try:
            while octets := source.recv(4096):
                with lock:   # what was said is written down before anybody can answer it
                    said.append((who, octets))
                    target.sendall(octets)
        except OSError:
            pass
        try:
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def finish(self):
        """What was said, when both sides have closed."""
        for thread in list(self.threads):
            thread.join(PATIENCE)
            check(not thread.is_alive(), "a connection was not closed")
        self.listener.close()
        return self.said


class Missing(Exception):
    pass


class Sink:
    def __init__(self, *options):
        self.directory = tempfile.mkdtemp(dir=work.name)
        self.process = subprocess.Popen([MAILSINK, "--port=0", f"--dir={self.directory}", "--name=sink.example", "--grace=1", *options],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self.process.stdout.readline().decode()
        if not line:
            raise Missing(self.process.communicate()[1].decode())
        self.port = int(line.rsplit(":", 1)[1])

    def stored(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()
        path = os.path.join(self.directory, "envelopes.jsonl")
        if not os.path.exists(path):
            return []
        with open(path) as f:
            return [json.loads(line) for line in f]


def program(*command, octets=b"", codes=(0,), env=None):
    done = subprocess.run(command, input=octets, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE,
                          env={**os.environ, "HOME": work.name, "LC_ALL": "C.UTF-8", "no_proxy": "*", **(env or {})})
    check(done.returncode in codes, f"{command[0]} ended with {done.returncode}: {done.stdout[-300:]}")


BODY = b"From: <ann@a.example>\r\nTo: <bob@sink.example>\r\nSubject: hello\r\n\r\nRSET\r\n.\r\n..\r\nQUIT\r\nMAIL FROM:<x@y>\r\n" + b"a line of text\r\n" * 40
message = os.path.join(work.name, "message.eml")
with open(message, "wb") as f:
    f.write(BODY)
FROM, TO = "ann@a.example", ["bob@sink.example", "eve@sink.example", "no@sink.example"]
SECRETS = ("sesame", "AGFubgBzZXNhbWU", "c2VzYW1l")


def with_smtplib(port, kind=smtplib.SMTP, login=False, tls=False, times=1, to=TO):
    with kind("127.0.0.1", port, local_hostname="me.example", timeout=PATIENCE) as s:
        if tls:
            import ssl
            context = ssl._create_unverified_context()
            s.starttls(context=context)
        if login:
            s.login("ann", "sesame")
        for n in range(times):
            s.sendmail(FROM, to, BODY * (n + 1))
            s.noop()
        s.mail(FROM)
        s.rcpt(TO[0])
        s.rset()


def with_curl(port, *options, scheme="smtp"):
    recipients = [word for to in TO[:2] for word in ("--mail-rcpt", to)]
    program("curl", "-s", f"{scheme}://127.0.0.1:{port}/me.example", "--mail-from", FROM, *recipients, "--upload-file", message, *options)


def with_swaks(port, *options):
    program("swaks", "--server", "127.0.0.1", "--port", str(port), "--from", FROM, "--to", ",".join(TO), "--helo", "me.example", "--data", "@" + message,
            "--timeout", "10s", *options)


def with_msmtp(port, *options):
    program("msmtp", "--host=127.0.0.1", f"--port={port}", "--from=" + FROM, "--domain=me.example", "--timeout=10", *options, *TO[:2],
            octets=BODY.replace(b"\r\n", b"\n"))


def with_post(port, *options, codes=(0, 1)):
    program(POST, f"--port={port}", "--from=" + FROM, *["--to=" + to for to in TO], "--name=me.example", *options, message, codes=codes)


def in_one_go(port):
    """All of a session in as few writes as RFC 2920 and RFC 3030 allow."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as s, s.makefile("rb") as answers:
        def hear(times):
            for _ in range(times):
                while answers.readline()[3:4] == b"-":
                    pass
        hear(1)
        s.sendall(b"EHLO me.example\r\n")
        hear(1)
        s.sendall(b"MAIL FROM:<ann@a.example>\r\nRCPT TO:<bob@sink.example>\r\nRCPT TO:<no@sink.example>\r\nDATA\r\n")
        hear(4)
        s.sendall(b"one\r\n.\r\nMAIL FROM:<ann@a.example> BODY=BINARYMIME\r\nRCPT TO:<bob@sink.example>\r\nBDAT 6\r\nRSET\r\nBDAT 9 LAST\r\n\r\n.\r\n\nQ\0\r"
                  b"MAIL FROM:<>\r\nRCPT TO:<no@sink.example>\r\nBDAT 6 LAST\r\nQUIT\r\nRSET\r\nMAIL FROM:<>\r\nRCPT TO:<eve@sink.example>\r\nBDAT 0 LAST\r\nQUIT\r\n")
        hear(13)


PLAIN = ["--user=ann:sesame", "--clear-passwords"]
TLS = ["--self-signed=" + os.path.join(work.name, "certificate")]
DIALOGUES = [
    # name, the program, options of mailsink, what it does
    ("smtplib", None, [], lambda p: with_smtplib(p, times=3)),
    ("smtplib with AUTH", None, PLAIN, lambda p: with_smtplib(p, login=True)),
    ("smtplib with STARTTLS", None, TLS, lambda p: with_smtplib(p, tls=True)),
    ("smtplib's LMTP", None, ["--lmtp"], lambda p: with_smtplib(p, smtplib.LMTP, times=2, to=TO[:1])),   # it hears one reply only
    ("curl", "curl", [], with_curl),
    ("curl with AUTH", "curl", PLAIN, lambda p: with_curl(p, "-u", "ann:sesame")),
    ("curl with AUTH LOGIN", "curl", PLAIN, lambda p: with_curl(p, "-u", "ann:sesame", "--login-options", "AUTH=LOGIN")),
    ("curl with STARTTLS", "curl", TLS, lambda p: with_curl(p, "--ssl-reqd", "-k")),
    ("swaks", "swaks", [], lambda p: with_swaks(p)),
    ("swaks with PIPELINING", "swaks", [], lambda p: with_swaks(p, "--pipeline")),
    ("swaks with AUTH", "swaks", PLAIN, lambda p: with_swaks(p, "--auth", "PLAIN", "--auth-user", "ann", "--auth-password", "sesame")),
    ("swaks with LMTP", "swaks", ["--lmtp"], lambda p: with_swaks(p, "--protocol", "LMTP")),
    ("msmtp", "msmtp", [], lambda p: with_msmtp(p)),
    ("post, PIPELINING", None, [], lambda p: with_post(p, "--repeat=3")),
    ("post, BDAT", None, [], lambda p: with_post(p, "--bdat=100")),
    ("post, BINARYMIME", None, [], lambda p: with_post(p, "--bdat=64", "--binary", "--repeat=2")),
    ("post, AUTH SCRAM", None, PLAIN, lambda p: with_post(p, "--user=ann:sesame", "--clear-passwords")),
    ("post, LMTP with BDAT", None, ["--lmtp"], lambda p: with_post(p, "--lmtp", "--bdat=200", "--repeat=2")),
    ("all at once", None, [], in_one_go),
]


def watched(octets, what):
    path = os.path.join(work.name, "capture")
    with open(path, "wb") as f:
        f.write(octets)
    code, out, err = run(["--json", "watch", path])
    check(code == 0 and not err, f"{what}: {code} {err}")
    for secret in SECRETS:
        check(secret not in out.decode(), f"{what}: {secret} is shown")
    people = run(["watch", path])[1].decode()
    for secret in SECRETS:
        check(secret not in people, f"{what}: {secret} is shown to people")
    return [json.loads(line) for line in out.splitlines()]


def delivered(events):
    """As mailsink's log has it: sender, who was accepted, octets."""
    return [(e["from"], [r["to"] for r in e["recipients"] if r["code"] == 250], e["octets"])
            for e in events if e["event"] == "transaction" and e["what"] == "delivered"]


def packets_of(said, size, port):
    return segments(said, size, port=port, first=(r.randrange(1 << 32), r.randrange(1 << 32)))


def shaken(packets):
    """Those of one side that follow each other change places, and some come again."""
    out, n = [], 0
    while n < len(packets):
        end = n + 1
        while end < len(packets) and len(packets[n]) > 52 and len(packets[end]) > 52 and packets[end][12:20] == packets[n][12:20]:
            end += 1
        group = packets[n:end] + [p for p in packets[n:end] if len(p) > 52 and r.random() < 0.1]
        if len(packets[n]) > 52:
            r.shuffle(group)
        out += group
        n = end
    return out


r = random.Random(2920)
left_out, told, with_tls, gaps = [], 0, 0, 0
for name, needs, options, talk in DIALOGUES:
    if needs and not shutil.which(needs):
        left_out.append(name)
        continue
    try:
        sink = Sink("--answer=no@sink.example=550 5.1.1 Nobody", *options)
    except Missing as e:
        check(options == TLS and "OpenSSL" in str(e), f"{name}: mailsink does not start: {e}")
        left_out.append(name)
        continue
    recorder = Recorder(sink.port)
    try:
        talk(recorder.here)
    except (OSError, smtplib.SMTPException, subprocess.TimeoutExpired) as e:
        check(False, f"{name}: {e!r}")
    said = recorder.finish()
    stored = [("<" + e["from"] + ">" if not e["from"].startswith("<") else e["from"],
               ["<" + to + ">" if not to.startswith("<") else to for to in e["to"]], e["octets"]) for e in sink.stored()]
    opaque = options == TLS
    check(len(said) >= 1 and stored, f"{name}: {len(said)} connections, {len(stored)} messages")
    for how in ("whole", "cut", "by octets", "shaken", "pcapng"):
        size = {"whole": 1400, "by octets": 1}.get(how, lambda: r.choice((1, 2, 3, 10, 50, 500)))
        packets = [p for n, one in enumerate(said) for p in packets_of(one, size, 5000 + n)]
        if how == "shaken":
            packets = shaken(packets)
        events = watched((pcapng if how == "pcapng" else pcap)("raw", packets), f"{name}, {how}")
        want = [] if opaque else stored
        check(delivered(events) == want, f"{name}, {how}: told {delivered(events)}, stored {want}")
        check(not [e for e in events if e["event"] in ("gap", "in_step")], f"{name}, {how}: in step all the time")
        check(len([e for e in events if e["event"] == "starttls"]) == (1 if opaque else 0), f"{name}, {how}: STARTTLS is told")
        told += len(want)
        with_tls += opaque
    odd = [e["name"] for e in events if e["event"] == "departure"]
    check(set(odd) <= ({"bare_lf", "bare_cr", "nul", "smuggled_end"} if name == "all at once" else set()), f"{name}: {odd}")
    # With losses: what is told as delivered was stored, in that order.
    for i in range(6):
        packets = [p for n, one in enumerate(said) for p in packets_of(one, 40, 5000 + n)]
        lossy = [p for p in packets if len(p) == 52 or r.random() > 0.04]
        events = watched(pcap("raw", lossy), f"{name}, lossy")
        gaps += len([e for e in events if e["event"] == "gap"])
        rest = list(stored)
        for _, _, octets in delivered(events):
            while rest and octets is not None and rest[0][2] != octets:
                rest.pop(0)
            check(bool(rest), f"{name}, lossy: delivered, and not stored: {delivered(events)}")
            rest = rest[1:]
check(told > 50 and gaps > 50, f"{told} messages told, {gaps} gaps")
if left_out:
    print("left out:", ", ".join(left_out))
print("\n".join("FAILED " + f[:600] for f in explaining.faults[:30]) or f"{explaining.checks} checks passed, {told} messages")
sys.exit(bool(explaining.faults))
