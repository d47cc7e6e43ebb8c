"""What the tests of post share."""

import contextlib
import subprocess
import sys

import harness
import wire

DELIVERED, REFUSED, WRONG_CALL, TRY_LATER = 0, 1, 2, 3


class PostCase(harness.Case):
    def post(self, port, content, *options, to=("b@example.com",), stdin=None):
        """Runs post; the content is given as a file, or on standard input."""
        name = "-" if stdin is not None else self.file("post.eml", content)
        return self.run_to_end([harness.post, "--host=127.0.0.1", f"--port={port}", "--from=a@example.com",
                                "--name=client.example", *(f"--to={address}" for address in to), *options, name],
                               stdin=stdin or b"")

    def expect(self, outcome, code, circumstances=""):
        wanted = code if isinstance(code, tuple) else (code,)
        said = outcome.err.decode(errors="replace")
        self.assertIn(outcome.code, wanted, f"exit code of post {circumstances}\n{said}")
        if outcome.code != DELIVERED:
            self.assertTrue(said.strip(), f"post exited with {outcome.code} and said nothing {circumstances}")

    def sent(self, recorder, content):
        """The one content on the wire, which must be this one."""
        deliveries = self.recorded(recorder)
        self.assertEqual([delivery.code for delivery in deliveries], [250], "replies to the content")
        self.same(deliveries[0].content, content, "the wire against the file that post was given")

    def commands(self, recorder):
        """Everything the client sent up to the content, as lines."""
        return bytes(recorder.finish()[0].client).split(b"\r\n")


def interpreter():
    """A Python that has aiosmtpd: the system's own, or else this one."""
    for python in ("/usr/bin/python3", sys.executable):
        try:
            if subprocess.run([python, "-c", "import aiosmtpd"], capture_output=True, timeout=20).returncode == 0:
                return python
        except OSError:
            pass
    raise harness.Missing("no Python here has aiosmtpd (Debian package python3-aiosmtpd)")


OFFERS_PIPELINING = b"250-server.example\r\n250 PIPELINING\r\n"


class Scripted(PostCase):
    """Servers made up for one dialogue."""

    def against(self, script, content, code, *options, receive_buffer=None, **more):
        server = wire.Scripted(script, receive_buffer)
        outcome = self.post(server.port, content, *options, **more)
        server.finish()
        self.expect(outcome, code)
        return outcome

    def content_of(self, lines):
        while (cut := wire.cut_content(lines.pending))[0] is None:
            self.assertTrue(lines.more(), "post closed in the middle of the content")
        lines.pending = cut[1]
        return cut[0]

    def dialogue(self, lines, replies=(b"250 ok", b"250 ok", b"354 go"), send=None):
        """Answers MAIL, RCPT, DATA and the content, one after the other."""
        send = send or lines.send
        for command, reply in zip((b"MAIL", b"RCPT", b"DATA"), replies, strict=True):
            line = lines.line()
            self.assertTrue(line and line.upper().startswith(command), f"expected {command!r}, got {line!r}")
            send(reply + b"\r\n")
        content = self.content_of(lines)
        send(b"250 kept\r\n")
        with contextlib.suppress(ConnectionError):  # post may leave without waiting for this
            if lines.line():
                send(b"221 bye\r\n")
        return content

    def greet(self, lines, capabilities):
        lines.send(b"220 server.example ESMTP\r\n")
        self.assertEqual(lines.line(), b"EHLO client.example")
        lines.send(capabilities)
