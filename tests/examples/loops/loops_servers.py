"""Tests of the servers: plain sessions, and TLS."""

import contextlib
import random
import smtplib
import socket
import ssl
import struct
import threading
import time

from loops_case import Case, harness
import messages
import wire

LIMIT = 100  # connections that a server takes at once
TEXTS = [content for content in messages.ALL.values() if content]  # smtplib makes a line of nothing
LOOKUP = 0.005  # seconds until a recipient is looked up


def dialogue(content, end=b"QUIT\r\n"):
    return (b"EHLO client.example\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nRCPT TO:<nobody@example.org>\r\n"
            b"RCPT TO:<b@example.net>\r\nDATA\r\n" + wire.stuff(content) + end)


ANSWERS = [220, 250, 250, 250, 550, 550, 354, 250, 221]


class Sessions(Case):
    def test_however_the_octets_come(self):
        """Whole, octet by octet, in pieces; and with the client's half closed after the last."""
        server = self.server()
        octets = dialogue(messages.DOTS)
        rng = random.Random(1)

        def pieces():
            at = 0
            while at < len(octets):
                size = rng.randint(1, 40)
                yield octets[at:at + size]
                at += size
        for cut in [octets], [octets[n:n + 1] for n in range(len(octets))], list(pieces()):
            with wire.Peer(server.port) as peer:
                for piece in cut:
                    peer.send(piece)
                self.assertEqual(peer.until_closed(), ANSWERS)
        with wire.Peer(server.port) as peer:
            peer.send(dialogue(messages.DOTS, b"NOOP\r\nNOO"))
            peer.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(peer.until_closed(), ANSWERS[:-1] + [250])
        self.accepted(server, *[messages.DOTS] * 4)
        self.end(server)

    def test_smtplib(self):
        server = self.server()
        with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as smtp:
            for content in TEXTS:
                to = ["b@example.org", "nobody@example.org", "postmaster@example.org"]
                refused = smtp.sendmail("a@example.com", to, content)
                self.assertEqual({who: code for who, (code, _) in refused.items()}, {"nobody@example.org": 550})
        self.assertEqual([recipients for _, recipients in server.messages()], [2] * len(TEXTS))
        self.accepted(server, *TEXTS)
        self.end(server)

    def test_chunks(self):
        server = self.server()
        with wire.Peer(server.port) as peer:
            envelope = b"MAIL FROM:<>\r\nRCPT TO:<b@example.org>\r\n"
            peer.send(b"EHLO c.example\r\n" + envelope + b"BDAT 9\r\nabandonedRSET\r\n" + envelope +
                      b"BDAT 6\r\n.\r\n.\r\nBDAT 3 LAST\r\n\r\n.QUIT\r\n")
            self.assertEqual(peer.until_closed(), [220] + [250] * 9 + [221])
        self.accepted(server, b".\r\n.\r\n\r\n.")
        self.end(server)

    def test_without_a_certificate(self):
        server = self.server()
        with wire.Peer(server.port) as peer:
            self.assertEqual(peer.code(), 220)
            peer.send(b"EHLO c.example\r\n")
            self.assertFalse([line for line in peer.reply()[1] if b"STARTTLS" in line])
            self.assertEqual(peer.ask(b"STARTTLS"), 502)
        self.end(server)

    def test_answers_put_off(self):
        """They come late and in their place, and while one client waits, others go on."""
        server = self.server()
        with wire.Peer(server.port) as peer:
            peer.send(b"EHLO c.example\r\nMAIL FROM:<>\r\n")
            self.assertEqual([peer.code() for _ in range(3)], [220, 250, 250])
            since = time.monotonic()
            peer.send(b"RCPT TO:<b@example.org>\r\nNOOP\r\nRCPT TO:<nobody@example.org>\r\nFOO\r\n")
            self.assertEqual([peer.code() for _ in range(4)], [250, 250, 550, 500])
            self.assertGreaterEqual(time.monotonic() - since, 2 * LOOKUP)
        recipients, together = 20, 50
        with contextlib.ExitStack() as stack:
            peers = [stack.enter_context(wire.Peer(server.port)) for _ in range(together)]
            since = time.monotonic()
            for peer in peers:
                peer.send(b"EHLO c.example\r\nMAIL FROM:<>\r\n" + b"RCPT TO:<b@example.org>\r\n" * recipients + b"DATA\r\n")
            for peer in peers:
                self.assertEqual([peer.code() for _ in range(recipients + 4)], [220] + [250] * (recipients + 2) + [354])
            self.assertLess(time.monotonic() - since, together * recipients * LOOKUP / 2)
            for n, peer in enumerate(peers):
                peer.send(b"%d\r\n.\r\nQUIT\r\n" % n)
            for peer in peers:
                self.assertEqual(peer.until_closed(), [250, 221])
        self.accepted(server, *[b"%d\r\n" % n for n in range(together)])
        self.end(server)

    def test_lost(self):
        """In mid-content, while an answer is due, and in a line; by an end and by a reset. What was not ended is not mail."""
        server = self.server()
        whole = dialogue(messages.DOTS)
        content = whole.index(b"DATA\r\n") + 40
        for cut in whole[:content], whole[:whole.index(b"RCPT TO:<nobody")], whole[:30], b"":
            for reset in False, True:
                with wire.Peer(server.port) as peer:
                    peer.send(cut)
                    if reset:
                        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with wire.Peer(server.port) as peer:
            peer.send(whole)
            self.assertEqual(peer.until_closed(), ANSWERS)
        self.accepted(server, messages.DOTS)
        self.end(server)

    def test_too_many(self):
        server = self.server()
        with contextlib.ExitStack() as stack:
            peers = [stack.enter_context(wire.Peer(server.port)) for _ in range(LIMIT)]
            self.assertEqual({peer.code() for peer in peers}, {220})
            with wire.Peer(server.port) as late:
                self.assertEqual(late.until_closed(), [421])
            self.assertEqual(peers[0].ask(b"QUIT"), 221)
            self.assertEqual(peers[0].until_closed(), [])
            with wire.Peer(server.port) as late:
                self.assertEqual(late.code(), 220)
        self.end(server)

    def test_timeouts(self):
        """Of one who says nothing, of one who never ends his line, and of one who does not listen."""
        server = self.server("1")
        since = time.monotonic()
        with wire.Peer(server.port) as silent, wire.Peer(server.port) as dripping, wire.Peer(server.port, 4096) as deaf:
            stop = threading.Event()

            def drip():
                with contextlib.suppress(OSError):
                    while not stop.wait(0.1):
                        dripping.send(b"N")

            def talk():
                with contextlib.suppress(OSError):
                    deaf.socket.settimeout(harness.PATIENCE)
                    deaf.send(b"NOOP\r\n" * 4_000_000)
            threads = [threading.Thread(target=drip), threading.Thread(target=talk)]
            for thread in threads:
                thread.start()
            self.assertEqual(silent.until_closed(), [220, 421])
            self.assertGreaterEqual(time.monotonic() - since, 1)
            self.assertEqual(dripping.until_closed(), [220, 421])
            self.assertLess(time.monotonic() - since, 5)
            threads[1].join(harness.PATIENCE)   # it was cut off
            self.assertFalse(threads[1].is_alive())
            stop.set()
            threads[0].join()
        self.end(server)

    def test_back_pressure(self):
        """A client that does not listen is not read, and nothing is lost when it does."""
        server = self.server()
        with wire.Peer(server.port) as peer:
            peer.socket.setblocking(False)
            sent, quiet = 0, 0
            while quiet < 20:
                try:
                    sent += peer.socket.send((b"NOOP\r\n" * 1000)[sent % 6:])
                    quiet = 0
                except BlockingIOError:
                    quiet += 1
                    time.sleep(0.01)
                self.assertLess(sent, 64 << 20)
            peer.socket.settimeout(10)
            rest = b"NOOP\r\n"[sent % 6:] if sent % 6 else b""
            sender = threading.Thread(target=peer.send, args=(rest + b"QUIT\r\n",))
            sender.start()
            replies = bytearray()
            while octets := peer.socket.recv(65536):
                replies += octets
            sender.join()
            lines = bytes(replies).split(b"\r\n")
            self.assertEqual((lines[0][:3], lines[-2][:3], lines[-1]), (b"220", b"221", b""))
            self.assertEqual({line[:3] for line in lines[1:-2]}, {b"250"})
            self.assertEqual(len(lines) - 3, (sent + len(rest)) // 6)
        self.end(server)

    def test_end(self):
        """SIGTERM: whoever can be told is told 421, whatever he was at."""
        server = self.server()
        whole = dialogue(messages.DOTS)
        with contextlib.ExitStack() as stack:
            peers = []
            for cut, answers in (b"", 1), (b"EHLO c.example\r\n", 2), (whole[:whole.index(b"DATA\r\n") + 40], 7):
                peers.append(stack.enter_context(wire.Peer(server.port)))
                peers[-1].send(cut)
                self.assertEqual([peers[-1].code() for _ in range(answers)], ANSWERS[:answers])
            server.process.terminate()
            for peer in peers:
                self.assertEqual(peer.until_closed()[-1], 421)
        self.end(server, told=True)
        self.accepted(server)


class Tls(Case):
    def setUp(self):
        super().setUp()
        self.context = ssl.create_default_context(cafile=self.certificate())
        self.context.check_hostname = False
        self.tls_server = self.server("300", self.scratch / "cert.pem")

    def begin(self, peer):
        self.assertEqual([peer.code(), peer.ask(b"EHLO c.example"), peer.ask(b"STARTTLS")], [220, 250, 220])
        peer.socket = self.context.wrap_socket(peer.socket)

    def test_smtplib(self):
        with smtplib.SMTP("127.0.0.1", self.tls_server.port, timeout=10) as smtp:
            smtp.ehlo()
            self.assertTrue(smtp.has_extn("starttls"))
            smtp.starttls(context=self.context)
            smtp.ehlo()
            self.assertFalse(smtp.has_extn("starttls"))
            for content in TEXTS:
                smtp.sendmail("a@example.com", ["b@example.org"], content)
        self.accepted(self.tls_server, *TEXTS)
        self.end(self.tls_server)

    def test_octets_in_the_clear_after_starttls(self):
        """RFC 3207 4.2: they could be anybody's."""
        with wire.Peer(self.tls_server.port) as peer:
            self.assertEqual([peer.code(), peer.ask(b"EHLO c.example")], [220, 250])
            peer.send(b"STARTTLS\r\nNOOP\r\n")
            self.assertEqual(peer.until_closed(), [])
        self.end(self.tls_server)

    def test_no_handshake(self):
        with wire.Peer(self.tls_server.port) as peer:
            self.assertEqual([peer.code(), peer.ask(b"EHLO c.example"), peer.ask(b"STARTTLS")], [220, 250, 220])
            peer.send(b"NOOP\r\n" * 100)
            while peer.more():
                pass
            self.assertNotIn(b"250", peer.pending)
        self.end(self.tls_server)

    def test_ended_in_mid_content(self):
        """By close_notify, by closing without it, and by SIGTERM."""
        whole = dialogue(messages.DOTS)
        cut = whole[:whole.index(b"DATA\r\n") + 40]
        for how in "notify", "close":
            with wire.Peer(self.tls_server.port) as peer:
                self.begin(peer)
                peer.send(cut)
                self.assertEqual([peer.code() for _ in range(6)], ANSWERS[1:7])
                if how == "notify":
                    peer.socket = peer.socket.unwrap()
                    peer.send(b"\r\n.\r\nNOOP\r\n")
                    self.assertFalse(peer.more())
        with wire.Peer(self.tls_server.port) as peer:
            self.begin(peer)
            peer.send(cut)
            self.assertEqual([peer.code() for _ in range(6)], ANSWERS[1:7])
            self.tls_server.process.terminate()
            self.assertEqual(peer.until_closed(), [421])
        self.accepted(self.tls_server)
        self.end(self.tls_server, told=True)

    def test_cut_off_after_every_octet(self):
        """Of a whole session, in DATA and in BDAT, in three ways. What was acknowledged is there once, and nothing else is."""
        content = b"Subject: x\r\n\r\n.dot\r\n..\r\n"
        envelope = b"EHLO c.example\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\n"
        data = envelope + b"DATA\r\n" + wire.stuff(content)
        bdat = envelope + b"BDAT 10\r\n" + content[:10] + b"BDAT %d LAST\r\n" % (len(content) - 10) + content[10:]
        whole = 0
        for session, how in (data, "close"), (data, "reset"), (data, "notify"), (bdat, "close"), (bdat, "notify"):
            for at in range(len(session) + 1):
                with wire.Peer(self.tls_server.port) as peer:
                    self.begin(peer)
                    peer.send(session[:at])
                    if at == len(session):
                        self.assertEqual([peer.code() for _ in range(5)][-1], 250)
                        whole += 1
                    if how == "reset":
                        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    elif how == "notify":
                        with contextlib.suppress(OSError):
                            peer.socket.settimeout(2)
                            peer.socket = peer.socket.unwrap()
        with wire.Peer(self.tls_server.port) as peer:  # when it is served, the end of the others has been noticed
            self.begin(peer)
            peer.send(dialogue(messages.DOTS))
            self.assertEqual(peer.until_closed(), ANSWERS[1:])
        self.accepted(self.tls_server, messages.DOTS, *[content] * whole)
        self.end(self.tls_server)
