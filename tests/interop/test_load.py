"""Postfix's smtp-source and our post: many connections at once, and nothing is lost."""

import re

import harness
import matrix
import messages
import postfix
import wire

SESSIONS = 100
MESSAGES = 1000

# What smtp-source writes by itself: its -l counts the body's octets, line ends included. It ends every content, this
# one and any from a file, with one more CRLF.
_GENERATED = re.compile(rb"From: <a@example\.com>\r\nTo: <b@example\.com>\r\nDate: [^\r\n]+\r\n"
                        rb"Message-Id: <([^<>\r\n]+)>\r\n\r\n((?:[^\r\n]+\r\n)+[^\r\n]+)\r\n", re.DOTALL)


@matrix.in_the_clear("Postfix's smtp-source", "to mailsink", "octet for octet; up to 200 connections at once")
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

    def test_200_connections(self):
        # A peak of 200 each time, and connections come and go.
        sink = self.sink()
        self.load(sink.port, "-l", 500, sessions=200)
        self.check_generated(sink.contents(), 500)
        self.assertEqual(sink.finish(), (MESSAGES, MESSAGES), "(messages, connections)")

    def test_200_connections_kept_open(self):
        sink = self.sink()
        recorder = self.recorder(sink.port, together=200)
        self.load(recorder.port, "-l", 500, "-d", sessions=200)
        self.assertEqual(recorder.peak, 200, "connections open at once")
        self.check_generated(sink.contents(), 500)
        self.assertEqual(sink.finish(), (MESSAGES, 200), "(messages, connections)")

    def test_discard(self):
        sink = self.sink("--discard")
        prepared = messages.with_lf(messages.DOTS)
        self.load(sink.port, "-F", self.file("dots", prepared))
        octets = len(messages.DOTS + messages.CRLF) * MESSAGES
        self.assertEqual(sink.finish(), (MESSAGES, octets, MESSAGES), "(messages, octets, connections)")

    def test_against_the_wire(self):
        sink = self.sink()
        recorder = self.recorder(sink.port, together=SESSIONS)
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


class Post(harness.Case):
    """post --repeat with several connections: every message arrives, octet for octet."""

    def post(self, port, content, *options):
        self.must_run([harness.post, f"--port={port}", "--from=a@example.com", "--to=b@example.com", *options,
                       self.file("post.eml", content)], timeout=40)

    def check(self, content, count, connections, *options, total=None):
        sink = self.sink()
        self.post(sink.port, content, f"--repeat={count}", f"--connections={connections}", *options)
        self.same_set(sink.contents(), [content] * count, "mailsink's files against post's")
        self.assertEqual(sink.finish(), (count, total or connections), "(messages, connections)")

    def test_20_connections(self):
        self.check(messages.EVERYTHING, 200, 20)

    def test_200_connections(self):
        self.check(messages.DOTS, 2000, 200)

    def test_connection_for_each_message(self):
        self.check(messages.DOTS, 1000, 50, "--reconnect", total=1000)

    def test_large(self):
        self.check(messages.BASE64, 40, 8)

    def test_no_octets(self):
        self.check(messages.NO_OCTETS, 100, 10)

    def test_more_connections_than_messages(self):
        self.check(messages.DOT_LAST, 3, 10, total=3)

    def test_one_refusal_ends_it(self):
        def script(lines):
            lines.send(b"220 server.example\r\n")
            lines.line()
            lines.send(b"250 server.example\r\n")
            for reply in (b"250 ok", b"250 ok", b"354 go"):
                lines.line()
                lines.send(reply + b"\r\n")
            while wire.cut_content(lines.pending)[0] is None:
                self.assertTrue(lines.more(), "post closed in the middle of the content")
            lines.pending = wire.cut_content(lines.pending)[1]
            lines.send(b"554 5.7.1 no\r\n")
            self.assertEqual(lines.line(), b"QUIT")
        server = wire.Scripted(script)
        outcome = self.run_to_end([harness.post, f"--port={server.port}", "--from=a@example.com", "--to=b@example.com",
                                   "--repeat=5", self.file("post.eml", messages.DOTS)])
        server.finish()
        self.assertEqual(outcome.code, 1, outcome.err)

    def test_against_the_wire(self):
        sink = self.sink()
        recorder = self.recorder(sink.port, together=50)
        self.post(recorder.port, messages.EVERYTHING, "--repeat=200", "--connections=50")
        sent = self.recorded(recorder)
        self.assertEqual(recorder.peak, 50, "connections open at once")
        self.assertEqual([delivery.code for delivery in sent], [250] * 200, "replies to the contents")
        self.same_set([delivery.content for delivery in sent], [messages.EVERYTHING] * 200, "the wire against post's file")
        self.same_set(sink.contents(), [messages.EVERYTHING] * 200, "mailsink's files against post's")
        sink.finish()
