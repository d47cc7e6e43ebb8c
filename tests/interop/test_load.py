"""Postfix's smtp-source: many connections at once, and nothing is lost."""

import re

import harness
import messages
import postfix

SESSIONS = 100
MESSAGES = 1000

# What smtp-source writes by itself: its -l counts the body's octets, line ends included. It ends every content, this
# one and any from a file, with one more CRLF.
_GENERATED = re.compile(rb"From: <a@example\.com>\r\nTo: <b@example\.com>\r\nDate: [^\r\n]+\r\n"
                        rb"Message-Id: <([^<>\r\n]+)>\r\n\r\n((?:[^\r\n]+\r\n)+[^\r\n]+)\r\n", re.DOTALL)


class SmtpSource(harness.Case):
    @classmethod
    def require(cls):
        cls.smtp_source = postfix.tool("smtp-source")

    def load(self, port, *options, count=MESSAGES, sessions=SESSIONS):
        outcome = self.must_run([self.smtp_source, "-c", "-m", count, "-s", sessions, "-f", "a@example.com",
                                 "-t", "b@example.com", *options, f"127.0.0.1:{port}"],
                                env=postfix.environment(), timeout=40)
        self.assertEqual(int(outcome.out.split()[-1]), count, "deliveries that smtp-source counted")

    def check_generated(self, contents, length):
        """Each message is whole, and each is there once: smtp-source numbers them in the Message-Id."""
        identities = set()
        bodies = set()
        for content in contents:
            whole = _GENERATED.fullmatch(content)
            self.assertTrue(whole, f"not what smtp-source writes: {content[:300]!r}")
            self.assertEqual(len(whole[2]), length, "octets in the body")
            identities.add(whole[1])
            bodies.add(whole[2])
        self.assertEqual(len(contents), MESSAGES, "files")
        self.assertEqual(len(identities), MESSAGES, "different messages")
        self.assertEqual(len(bodies), 1, "different bodies, which smtp-source makes all alike")

    def test_connection_per_message(self):
        sink = self.sink()
        self.load(sink.port, "-l", 500)
        self.check_generated(sink.contents(), 500)
        self.assertEqual(sink.finish(), (MESSAGES, MESSAGES), "(messages, connections)")

    def test_100_connections_kept_open(self):
        sink = self.sink()
        self.load(sink.port, "-l", 500, "-d")
        self.check_generated(sink.contents(), 500)
        self.assertEqual(sink.finish(), (MESSAGES, SESSIONS), "(messages, connections)")

    def test_against_the_wire(self):
        sink = self.sink()
        recorder = self.recorder(sink.port)
        self.load(recorder.port, "-l", 500, "-d")
        stored = sink.contents()
        sent = self.recorded(recorder)
        self.assertEqual(recorder.peak, SESSIONS, "connections open at once")
        self.assertEqual({delivery.code for delivery in sent}, {250}, "replies to the contents")
        self.same_set(stored, [delivery.content for delivery in sent], "mailsink's files against the wire")
        sink.finish()

    def test_prepared_message(self):
        # -F takes a Unix file and stuffs its dots: every file must come out as this one.
        sink = self.sink()
        self.load(sink.port, "-F", self.file("dots", messages.with_lf(messages.DOTS)))
        self.same_set(sink.contents(), [messages.DOTS + messages.CRLF] * MESSAGES, "mailsink's files")
        sink.finish()

    def test_large_messages_side_by_side(self):
        sink = self.sink()
        self.load(sink.port, "-F", self.file("base64", messages.with_lf(messages.BASE64)), count=40, sessions=40)
        self.same_set(sink.contents(), [messages.BASE64 + messages.CRLF] * 40, "mailsink's files")
        self.assertEqual(sink.finish(), (40, 40), "(messages, connections)")
