"""mailsink and post over TLS, with AUTH, BDAT, LMTP and DSN; and what is cut off anywhere."""

import base64
import contextlib
import itertools
import socket
import ssl
import struct
import subprocess

import harness
import messages
import wire

DELIVERED, REFUSED, WRONG_CALL, TRY_LATER = 0, 1, 2, 3
MECHANISMS = ("PLAIN", "LOGIN", "XOAUTH2", "SCRAM-SHA-256")
USER, PASSWORD = "ann", "open-sesame"
PATH = [b"MAIL FROM:<a@example.com>", b"RCPT TO:<b@example.com>"]


class TlsCase(harness.Case):
    @classmethod
    def require(cls):
        harness.need_tls()

    def secure_sink(self, *options, **more):
        """A server with a certificate of its own, for localhost, and one user."""
        ca = self.scratch / f"ca{len(list(self.scratch.glob('ca*')))}.pem"
        sink = self.sink(f"--self-signed={ca}", "--tls-port=0", f"--user={USER}:{PASSWORD}", *options, **more)
        sink.ca = ca
        return sink

    def context(self, sink):
        return ssl.create_default_context(cafile=str(sink.ca))

    def post(self, sink, content, *options, tls="required", to=("b@example.com",), name="localhost", ca=None):
        port = sink.tls_port if tls == "implicit" else sink.port
        more = [f"--tls={tls}", f"--ca={ca or sink.ca}"] if tls else []
        return self.run_to_end([harness.post, f"--host={name}", f"--port={port}", "--from=a@example.com", *more,
                                *(f"--to={address}" for address in to), *options, self.file("post.eml", content)])

    def deliver(self, sink, content, *options, **more):
        outcome = self.post(sink, content, *options, **more)
        self.assertEqual(outcome.code, DELIVERED, outcome.err.decode())
        self.same(sink.contents()[-1], content, "mailsink's file against post's")
        return sink.envelopes()[-1]

    def refuse(self, sink, why, *options, code=REFUSED, **more):
        outcome = self.post(sink, messages.DOTS, *options, **more)
        self.assertEqual(outcome.code, code, outcome.err.decode())
        self.assertIn(why.encode(), outcome.err)
        self.assertEqual(sink.contents(), [])


class Ways(TlsCase):
    """Every way that a message can go from post to mailsink."""

    def test_all_ways(self):
        sink = self.secure_sink()
        lmtp = self.secure_sink("--lmtp")
        count = 0
        for tls, bdat, mechanism, (protocol, target) in itertools.product(
                (None, "if-offered", "required", "implicit"), ((), ("--bdat",), ("--bdat=1000",)), (None, *MECHANISMS),
                (("ESMTP", sink), ("LMTP", lmtp))):
            if mechanism not in (None, "SCRAM-SHA-256") and not tls:
                continue  # see test_no_password_in_the_clear
            login = [f"--user={USER}:{PASSWORD}", f"--auth={mechanism}"] if mechanism else []
            with self.subTest(tls=tls, bdat=bdat, mechanism=mechanism, protocol=protocol):
                how = (["--lmtp"] if target is lmtp else []) + [*bdat, *login]
                content = messages.DOTS + b"%d\r\n" % count
                self.post_and_find(target, content, how, tls, protocol + ("S" if tls else "") + ("A" if mechanism else ""))
                count += 1
        sink.finish()
        lmtp.finish()

    def post_and_find(self, sink, content, how, tls, protocol):
        outcome = self.post(sink, content, *how, tls=tls)
        self.assertEqual(outcome.code, DELIVERED, outcome.err.decode())
        told = sink.envelopes()[-1]
        self.same((sink.directory / told["file"]).read_bytes(), content, "mailsink's file against post's")
        self.assertEqual((told["with"], told["login"]), (protocol, USER if protocol.endswith("A") else ""))

    def test_hard_messages(self):
        sink = self.secure_sink()
        for (name, content), bdat in itertools.product(messages.ALL.items(), ((), ("--bdat",), ("--bdat=777",))):
            with self.subTest(message=name, bdat=bdat):
                outcome = self.post(sink, content, *bdat)
                self.assertEqual(outcome.code, DELIVERED, outcome.err.decode())
                told = sink.envelopes()[-1]
                self.same((sink.directory / told["file"]).read_bytes(), content, "mailsink's file against post's")
        sink.finish()

    def test_binary(self):
        # RFC 3030: any octets, NUL and bare CR and LF among them.
        sink = self.secure_sink()
        content = bytes(range(256)) * 300 + b"\r\n.\r\nQUIT\r\n\n.\n\r"
        told = self.deliver(sink, content, "--bdat=1000", "--binary")
        self.assertIn("BODY=BINARYMIME", told["parameters"])
        sink.finish()

    def test_envelopes(self):
        sink = self.secure_sink("--max-recipients=2000")
        lmtp = self.secure_sink("--max-recipients=2000", "--lmtp")
        many = [f"user{n}@example.com" for n in range(1500)]
        for sender, to in (("", many), ("a@example.com", ["Postmaster"]),
                           ("żółw@example.com", ["亀@例え.example", "b@example.com"]),
                           ("@one.example,@two.example:a@example.com", ["@one.example:b@example.com"]),
                           ("a@[IPv6:2001:db8::1]", ['"a b"@x.example'])):
            for bdat, target in itertools.product(((), ("--bdat",)), (sink, lmtp)):
                with self.subTest(sender=sender, bdat=bdat, lmtp=target is lmtp):
                    how = [*bdat, f"--from={sender}", *(["--lmtp"] if target is lmtp else [])]
                    outcome = self.post(target, messages.DOTS, *how, to=to)
                    self.assertEqual(outcome.code, DELIVERED, outcome.err.decode())
                    told = target.envelopes()[-1]
                    without_route = [address.rpartition(":")[2] if address[:1] == "@" else address for address in (sender, *to)]
                    self.assertEqual([told["from"], *told["to"]], without_route)
        sink.finish()
        lmtp.finish()

    def test_dsn_and_smtputf8(self):
        sink = self.secure_sink()
        told = self.deliver(sink, messages.DOTS, "--notify=success,delay", "--ret=hdrs", "--envid=a+b c", "--smtputf8")
        self.assertEqual(set(told["parameters"].split()),
                         {f"SIZE={len(messages.DOTS)}", "RET=HDRS", "ENVID=a+2Bb+20c", "SMTPUTF8"})
        self.assertEqual(told["to_parameters"], {"b@example.com": "NOTIFY=SUCCESS,DELAY"})
        sink.finish()

    def test_lmtp_answers_for_each_recipient(self):
        for bdat in ((), ("--bdat",)):
            with self.subTest(bdat=bdat):
                sink = self.sink("--lmtp", "--answer=no@x.example=550 5.1.1 Nobody",
                                 "--answer-content=full@x.example=452 4.2.2 Full",
                                 "--answer-content=odd@x.example=554 5.6.0 Not for me")
                outcome = self.post(sink, messages.DOTS, "--lmtp", *bdat, tls=None,
                                    to=("no@x.example", "b@example.com", "full@x.example", "odd@x.example", "c@example.com"))
                self.assertEqual(outcome.code, REFUSED)
                self.assertEqual([line.split(b"@")[0] for line in outcome.err.splitlines()],
                                 [b"post: <no", b"post: <full", b"post: <odd"])
                self.same(sink.only(), messages.DOTS, "mailsink's file")
                self.assertEqual([(line["to"], line["reply"][:3], line["file"] is None) for line in sink.envelopes()],
                                 [(["b@example.com", "c@example.com"], "250", False), (["full@x.example"], "452", True),
                                  (["odd@x.example"], "554", True)])
                sink.finish()

    def test_many_at_once(self):
        sink = self.secure_sink()
        for how in (("--bdat=5000",), (), ("--reconnect",)):
            outcome = self.post(sink, messages.EVERYTHING, "--repeat=60", "--connections=12", *how, f"--user={USER}:{PASSWORD}")
            self.assertEqual(outcome.code, DELIVERED, outcome.err)
        self.same_set(sink.contents(), [messages.EVERYTHING] * 180, "mailsink's files")
        sink.finish()

    def test_refused_chunk(self):
        # RFC 3030 2: what was sent after it is thrown away, and QUIT is heard.
        sink = self.secure_sink("--max-size=65536", "--without=SIZE")
        for size in ("--bdat=30000", "--bdat"):
            outcome = self.post(sink, messages.BASE64, size)
            self.assertEqual(outcome.code, REFUSED, outcome.err)
            self.assertIn(b"552", outcome.err)
        self.assertEqual(sink.finish()[0], 0)


class Trust(TlsCase):
    """What is refused, and when: no message and no password goes where it should not."""

    def test_no_password_in_the_clear(self):
        sink = self.secure_sink()
        for mechanism in ("PLAIN", "LOGIN", "XOAUTH2"):
            for more in ((), ("--clear-passwords",)):
                self.refuse(sink, "does not offer AUTH", f"--user={USER}:{PASSWORD}", f"--auth={mechanism}", *more, tls=None)
        willing = self.sink("--clear-passwords", f"--user={USER}:{PASSWORD}")
        recorder = self.recorder(willing.port)
        outcome = self.run_to_end([harness.post, f"--port={recorder.port}", "--from=a@example.com", "--to=b@example.com",
                                   f"--user={USER}:{PASSWORD}", "--auth=PLAIN", self.file("m", messages.DOTS)])
        self.assertEqual(outcome.code, WRONG_CALL)
        self.assertIn(b"without TLS", outcome.err)
        self.assertNotIn(b"AUTH", bytes(recorder.finish()[0].client))
        self.assertEqual(self.post(willing, messages.DOTS, f"--user={USER}:{PASSWORD}", "--auth=PLAIN", "--clear-passwords",
                                   tls=None).code, DELIVERED)

    def test_wrong_password(self):
        sink = self.secure_sink()
        for mechanism, user in itertools.product(MECHANISMS, (f"{USER}:wrong", f"nobody:{PASSWORD}")):
            self.refuse(sink, "535", f"--user={user}", f"--auth={mechanism}")

    def test_certificate(self):
        sink = self.secure_sink()
        for tls in ("required", "implicit"):
            self.deliver(sink, messages.DOTS, tls=tls, name="127.0.0.1")
        other = self.secure_sink("--host=127.0.0.2", host="127.0.0.2")
        for tls in ("required", "if-offered", "implicit"):
            outcome = self.post(sink, messages.DOTS, tls=tls, ca=other.ca)
            self.assertEqual(outcome.code, TRY_LATER)
            self.assertIn(b"TLS: self", outcome.err)
            self.refuse(other, "TLS: IP address mismatch", tls=tls, code=TRY_LATER, name="127.0.0.2")
            self.assertEqual(self.post(sink, messages.DOTS, "--insecure", tls=tls, ca=other.ca).code, DELIVERED)
        outcome = self.run_to_end([harness.mailsink, "--discard", f"--certificate={sink.ca}"])
        self.assertEqual(outcome.code, WRONG_CALL)  # a certificate without its key

    def test_required(self):
        plain = self.sink()
        outcome = self.run_to_end([harness.post, f"--port={plain.port}", "--from=", "--to=b@example.com", "--tls=required",
                                   "--insecure", self.file("m", messages.DOTS)])
        self.assertEqual((outcome.code, plain.files()), (REFUSED, []))
        self.assertIn(b"does not offer STARTTLS", outcome.err)
        sink = self.secure_sink("--require-tls")
        self.refuse(sink, "530", tls=None)
        self.deliver(sink, messages.DOTS)
        sink = self.secure_sink("--require-auth")
        self.refuse(sink, "530")
        self.deliver(sink, messages.DOTS, f"--user={USER}:{PASSWORD}")

    def test_secrets_are_told_nobody(self):
        sink = self.secure_sink("--verbose")
        for mechanism in MECHANISMS:
            self.deliver(sink, messages.DOTS, f"--user={USER}:{PASSWORD}", f"--auth={mechanism}")
            self.assertEqual(self.post(sink, messages.DOTS, f"--user={USER}:{PASSWORD}x", f"--auth={mechanism}").code, REFUSED)
        with wire.Peer(sink.port) as peer:  # before TLS; misspelt
            peer.code()
            for command in (b"EHLO x", b"AUTH PLAIN " + base64.b64encode(b"\0ann\0" + PASSWORD.encode()),
                            b"AUT PLAIN " + PASSWORD.encode(), b"AUTH PLAIN=" + PASSWORD.encode(),
                            b"AUTH LOGIN " + PASSWORD.encode()):
                peer.ask(command)
        told = sink.err() + (sink.directory / harness.LOG).read_bytes() + sink.out()
        self.assertIn(b"AUTH 535", told)
        for secret in (PASSWORD.encode(), base64.b64encode(PASSWORD.encode()), base64.b64encode(b"\0ann\0" + PASSWORD.encode())):
            self.assertNotIn(secret[:10], told)

    def test_octets_after_starttls(self):
        # RFC 3207 4.2, and CVE-2011-0411: what came in the clear is never heard under TLS.
        sink = self.secure_sink()
        for more in (b"NOOP\r\n", b"N", b"EHLO evil.example\r\nMAIL FROM:<evil@example.com>\r\n"):
            for together in (True, False):
                with wire.Peer(sink.port) as peer:
                    self.assertEqual((peer.code(), peer.ask(b"EHLO x")), (220, 250))
                    if together:
                        peer.send(b"STARTTLS\r\n" + more)
                        self.assertEqual([code for code in peer.until_closed() if code < 400], [])
                        continue
                    self.assertEqual(peer.ask(b"STARTTLS"), 220)
                    with contextlib.suppress(OSError):   # it may have hung up by now
                        peer.send(more)
                        peer.socket.shutdown(socket.SHUT_WR)
                    self.assertNotIn(b"250", self.rest(peer))
        sink.finish()

    def rest(self, peer):
        octets = b""
        with contextlib.suppress(OSError):
            while more := peer.socket.recv(65536):
                octets += more
        return octets

    def test_no_renegotiation(self):
        # TLS 1.2 has it, and openssl asks for it when told "R". mailsink goes on as if nothing had been; the client gives up.
        sink = self.secure_sink()
        openssl = harness.tool("openssl", "openssl")
        client = subprocess.Popen([openssl, "s_client", "-tls1_2", "-connect", f"localhost:{sink.tls_port}"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        with client:
            said = b""
            while b"220 " not in said:
                self.assertTrue(line := client.stdout.readline(), said)
                said += line
            said = client.communicate(b"R\n", timeout=harness.PATIENCE)[0]
        self.assertRegex(said, rb"(?s)RENEGOTIATING.*no renegotiation")
        with TlsPeer(sink.tls_port, self.context(sink)) as peer:
            self.assertEqual((peer.code(), peer.ask(b"EHLO x")), (220, 250))
        sink.finish()

    def test_handshake_that_does_not_come(self):
        sink = self.secure_sink("--idle=2")
        for port in (sink.port, sink.tls_port):
            with wire.Peer(port) as peer:
                if port == sink.port:
                    self.assertEqual((peer.code(), peer.ask(b"EHLO x"), peer.ask(b"STARTTLS")), (220, 250, 220))
                peer.socket.settimeout(6)
                self.assertEqual(peer.socket.recv(100), b"", "closed, and nothing said in the clear")
        sink.finish()


class TlsPeer(wire.Peer):
    """A hand-driven client under TLS from the beginning."""

    def __init__(self, port, context):
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        wire.Lines.__init__(self, context.wrap_socket(connection, server_hostname="localhost"))


class CutOff(TlsCase):
    """A connection that ends after each octet of a whole session, in each of the ways in which it can. What was acknowledged is
    there once, and nothing else is."""

    CONTENT = b"Subject: x\r\n\r\n.dot\r\n..\r\n"
    DATA = b"EHLO c.example\r\n" + b"".join(line + b"\r\n" for line in PATH) + b"DATA\r\n" + wire.stuff(CONTENT) + b"QUIT\r\n"
    BDAT = (b"EHLO c.example\r\n" + b"".join(line + b"\r\n" for line in PATH) + b"BDAT 10\r\n" + CONTENT[:10] +
            b"BDAT %d LAST\r\n" % (len(CONTENT) - 10) + CONTENT[10:] + b"QUIT\r\n")

    def reset(self, peer):
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.socket.close()

    def close(self, peer):
        peer.socket.close()  # TCP's end without TLS's

    def close_notify(self, peer):
        with contextlib.suppress(OSError):
            peer.socket.settimeout(2)
            peer.socket.unwrap()
        peer.socket.close()

    def notify_only(self, peer):
        """TLS's end without TCP's: the server must not go on in the clear."""
        raw = socket.socket(fileno=socket.dup(peer.socket.fileno()))
        raw.settimeout(5)
        with contextlib.suppress(OSError, ValueError):
            peer.socket.settimeout(2)
            peer.socket.unwrap()
        with contextlib.suppress(OSError):
            raw.sendall(b"NOOP\r\nRSET\r\n")
            while octets := raw.recv(4096):
                self.assertNotIn(b"250", octets)
        raw.close()
        peer.socket.close()

    def check(self, session, cut, step=1):
        sink = self.secure_sink()
        context = self.context(sink)
        whole, acknowledged = 0, 0
        end = session.index(b"QUIT")
        for at in range(1, len(session) + 1, step):
            with contextlib.closing(TlsPeer(sink.tls_port, context).socket) as connection:
                peer = wire.Lines(connection)
                peer.send(session[:at])
                if at >= end:
                    whole += 1
                    codes = b""
                    while codes.count(b"\n250 ") + codes.count(b"\n354 ") < 5:  # the fifth is for the message
                        octets = connection.recv(4096)
                        self.assertTrue(octets, f"closed before it was acknowledged: {codes}")
                        codes += octets
                    acknowledged += 1
                cut(peer)
        with TlsPeer(sink.tls_port, context) as peer:  # when this one is served, the end of the others has been noticed
            self.assertEqual(peer.code(), 220)
        self.same_set(sink.contents(), [self.CONTENT] * whole, "files against what was acknowledged")
        self.assertEqual((sink.finish()[0], acknowledged), (whole, whole))

    def test_data_closed(self):
        self.check(self.DATA, self.close)

    def test_data_close_notify(self):
        self.check(self.DATA, self.close_notify)

    def test_data_notify_only(self):
        self.check(self.DATA, self.notify_only)

    def test_data_reset(self):
        self.check(self.DATA, self.reset)

    def test_bdat_closed(self):
        self.check(self.BDAT, self.close)

    def test_bdat_close_notify(self):
        self.check(self.BDAT, self.close_notify)

    def test_bdat_reset(self):
        self.check(self.BDAT, self.reset)

    def test_in_the_handshake(self):
        """The same for the records themselves: the connection is cut after each octet that a client sends from the beginning."""
        sink = self.secure_sink()
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context(sink).wrap_bio(incoming, outgoing, server_hostname="localhost")
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.do_handshake()
        hello = outgoing.read()
        for at in range(len(hello)):
            for port in (sink.tls_port, sink.port) if at % 16 == 0 else (sink.tls_port,):
                with wire.Peer(port) as peer:
                    if port == sink.port:
                        self.assertEqual((peer.code(), peer.ask(b"EHLO x"), peer.ask(b"STARTTLS")), (220, 250, 220))
                    peer.send(hello[:at])
        with TlsPeer(sink.tls_port, self.context(sink)) as peer:
            self.assertEqual(peer.code(), 220)
        self.assertEqual(sink.finish()[0], 0)

    def test_in_the_middle_of_a_record(self):
        """Cut after each 7th octet of what goes over TCP, when the message is in one record and its end in the next."""
        sink = self.secure_sink()
        recorder = Cutter(sink.tls_port)
        self.addCleanup(recorder.close)
        content = messages.DOTS
        total = recorder.measure(lambda: self.session(sink, recorder.port, content))
        acknowledged = 1
        for at in range(1, total, 7):
            recorder.limit = at
            acknowledged += self.session(sink, recorder.port, content)
        with TlsPeer(sink.tls_port, self.context(sink)) as peer:
            self.assertEqual(peer.code(), 220)
        kept = len(sink.contents())
        # The acknowledgement itself may be on its way when the connection is cut: a message can be there that nobody was told of.
        self.assertGreaterEqual(kept, acknowledged)
        self.same_set(sink.contents(), [content] * kept, "mailsink's files")
        self.assertLess(kept - acknowledged, 1 + 100 // 7 * 4)
        self.assertEqual(sink.finish()[0], kept)

    def session(self, sink, port, content):
        """Whether the message was acknowledged."""
        with contextlib.suppress(OSError, AssertionError), socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
            with self.context(sink).wrap_socket(raw, server_hostname="localhost") as connection:
                peer = wire.Peer.__new__(wire.Peer)
                wire.Lines.__init__(peer, connection)
                peer.envelope()
                peer.send(wire.stuff(content))
                return peer.code() == 250
        return False


class Cutter(wire.Recorder):
    """A proxy that ends a connection after so many octets of the client."""

    def __init__(self, port):
        self.limit = 1 << 60
        self.seen = 0
        super().__init__(port)

    def measure(self, run):
        run()
        self.finish_quietly()
        return len(self.sessions[-1].client)

    def finish_quietly(self):
        for pump in self.sessions[-1].pumps:
            pump.join(10)

    def _start(self, session, client, server):
        limit = self.limit

        class Bounded:
            """The server's side, which is closed when it has had its octets."""

            def __init__(self):
                self.left = limit

            def sendall(self, octets):
                server.sendall(octets[:self.left])
                self.left -= len(octets)
                if self.left <= 0:
                    server.shutdown(socket.SHUT_RDWR)
                    client.shutdown(socket.SHUT_RDWR)

            def __getattr__(self, name):
                return getattr(server, name)
        super()._start(session, client, Bounded())

