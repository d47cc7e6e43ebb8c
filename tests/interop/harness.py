"""Starting programs, stopping them again, and telling where two contents differ."""

import collections
import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import wire

# Filled in by run.py from its command line.
mailsink = None
post = None
relay = None
postfix_cache = None
faults = None  # the library that makes system calls fail
deadline = float("inf")  # time.monotonic() at which no further test starts

LOG = "envelopes.jsonl"  # beside mailsink's files
PATIENCE = 20  # seconds that any one step may take


class Missing(Exception):
    """A program the tests need cannot be had."""


class Unavailable(Missing):
    """It cannot be had on this machine, or by this user, whatever is installed from Debian."""


def tool(name, package):
    # Debian keeps some of them where only root looks.
    path = shutil.which(name) or shutil.which(name, path="/usr/local/sbin:/usr/sbin:/sbin")
    if not path:
        raise Missing(f"{name} is not installed (Debian package {package})")
    return path


def environment(home, extra=None):
    """The caller's environment without what would change a mail client: rc files, proxies, another language."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return kept | {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "LC_ALL": "C.UTF-8"} | (extra or {})


def _limit(descriptors):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))


Outcome = collections.namedtuple("Outcome", "code out err")


class Program:
    """A program in the background, its output in files, so that no full pipe can stop it."""

    def __init__(self, argv, scratch, env=None, descriptors=None):
        self.argv = [str(word) for word in argv]
        self.name = os.path.basename(self.argv[0])
        # They go with the scratch directory.
        self._out = tempfile.NamedTemporaryFile(dir=scratch, prefix=self.name + ".out.", delete=False)
        self._err = tempfile.NamedTemporaryFile(dir=scratch, prefix=self.name + ".err.", delete=False)
        self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._err,
                                        env=environment(scratch, env), start_new_session=True,
                                        preexec_fn=_limit(descriptors) if descriptors else None)

    def out(self):
        return pathlib.Path(self._out.name).read_bytes()

    def err(self):
        return pathlib.Path(self._err.name).read_bytes()

    def wait_for(self, condition, what, timeout=PATIENCE):
        """Polls until the condition gives something true. Fails when the program ends first."""
        deadline = time.monotonic() + timeout
        while True:
            ended = self.process.poll() is not None
            if value := condition():
                return value
            assert not ended, f"{self.name} ended with {self.process.returncode} before {what}:\n{_text(self.err())}"
            assert time.monotonic() < deadline, f"{self.name}: no {what} within {timeout} s:\n{_text(self.err())}"
            time.sleep(0.005)

    def cpu(self):
        """Seconds of processor time so far; to the nanosecond where the kernel has that, else to the clock tick."""
        process = pathlib.Path(f"/proc/{self.process.pid}")
        try:
            return int((process / "schedstat").read_text().split()[0]) / 1e9
        except OSError:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self, how=signal.SIGTERM, timeout=PATIENCE):
        """Sends the signal, returns the exit code. A program that does not end is killed, and that is a failure."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {timeout} s of {how.name}")

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def _text(octets):
    return octets.decode(errors="backslashreplace")[-2000:]


def describe_difference(actual, expected):
    """Where two contents part, with the octets around."""
    at = next((n for n, (a, b) in enumerate(zip(actual, expected)) if a != b), min(len(actual), len(expected)))
    line = expected.count(b"\n", 0, at) + 1

    def around(octets):
        end = " (its end)" if at + 30 >= len(octets) else ""
        return f"{octets[max(0, at - 30):at]!r} >> {octets[at:at + 30]!r}{end}"

    return (f"first difference at octet {at} (line {line}); got {len(actual)} octets, expected {len(expected)}\n"
            f"  got:      {around(actual)}\n  expected: {around(expected)}")


class MailSink(Program):
    """The server under test, with a fresh directory; with --discard, an empty one."""

    def __init__(self, scratch, *options, descriptors=None, directory=None, env=None, before=(), host="127.0.0.1"):
        """`before`: words in front of the command; `host`: what it must say that it listens on."""
        self.directory = directory or pathlib.Path(tempfile.mkdtemp(dir=scratch, prefix="mail."))
        self.keeps = "--discard" not in options
        self.ready = 2 if "--tls-port=0" in options else 1  # lines that say where it listens
        directory = [f"--dir={self.directory}"] if self.keeps else []
        super().__init__([*before, mailsink, "--port=0", *directory, "--name=sink.example", "--grace=1", *options], scratch,
                         env, descriptors)
        try:
            self.wait_for(lambda: self.out().count(b"\n") == self.ready, "line that says where it listens")
        except BaseException:
            self.kill()  # nobody else has it yet
            raise
        where = b"listening on " + re.escape(host.encode())
        said = re.fullmatch(where + rb":(\d+)\n(?:" + where + rb":(\d+) with TLS\n)?", self.out())
        assert said, f"not the line that was promised: {self.out()!r}"
        self.port = int(said[1])
        self.tls_port = said[2] and int(said[2])

    def files(self):
        return sorted(self.directory.glob("*.eml"))

    def contents(self):
        """At once, without waiting: a message must be in its file before it is acknowledged."""
        return [path.read_bytes() for path in self.files()]

    def envelopes(self):
        """The lines of the log; one that is half written is not there yet."""
        return [json.loads(line) for line in (self.directory / LOG).read_bytes().split(b"\n")[:-1]]

    def only(self):
        found = self.contents()
        assert len(found) == 1, f"expected one message in the directory, found {len(found)}"
        return found[0]

    def resident(self):
        """Resident memory in octets."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def finish(self, how=signal.SIGTERM):
        """Ends the server and checks its own account against the directory. Returns (messages, connections); with
        --discard (messages, octets, connections)."""
        code = self.stop(how)
        assert code == 0, f"mailsink exited with {code}:\n{_text(self.err())}"
        lines = self.out().splitlines()
        total = re.fullmatch(rb"(\d+) messages?, (\d+) octets?, (\d+) connections?", lines[-1])
        assert len(lines) == self.ready + 1 and total, f"expected a ready line and a total line, got {lines!r}"
        messages, octets, connections = (int(number) for number in total.groups())
        if not self.keeps:
            return messages, octets, connections
        kept = self.contents()
        assert messages == len(kept), f"mailsink counted {messages} messages, its directory has {len(kept)}"
        size = sum(map(len, kept))
        assert octets == size, f"mailsink counted {octets} octets, its files have {size}"
        strays = sorted(path.name for path in self.directory.iterdir() if path.suffix != ".eml" and path.name != LOG)
        assert not strays, f"mailsink left other files in its directory: {strays[:5]}"
        told = sorted(line["file"] for line in self.envelopes() if line["file"])
        assert told == [path.name for path in self.files()], "the log does not name the files that are there"
        return messages, connections


def need_tls():
    """mailsink and post were built with OpenSSL, or else there is nothing to try."""
    with tempfile.TemporaryDirectory() as directory:
        tried = subprocess.run([mailsink, "--discard", f"--self-signed={directory}/x", "--host=192.0.2.1"],
                               capture_output=True, timeout=PATIENCE)
    if b"built without OpenSSL" in tried.stderr:
        raise Missing("mailsink is built without OpenSSL (Debian package libssl-dev)")


def certificate(folder):
    """A certificate for localhost and its key, in two files."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run([tool("openssl", "openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", key, "-out", cert],
                   check=True, capture_output=True, timeout=PATIENCE)
    return cert, key


def failing(*calls):
    """An environment in which these calls fail; see faults.cpp."""
    # A program with AddressSanitizer does not start otherwise.
    options = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
    return {"LD_PRELOAD": faults, "EHLO_FAULTS": " ".join(calls), "ASAN_OPTIONS": options}


class Case(unittest.TestCase):
    """A test with a scratch directory of its own, in which nothing outlives it."""

    @classmethod
    def require(cls):
        """Looks for the programs that the tests need, before any of them runs; raises Missing."""

    def setUp(self):
        self.assertLess(time.monotonic(), deadline, "the deadline for this run has passed")
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="ehlo-interop-"))
        self.scratch.chmod(0o711)  # smtp-sink gives up root, and must reach its dump directory
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)

    def program(self, argv, env=None):
        started = Program(argv, self.scratch, env)
        self.addCleanup(started.kill)
        return started

    def sink(self, *options, **more):
        started = MailSink(self.scratch, *options, **more)
        self.addCleanup(started.kill)
        return started

    def recorder(self, port, together=1):
        started = wire.Recorder(port, together)
        self.addCleanup(started.close)
        return started

    def file(self, name, octets):
        path = self.scratch / name
        path.write_bytes(octets)
        return path

    def run_to_end(self, argv, stdin=b"", env=None, timeout=PATIENCE):
        """Runs a program and returns its Outcome; the exit code is the caller's to judge."""
        argv = [str(word) for word in argv]
        try:
            done = subprocess.run(argv, input=stdin, capture_output=True, timeout=timeout,
                                  env=environment(self.scratch, env))
        except subprocess.TimeoutExpired as late:
            self.fail(f"{os.path.basename(argv[0])} did not end within {timeout} s:\n{_text(late.stderr or b'')}")
        return Outcome(done.returncode, done.stdout, done.stderr)

    def must_run(self, argv, **options):
        outcome = self.run_to_end(argv, **options)
        self.assertEqual(outcome.code, 0, f"{os.path.basename(str(argv[0]))} failed:\n"
                         f"{_text(outcome.err)}\n{_text(outcome.out)}")
        return outcome

    def same(self, actual, expected, what):
        if actual != expected:
            self.fail(f"{what}: {describe_difference(actual, expected)}")

    def same_set(self, actual, expected, what):
        """The same contents in any order, as often."""
        have, want = collections.Counter(actual), collections.Counter(expected)
        lost, extra = list((want - have).elements()), list((have - want).elements())
        if lost and extra:
            self.fail(f"{what}: {len(lost)} contents differ; one of them: {describe_difference(extra[0], lost[0])}")
        self.assertFalse(lost, f"{what}: {len(lost)} of {len(expected)} are missing")
        self.assertFalse(extra, f"{what}: {len(extra)} more than the {len(expected)} expected")

    def recorded(self, recorder):
        """Every content in the recorder's sessions, with the code of its reply."""
        return [delivery for session in recorder.finish() for delivery in wire.deliveries(session)]
