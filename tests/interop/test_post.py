"""post delivers to aiosmtpd, to Postfix's smtp-sink and to mailsink."""

import json
import pathlib
import re
import socket
import tempfile
import time

import harness
import matrix
import messages
import postfix
from posting import DELIVERED, REFUSED, TRY_LATER, PostCase, interpreter


@matrix.in_the_clear("aiosmtpd", "from post", "octet for octet")
@messages.one_test_each()
class Aiosmtpd(PostCase):
    """No PIPELINING, lines of at most 1001 octets."""

    @classmethod
    def require(cls):
        cls.python = interpreter()

    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(tempfile.mkdtemp(dir=self.scratch))

    def server(self, *answers):
        script = pathlib.Path(__file__).parent / "aiosmtpd_server.py"
        program = self.program([self.python, script, self.directory, *answers])
        return int(program.wait_for(lambda: program.out().endswith(b"\n") and program.out(), "its port"))

    def stored(self):
        return [path.read_bytes() for path in sorted(self.directory.glob("*.eml"))]

    def envelopes(self):
        return [json.loads(path.read_text()) for path in sorted(self.directory.glob("*.json"))]

    def check(self, content, *options, given=None, stdin=None):
        recorder = self.recorder(self.server())
        self.expect(self.post(recorder.port, content if given is None else given, *options, stdin=stdin), DELIVERED)
        self.sent(recorder, content)
        self.assertEqual(len(self.stored()), 1, "messages that aiosmtpd got")
        self.same(self.stored()[0], content, "aiosmtpd's content against the file that post was given")

    def test_unix_file(self):
        self.check(messages.EVERYTHING, "--lf", given=messages.with_lf(messages.EVERYTHING))

    def test_standard_input(self):
        self.check(messages.EVERYTHING, stdin=messages.EVERYTHING)

    def test_unix_standard_input(self):
        self.check(messages.BASE64, "--lf", stdin=messages.with_lf(messages.BASE64))

    def test_several_recipients(self):
        to = [f"user{n}@example.com" for n in range(20)]
        self.expect(self.post(self.server(), messages.DOTS, to=to), DELIVERED)
        self.assertEqual([(envelope["from"], envelope["to"]) for envelope in self.envelopes()],
                         [("a@example.com", to)], "the envelope that aiosmtpd got")

    def test_repeat(self):
        self.expect(self.post(self.server(), messages.DOTS, "--repeat=50"), DELIVERED)
        self.same_set(self.stored(), [messages.DOTS] * 50, "aiosmtpd's contents")

    def test_refused_recipient(self):
        outcome = self.post(self.server("b@example.com=550 5.1.1 nobody here"), messages.DOTS)
        self.expect(outcome, REFUSED)
        self.assertIn(b"550", outcome.err, "the reply, in what post says went wrong")
        self.assertEqual(self.stored(), [])

    def test_deferred_recipient(self):
        self.expect(self.post(self.server("b@example.com=450 4.2.1 busy"), messages.DOTS), TRY_LATER)
        self.assertEqual(self.stored(), [])

    def test_one_of_three_refused(self):
        # Not everybody got it: the caller has to be told, whether or not the others did.
        port = self.server("no@example.com=550 5.1.1 nobody here")
        outcome = self.post(port, messages.DOTS, to=("b@example.com", "no@example.com", "c@example.com"))
        self.expect(outcome, REFUSED)
        for envelope, content in zip(self.envelopes(), self.stored()):
            self.assertEqual(envelope["to"], ["b@example.com", "c@example.com"])
            self.same(content, messages.DOTS, "aiosmtpd's content")


@matrix.in_the_clear("Postfix's smtp-sink", "from post", "octet for octet")
@messages.one_test_each()
class SmtpSink(PostCase):
    @classmethod
    def require(cls):
        cls.smtp_sink = postfix.tool("smtp-sink")

    def setUp(self):
        super().setUp()
        self.dumps = self.scratch / "dumps"
        self.dumps.mkdir()
        self.dumps.chmod(0o777)  # for the user that smtp-sink becomes

    def server(self, *options):
        # It cannot pick a port and tell: another program may take the one that was free a moment ago.
        for _ in range(5):
            with socket.create_server(("127.0.0.1", 0)) as probe:
                port = probe.getsockname()[1]
            program = self.program([self.smtp_sink, *postfix.user_option(), "-h", "sink.example", "-d",
                                    self.dumps / "dump.", *options, f"127.0.0.1:{port}", "100"],
                                   env=postfix.environment())
            if self._answers(program, port):
                return port
        self.fail(f"smtp-sink does not start:\n{program.err().decode(errors='replace')}")

    def _answers(self, program, port):
        deadline = time.monotonic() + harness.PATIENCE
        while program.process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                return True
            except OSError:
                time.sleep(0.01)
        return False

    def stored(self):
        """The dumps without the header that smtp-sink puts before and the empty line it puts after each message."""
        contents = []
        for path in self.dumps.iterdir():
            dump = path.read_bytes()
            own = re.match(rb"(?:X-[^\n]*\n)+Received: [^\n]*\n\t[^\n]*\n\t[^\n]*\n", dump)
            self.assertTrue(own and dump.endswith(b"\n"), f"not smtp-sink's dump format: {dump[:300]!r}")
            contents.append(dump[own.end():-1])
        return contents

    def check(self, content, *options):
        recorder = self.recorder(self.server(*options))
        self.expect(self.post(recorder.port, content), DELIVERED)
        self.sent(recorder, content)
        self.assertEqual(len(self.stored()), 1, "messages that smtp-sink got")
        # It writes Unix files.
        self.same(self.stored()[0], content.replace(b"\r\n", b"\n"), "smtp-sink's dump against post's file")
        return recorder

    def test_without_pipelining(self):
        self.check(messages.EVERYTHING, "-p")

    def test_without_esmtp(self):
        recorder = self.check(messages.DOTS, "-e")
        self.assertIn(b"HELO client.example", self.commands(recorder))
        self.assertIn(b"MAIL FROM:<a@example.com>", self.commands(recorder), "a MAIL command without parameters")

    def test_ehlo_refused(self):
        self.check(messages.DOTS, "-f", "ehlo")

    def test_without_8bitmime(self):
        self.check(messages.DOTS, "-8")

    def test_several_recipients(self):
        to = [f"user{n}@example.com" for n in range(50)]
        self.expect(self.post(self.server(), messages.DOTS, to=to), DELIVERED)
        dump = next(self.dumps.iterdir()).read_text()
        self.assertEqual(re.findall(r"^X-Rcpt-Args: <(.*)>$", dump, re.MULTILINE), to)

    def test_repeat(self):
        self.expect(self.post(self.server(), messages.DOTS, "--repeat=100"), DELIVERED)
        self.same_set(self.stored(), [messages.DOTS.replace(b"\r\n", b"\n")] * 100, "smtp-sink's dumps")

    def faults(self, option, commands, code, content=messages.DOTS):
        for command in commands:
            with self.subTest(option=option, command=command):
                port = self.server(option, command)
                self.expect(self.post(port, content), code, f"with smtp-sink {option} {command}")

    def test_refused_for_good(self):
        self.faults("-f", ["connect", "mail", "rcpt", "data", "."], REFUSED)

    def test_refused_for_now(self):
        self.faults("-r", ["connect", "mail", "rcpt", "data", "."], TRY_LATER)

    def test_server_disconnects(self):
        self.faults("-q", ["connect", "ehlo", "mail", "rcpt", "data", "."], TRY_LATER)

    def test_server_disconnects_after_421(self):
        self.faults("-Q", ["connect", "mail", "rcpt", "data", "."], TRY_LATER)

    def test_server_disconnects_after_1_mib(self):
        self.faults("-q", ["."], TRY_LATER, messages.BASE64)

    def test_trouble_with_quit_is_no_failure(self):
        # The message was accepted. Reporting a failure would have it delivered twice.
        for option in ("-q", "-Q", "-f", "-r"):
            self.faults(option, ["quit"], DELIVERED)

    def test_server_stops_reading(self):
        # 550 at once after 354, and nothing more is read: post may see the reply, or only a broken connection.
        self.faults("-A", ["0"], (REFUSED, TRY_LATER), messages.BASE64)


@messages.one_test_each()
class ToMailsink(PostCase):
    """Both programs under test on one wire, and the recorder between them."""

    def check(self, content):
        sink = self.sink()
        recorder = self.recorder(sink.port)
        self.expect(self.post(recorder.port, content), DELIVERED)
        self.same(sink.only(), content, "mailsink's file against post's")
        self.sent(recorder, content)
        sink.finish()

    def test_repeat(self):
        sink = self.sink()
        self.expect(self.post(sink.port, messages.EVERYTHING, "--repeat=100"), DELIVERED)
        self.same_set(sink.contents(), [messages.EVERYTHING] * 100, "mailsink's files")
        sink.finish()
