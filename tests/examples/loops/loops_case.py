"""What the tests of the servers and of the clients share."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "interop"))
import harness  # noqa: E402

option = None  # what the command line says


class Server(harness.Program):
    def __init__(self, scratch, *arguments):
        super().__init__([option.server, "0", *arguments], scratch)
        try:
            self.wait_for(lambda: b"\n" in self.out(), "line that says where it listens")
        except BaseException:
            self.kill()
            raise
        self.port = int(re.fullmatch(rb"listening on 127\.0\.0\.1:(\d+)\n", self.out())[1])

    def messages(self):
        """What it has printed: (content, number of recipients) of each message."""
        rest, found = self.out().partition(b"\n")[2], []
        while rest:
            head, _, rest = rest.partition(b"\n")
            octets, recipients = map(int, re.fullmatch(rb"message (\d+) (\d+)", head).groups())
            found.append((rest[:octets], recipients))
            rest = rest[octets:]
        return found


class Case(harness.Case):
    def server(self, *arguments):
        started = Server(self.scratch, *arguments)
        self.addCleanup(started.kill)
        return started

    def certificate(self):
        """A file with a key and its certificate."""
        path = self.scratch / "cert.pem"
        self.must_run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                       "-days", "1", "-subj", "/CN=mx.example.org", "-keyout", path, "-out", self.scratch / "public.pem"])
        path.write_bytes(path.read_bytes() + (self.scratch / "public.pem").read_bytes())
        return path

    def end(self, server, told=False):
        if not told:
            server.process.terminate()
        self.assertEqual((server.process.wait(harness.PATIENCE), server.err()), (0, b""))

    def accepted(self, server, *expected):
        """These contents and no others, each for one recipient."""
        self.same_set([content for content, _ in server.messages()], list(expected), "messages")
