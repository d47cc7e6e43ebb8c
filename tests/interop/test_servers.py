"""post delivers over TLS, with AUTH, by BDAT, by LMTP, to servers that people run. Those that relay are in test_relays.py."""

import json
import pathlib
import socket
import tempfile

import harness
import matrix
import messages
import packages
import posting
from test_tls import PASSWORD, USER, TlsCase

FROM_POST = "from post"
CONTENTS = {name: messages.ALL[name] for name in ("dots", "everything", "base64", "dot-last")}


def login(mechanism):
    return (f"--user={USER}:{PASSWORD}", f"--auth={mechanism}")


class ServerCase(TlsCase):
    """A server with a certificate, that keeps what it gets."""

    contents = CONTENTS

    @classmethod
    def require(cls):
        super().require()
        cls.openssl = harness.tool("openssl", "openssl")

    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(tempfile.mkdtemp(dir=self.scratch))
        self.certificate, self.key = harness.certificate(self.scratch)

    def post_to(self, port, content, *options, to=("b@example.com",)):
        return self.run_to_end([harness.post, "--host=localhost", f"--port={port}", "--from=a@example.com",
                                *(f"--to={address}" for address in to),
                                "--name=client.example", f"--ca={self.certificate}", *options, self.file("post.eml", content)])

    def must_post(self, port, content, *options, **more):
        outcome = self.post_to(port, content, *options, **more)
        self.assertEqual(outcome.code, 0, outcome.err.decode())

    def answers(self, port):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as peer:
                return peer.recv(3) == b"220"
        except OSError:
            return False

    def check_way(self, way, *options):
        port = self.server(way)
        for n, (name, content) in enumerate(self.contents.items()):
            with self.subTest(message=name):
                self.must_post(port, content, *options)
                self.same((self.directory / f"{n:06}.eml").read_bytes(), content, "the server's content against post's")
                told = json.loads((self.directory / f"{n:06}.json").read_text())
                self.assertEqual((told["tls"], told["login"]), ("TLS" in way, USER if "--user" in str(options) else None))
                self.assertEqual((told["from"], told["to"]), ("a@example.com", ["b@example.com"]))
        if "--user" in str(options):
            self.assertEqual(self.post_to(port, messages.DOTS, *options, f"--user={USER}:wrong").code, 1)


@matrix.ways("aiosmtpd", FROM_POST, "octet for octet", {
    "STARTTLS, verified": ("--tls=required",),
    "STARTTLS if offered": ("--tls=if-offered",),
    **{f"STARTTLS, {name}": ("--tls=required", *login(name)) for name in ("PLAIN", "LOGIN")},
})
class Aiosmtpd(ServerCase):
    @classmethod
    def require(cls):
        super().require()
        cls.python = posting.interpreter()

    def server(self, way):
        script = pathlib.Path(__file__).parent / "aiosmtpd_server.py"
        program = self.program([self.python, script, self.directory, f"--tls={self.certificate},{self.key},{USER},{PASSWORD}"])
        return int(program.wait_for(lambda: program.out().endswith(b"\n") and program.out(), "its port"))


@matrix.ways("nodemailer's smtp-server", FROM_POST, "octet for octet", {
    "STARTTLS, verified": ("--tls=required",),
    "TLS, verified": ("--tls=implicit",),
    **{f"STARTTLS, {name}": ("--tls=required", *login(name)) for name in ("PLAIN", "LOGIN", "XOAUTH2")},
    "LMTP": ("--lmtp",),
    "LMTP, STARTTLS, PLAIN": ("--lmtp", "--tls=required", *login("PLAIN")),
})
class SmtpServer(ServerCase):
    @classmethod
    def require(cls):
        super().require()
        cls.node = harness.tool("node", "nodejs")
        cls.modules = packages.modules()

    def server(self, way):
        options = {"secure": way.startswith("TLS"), "lmtp": way.startswith("LMTP")}
        program = self.program([self.node, pathlib.Path(__file__).parent / "smtp_server.js", self.directory, self.key,
                                self.certificate, USER, PASSWORD, json.dumps(options)], env={"NODE_PATH": str(self.modules)})
        return int(program.wait_for(lambda: program.out().endswith(b"\n") and program.out(), "its port"))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
