"""What RFC 5321 and 3207 ask of a server for relaying, for EXPN and for STARTTLS, decided on the wire; and what mailsink's
options change. An independent suite of RFC 5321 leaves these open with a server that has none of the three."""

import re

import harness
import matrix
import messages
import test_tls
import wire


class Answers(harness.Case):
    def peer(self, sink, hello=b"EHLO client.example"):
        peer = wire.Peer(sink.port)
        self.addCleanup(peer.socket.close)
        self.assertEqual(peer.code(), 220)
        peer.send(hello + b"\r\n")
        code, lines = peer.reply()
        self.assertEqual(code, 250)
        peer.offers = [line[4:] for line in lines[1:]]
        return peer

    def say(self, peer, command):
        peer.send(command + b"\r\n")
        code, lines = peer.reply()
        return code, [line[4:] for line in lines]

    def expect(self, peer, *steps):
        for command, code in steps:
            self.assertEqual(peer.ask(command), code, command)


class Relaying(Answers):
    """RFC 5321 3.6, 7.9: mail for others is taken from those who may send it, and refused to all else."""

    def sink_for(self, *options):
        return self.sink("--domain=example.com", "--domain=[192.0.2.1]", *options)

    def test_foreign_domain_is_refused_for_good(self):
        # 3.6.2: 550 where a relay declines. The transaction goes on for the others.
        sink = self.sink_for()
        peer = self.peer(sink)
        self.expect(peer, (b"MAIL FROM:<a@elsewhere.example>", 250))
        code, text = self.say(peer, b"RCPT TO:<b@elsewhere.example>")
        self.assertEqual((code, text[0].split()[0]), (550, b"5.7.1"))
        self.expect(peer, (b"DATA", 503), (b"RCPT TO:<b@example.com>", 250), (b"DATA", 354))
        peer.send(b".\r\n")
        self.assertEqual(peer.code(), 250)
        self.assertEqual(sink.envelopes()[0]["to"], ["b@example.com"])

    def test_ours(self):
        # 2.4: domains have no case. 4.1.3: address literals. 4.5.1: Postmaster, without a domain, is always there.
        peer = self.peer(self.sink_for())
        self.expect(peer, (b"MAIL FROM:<>", 250), *((b"RCPT TO:<" + to + b">", 250) for to in
                    (b"b@EXAMPLE.com", b"b@[192.0.2.1]", b"Postmaster", b"postMASTER@example.com")))

    def test_source_route(self):
        # 3.6.1, C: a route is ignored; it makes nothing ours that is not, and nothing foreign that is.
        peer = self.peer(self.sink_for())
        self.expect(peer, (b"MAIL FROM:<a@x.example>", 250), (b"RCPT TO:<@example.com:b@elsewhere.example>", 550),
                    (b"RCPT TO:<@relay.example:b@example.com>", 250))

    def test_tricks(self):
        # 7.9 and history: none of these is a way around.
        peer = self.peer(self.sink_for())
        self.expect(peer, (b"MAIL FROM:<a@example.com>", 250), *((b"RCPT TO:<" + to + b">", 550) for to in
                    (b"b%elsewhere.example@elsewhere.example", b'"b@example.com"@elsewhere.example',
                     b"b@example.com.elsewhere.example", b"elsewhere.example!b@elsewhere.example", b"b@notexample.com",
                     b"postmaster@elsewhere.example")))

    def test_who_has_logged_in(self):
        # 3.6.3, RFC 6409: for its own users a server takes mail for everybody.
        sink = self.sink_for("--user=ann:sesame", "--clear-passwords")
        peer = self.peer(sink)
        self.expect(peer, (b"MAIL FROM:<a@example.com>", 250), (b"RCPT TO:<b@elsewhere.example>", 550), (b"RSET", 250),
                    (b"AUTH PLAIN AGFubgBzZXNhbWU=", 235), (b"MAIL FROM:<a@example.com>", 250),
                    (b"RCPT TO:<b@elsewhere.example>", 250))

    def test_made_up_answers(self):
        # 3.4: 251 and 551; 4.2.1: a class for each of the ways in which a recipient can fare.
        sink = self.sink("--answer=moved@example.com=251 User not local; will forward to <new@example.com>",
                         "--answer=gone@example.com=551 5.1.6 User not local; please try <new@example.com>",
                         "--answer=busy@example.com=450 4.2.1 Busy", "--answer=closing@example.com=421 4.3.2 Bye",
                         "--answer-content=odd@example.com=554 5.6.0 No")
        peer = self.peer(sink)
        self.expect(peer, (b"MAIL FROM:<>", 250), (b"RCPT TO:<moved@example.com>", 251), (b"RCPT TO:<gone@example.com>", 551),
                    (b"RCPT TO:<busy@example.com>", 450), (b"RCPT TO:<odd@example.com>", 250), (b"DATA", 354))
        peer.send(b".\r\n")
        self.assertEqual(peer.code(), 554)
        self.expect(peer, (b"MAIL FROM:<>", 250), (b"RCPT TO:<closing@example.com>", 421))
        self.assertEqual(peer.until_closed(), [])
        self.assertEqual(sink.files(), [])


class Expansion(Answers):
    """RFC 5321 3.5: EXPN, where it is asked for; offered, answered with the members, and never for what is no list."""

    def sink_with_lists(self):
        return self.sink("--list=staff=ann@example.com", "--list=all=ann@example.com", "--list=all=bob@example.org")

    def test_offered(self):
        # 3.5.2: listed in the answer to EHLO. RFC 821's HELO comes first as well.
        peer = self.peer(self.sink_with_lists())
        self.assertIn(b"EXPN", peer.offers)
        self.assertNotIn(b"EXPN", self.peer(self.sink()).offers)

    def test_members(self):
        # 3.5.1: 250, and each member as a mailbox in angle brackets.
        peer = self.peer(self.sink_with_lists())
        code, text = self.say(peer, b"EXPN staff")
        self.assertEqual((code, re.findall(rb"<[^<>]+>", b"".join(text))), (250, [b"<ann@example.com>"]))
        code, text = self.say(peer, b"EXPN all")
        self.assertEqual((code, re.findall(rb"<[^<>]+>", b"".join(text))), (250, [b"<ann@example.com>", b"<bob@example.org>"]))

    def test_no_list(self):
        # 3.5.1: 550 for what is none. 4.1.1.7: an argument is needed. 3.5.3, 7.3: 502 or 252 where it is not done.
        peer = self.peer(self.sink_with_lists())
        self.expect(peer, (b"EXPN nobody", 550), (b"EXPN", 501), (b"EXPN ann@example.com", 550), (b"VRFY ann", 252))
        self.expect(self.peer(self.sink()), (b"EXPN staff", 502))

    def test_in_any_state(self):
        # 4.1.1.7, 4.1.4: without EHLO, too; and it touches no transaction.
        sink = self.sink_with_lists()
        with wire.Peer(sink.port) as peer:
            self.assertEqual(peer.code(), 220)
            self.expect(peer, (b"EXPN staff", 250), (b"EHLO x", 250), (b"MAIL FROM:<>", 250), (b"EXPN staff", 250),
                        (b"RCPT TO:<b@example.com>", 250), (b"expn staff", 250), (b"DATA", 354))
            peer.send(b".\r\n")
            self.assertEqual(peer.code(), 250)


class StartTls(Answers):
    """RFC 3207: what can be seen without speaking TLS. The rest is in test_tls.py."""

    @classmethod
    def require(cls):
        harness.need_tls()

    def secure_sink(self, *options):
        return self.sink(f"--self-signed={self.scratch / 'ca.pem'}", *options)

    def test_offered_and_taken(self):
        # 4: offered; no argument (501); 220; only after EHLO; not within a transaction.
        peer = self.peer(self.secure_sink())
        self.assertIn(b"STARTTLS", peer.offers)
        self.expect(peer, (b"STARTTLS now", 501), (b"MAIL FROM:<>", 250), (b"STARTTLS", 503), (b"RSET", 250), (b"STARTTLS", 220))

    def test_out_of_order(self):
        sink = self.secure_sink()
        with wire.Peer(sink.port) as peer:
            self.assertEqual(peer.code(), 220)
            self.expect(peer, (b"STARTTLS", 503), (b"HELO x", 250), (b"STARTTLS", 503))

    def test_required(self):
        # 4: 530 to all but NOOP, EHLO, STARTTLS and QUIT (and RSET, which does nothing).
        peer = self.peer(self.secure_sink("--require-tls", "--user=a:b"))
        self.expect(peer, (b"MAIL FROM:<>", 530), (b"VRFY x", 530), (b"AUTH PLAIN AGEAYg==", 530), (b"NOOP", 250),
                    (b"EHLO x", 250), (b"QUIT", 221))

    def test_not_there(self):
        # 4.1.1.1 of RFC 5321: what is not offered is not known.
        peer = self.peer(self.sink())
        self.assertNotIn(b"STARTTLS", peer.offers)
        self.assertFalse([line for line in peer.offers if line.startswith(b"AUTH")])
        self.expect(peer, (b"STARTTLS", 502), (b"AUTH LOGIN", 502))


# What the suite leaves open, and the test that decides it.
matrix.decides("RFC 5321 4.2.4", "STARTTLS that is offered is not refused", StartTls.test_offered_and_taken)
matrix.decides("RFC 3207 4.2", "what came in the clear after STARTTLS is not heard, neither at once nor under TLS",
               test_tls.Trust.test_octets_after_starttls)
matrix.decides("RFC 5321 4.1.1.1", "STARTTLS and AUTH that are not offered are refused", StartTls.test_not_there)
matrix.decides("RFC 5321 3.5.2", "EXPN that works is offered", Expansion.test_offered)
matrix.decides("RFC 5321 3.5.1", "EXPN of a list: 250 and its members; of none: 550", Expansion.test_members,
               Expansion.test_no_list)
matrix.decides("RFC 5321 4.1.4", "EXPN is taken before EHLO, and touches no transaction", Expansion.test_in_any_state)
matrix.decides("RFC 5321 3.6, 7.9", "mail for a domain that is not served is refused, by no trick taken",
               Relaying.test_foreign_domain_is_refused_for_good, Relaying.test_source_route, Relaying.test_tricks)
matrix.decides("RFC 5321 3.3, 3.4", "a recipient that is known to be refused is refused", Relaying.test_made_up_answers)
matrix.decides("RFC 5321 4.5.1", "a recipient that is served is taken, Postmaster always", Relaying.test_ours)


class Settings(Answers):
    """What the options promise, in the answer to EHLO and after it."""

    def test_size(self):
        for options, size in (((), 67108864), (("--max-size=65536",), 65536), (("--max-size=1000000000",), 1000000000)):
            self.assertIn(b"SIZE %d" % size, self.peer(self.sink(*options)).offers)

    def test_without(self):
        peer = self.peer(self.sink("--without=PIPELINING,CHUNKING,BINARYMIME,DSN,SIZE,SMTPUTF8"))
        self.assertEqual(sorted(peer.offers), [b"8BITMIME", b"ENHANCEDSTATUSCODES", b"HELP"])
        self.expect(peer, (b"BDAT 0 LAST", 503), (b"MAIL FROM:<> RET=FULL", 555), (b"MAIL FROM:<> SIZE=1", 555))

    def test_impossible(self):
        for options in (["--without=8BITMIME"], ["--without=CHUNKING"], ["--lmtp", "--without=PIPELINING"], ["--require-auth"],
                        ["--require-tls"], ["--tls-port=0"], ["--without=NOTHING"], ["--answer=a@b"], ["--answer=a@b=99 x"],
                        ["--list=x"], ["--answer=a@b=354 x"], ["--user=x"], ["--users=/nowhere"], ["--bare=x"],
                        ["--certificate=/nowhere"], ["--max-line=100"]):
            with self.subTest(options=options):
                outcome = self.run_to_end([harness.mailsink, "--discard", "--port=0", *options])
                self.assertEqual((outcome.code, outcome.out), (2, b""))
                self.assertTrue(outcome.err)

    def test_errors(self):
        peer = self.peer(self.sink("--max-errors=3"))
        self.expect(peer, (b"NONSENSE", 500), (b"NONSENSE", 500), (b"NONSENSE", 421))
        self.assertEqual(peer.until_closed(), [])

    def test_bare(self):
        for how, code, content in (("reject", 554, None), ("normalize", 250, b"a\r\nb\r\nc\r\n"), ("pass", 250, b"a\nb\rc\r\n")):
            sink = self.sink(f"--bare={how}")
            with wire.Peer(sink.port) as peer:
                peer.envelope()
                peer.send(b"a\nb\rc\r\n.\r\n")
                self.assertEqual(peer.code(), code, how)
            self.assertEqual(sink.contents(), [content] if content else [])

    def test_lmtp(self):
        # RFC 2033 4.1, 4.2: LHLO, neither EHLO nor HELO, and a reply for each recipient.
        sink = self.sink("--lmtp")
        with wire.Peer(sink.port) as peer:
            self.assertEqual(peer.code(), 220)
            self.expect(peer, (b"EHLO x", 500), (b"HELO x", 500), (b"LHLO x", 250), (b"MAIL FROM:<>", 250),
                        (b"RCPT TO:<b@example.com>", 250), (b"RCPT TO:<c@example.com>", 250), (b"DATA", 354))
            peer.send(wire.stuff(messages.DOTS))
            self.assertEqual([peer.code(), peer.code(), peer.ask(b"NOOP")], [250, 250, 250])
        self.same(sink.only(), messages.DOTS, "mailsink's file")

    def test_xclient(self):
        sink = self.sink("--xclient")
        peer = self.peer(sink)
        self.assertTrue(any(line.startswith(b"XCLIENT ") for line in peer.offers), peer.offers)
        self.expect(peer, (b"XCLIENT ADDR=192.0.2.9 NAME=mail.example", 220), (b"EHLO y", 250), (b"MAIL FROM:<>", 250),
                    (b"RCPT TO:<b@example.com>", 250), (b"DATA", 354))
        peer.send(b".\r\n")
        self.assertEqual(peer.code(), 250)
        self.assertEqual((sink.envelopes()[0]["peer"], sink.envelopes()[0]["helo"]), ("192.0.2.9", "y"))
