"""What mailsink --log and post --verbose tell: all that is said, and no secret."""

import base64
import json
import re

import harness
from wire import Peer, stuff

SECRET = b"s3cret-Passw0rd"
CONTENT = b"Subject: x\r\n\r\nwords of the content\r\n"


def spellings(secret):
    """As it may stand in base64, wherever its octets begin."""
    yield secret
    for before in range(3):
        text = base64.b64encode(b"x" * before + secret)
        yield text[(before * 8 + 5) // 6:len(text) - 4]


class Logs(harness.Case):
    def no_secret(self, octets):
        self.assertTrue(octets, "nothing was told")
        for spelt in spellings(SECRET):
            self.assertNotIn(spelt, octets)
        self.assertNotIn(b"words of the content", octets)

    def lines(self, sink):
        """Without the peer in front."""
        found = [re.fullmatch(rb"127\.0\.0\.1:\d+ (.*)", line) for line in sink.err().splitlines()]
        self.assertTrue(all(found), sink.err())
        return [match[1].decode() for match in found]

    def test_a_session(self):
        sink = self.sink("--log")
        with Peer(sink.port) as peer:
            peer.code()
            for command in (b"HELO client.example", b"MAIL FROM:<a@example.com>", b"RCPT TO:<b@example.com>", b"RCPT <c@example.com>", b"DATA"):
                peer.ask(command)
            peer.send(stuff(CONTENT))
            peer.code()
            peer.ask(b"NOOP \x1b[31m")
            peer.ask(b"QUIT")
        sink.finish()
        lines = self.lines(sink)
        self.no_secret(sink.err())
        self.assertEqual([line for line in lines if line[:2] in ("C:", "  ")], [
            "   (connected)", "C: HELO client.example", "C: MAIL FROM:<a@example.com>", "C: RCPT TO:<b@example.com>", "C: RCPT <c@example.com>",
            '        ^ "TO:" should stand here', "C: DATA", f"C: ({len(CONTENT)} octets of content)",
            f"   = delivered 250, {len(CONTENT)} octets, from <a@example.com>, to <b@example.com> 250 ? 501", "C: NOOP \\x1B[31m", "C: QUIT", "   (closed)"])

    def test_what_answers_what(self):
        sink = self.sink("--log")
        with Peer(sink.port) as peer:
            peer.code()
            peer.ask(b"EHLO client.example")
            peer.send(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nNOOP\r\n")
            self.assertEqual([peer.code() for _ in range(3)], [250, 250, 250])
            self.assertEqual(peer.ask(b"QUIT"), 221)
        sink.finish()
        lines = self.lines(sink)
        # The last stands right after its command, if it comes alone.
        self.assertEqual([re.sub(".*   <- ", "", line) for line in lines if "<-" in line], ["MAIL FROM:<a@example.com>", "RCPT TO:<b@example.com>"])
        self.assertFalse([line for line in lines if "perhaps" in line or "not seen" in line], lines)

    def test_secrets(self):
        users = self.file("users", b"me:" + SECRET + b"\n")
        for mechanism in ("PLAIN", "LOGIN", "XOAUTH2"):
            sink = self.sink("--log", "--clear-passwords", f"--users={users}")
            told = self.must_run([harness.post, f"--port={sink.port}", "--from=a@example.com", "--to=b@example.com", "--clear-passwords", "--verbose",
                                  f"--users={users}", f"--auth={mechanism}", self.file("content", CONTENT)])
            sink.finish()
            for octets in (sink.err(), told.err):
                self.no_secret(octets)
                self.assertIn(b"AUTH " + mechanism.encode(), octets)
                self.assertIn(b"S: 235 ", octets)

    def test_a_password_after_a_refused_auth(self):
        sink = self.sink("--log", "--clear-passwords", "--user=me:other")
        with Peer(sink.port) as peer:
            peer.code()
            peer.ask(b"EHLO client.example")
            self.assertEqual(peer.ask(b"AUTH PLAIN " + base64.b64encode(b"\0me\0" + SECRET)), 535)
            self.assertEqual(peer.ask(base64.b64encode(SECRET)), 500)   # a client that did not look
            self.assertEqual(peer.ask(SECRET), 500)
            self.assertEqual(peer.ask(b"BURL imap://x;urlauth=" + SECRET + b" LAST"), 502)
            self.assertEqual(peer.ask(b"QUIT"), 221)
        sink.finish()
        self.no_secret(sink.err())

    def test_json_in_a_file(self):
        log = self.scratch / "log.jsonl"
        sink = self.sink(f"--log={log}", "--log-format=json")
        for _ in range(2):
            with Peer(sink.port) as peer:
                peer.envelope()
                peer.send(stuff(CONTENT))
                self.assertEqual((peer.code(), peer.ask(b"QUIT")), (250, 221))
        sink.finish()
        self.assertEqual(sink.err(), b"")
        events = [json.loads(line) for line in log.read_bytes().splitlines()]
        for n in (1, 2):
            mine = [e for e in events if e["id"] == n]
            self.assertEqual([e["event"] for e in mine][:3], ["connection", "reply", "command"])
            self.assertEqual([e["verb"] for e in mine if e["event"] == "command"], ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"])
            self.assertEqual([(e["from"], e["recipients"], e["octets"], e["what"]) for e in mine if e["event"] == "transaction"],
                             [("<a@example.com>", [{"to": "<b@example.com>", "code": 250}], len(CONTENT), "delivered")])
            self.assertEqual(mine[-1]["event"], "end")
            self.assertTrue(mine[-1]["sure"])

    def test_tls(self):
        harness.need_tls()
        certificate = self.scratch / "sink.pem"
        sink = self.sink("--log", f"--self-signed={certificate}")
        told = self.must_run([harness.post, f"--port={sink.port}", "--from=a@example.com", "--to=b@example.com", "--tls=required", f"--ca={certificate}",
                              "--insecure", "--verbose", self.file("content", CONTENT)])
        sink.finish()
        for octets in (sink.err(), told.err):
            self.no_secret(octets)
            for said in (b"C: STARTTLS\n", b"(TLS)\n", b"C: MAIL FROM:<a@example.com>", b"= delivered 250, "):
                self.assertIn(said, octets)

    def test_post_tells_what_mailsink_tells(self):
        sink = self.sink("--log")
        for options in ([], ["--bdat=10"], ["--repeat=3"]):
            told = self.must_run([harness.post, f"--port={sink.port}", "--from=a@example.com", "--to=b@example.com", "--to=c@example.com", "--verbose",
                                  *options, self.file("content", CONTENT)])
            self.assertEqual(told.err.count(b"= delivered 250, "), 3 if options == ["--repeat=3"] else 1)
            self.assertNotIn(b"   ! ", told.err)
        sink.finish()
