#!/usr/bin/env python3
"""The examples of this folder, run: loops_test.py [--tls] [--client=PROGRAM]... [SERVER]

Tries the server, with --tls its STARTTLS, too; or lets the clients deliver to it, or without a server to scripted ones.
--lacks=PACKAGE skips all.
"""

import argparse
import contextlib
import pathlib
import random
import re
import smtplib
import socket
import ssl
import struct
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "interop"))
import harness  # noqa: E402
import messages  # noqa: E402
import wire  # noqa: E402

option = None
LIMIT = 100  # connections that a server takes at once
TEXTS = [content for content in messages.ALL.values() if content]  # smtplib makes a line of nothing
LOOKUP = 0.005  # seconds until a recipient is looked up


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
                refused = smtp.sendmail("a@example.com", ["b@example.org", "nobody@example.org", "postmaster@example.org"], content)
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


class Clients(Case):
    def deliver(self, port, content, *to):
        """Of each client: its exit code and what it says of each recipient."""
        for client in option.client:
            done = self.run_to_end([client, "127.0.0.1", port, "a@example.com", *to], stdin=content)
            yield done.code, done.out.decode().splitlines(), done.err

    def test_each_message(self):
        server = self.server()
        for content in messages.ALL.values():
            for code, said, err in self.deliver(server.port, content, "b@example.org", "c@example.org"):
                self.assertEqual((code, said, err), (0, ["<b@example.org>: delivered", "<c@example.org>: delivered"], b""))
        self.accepted(server, *list(messages.ALL.values()) * len(option.client))
        self.end(server)

    def test_recipients(self):
        server = self.server()
        many = [f"{n:060}@example.org" for n in range(50)]  # more than the client writes at once
        for code, said, _ in self.deliver(server.port, messages.DOTS, "nobody@example.org", *many, "b@example.net"):
            self.assertEqual((code, said[0], said[-1]), (1, "<nobody@example.org>: refused", "<b@example.net>: refused"))
            self.assertEqual(said[1:-1], [f"<{to}>: delivered" for to in many])
        self.assertEqual(server.messages(), [(messages.DOTS, len(many))] * len(option.client))
        for code, said, _ in self.deliver(server.port, messages.DOTS, "nobody@example.org"):
            self.assertEqual((code, said), (1, ["<nobody@example.org>: refused"]))
        for code, said, _ in self.deliver(server.port, messages.DOTS, "żółw@example.org"):
            self.assertEqual((code, said), (0, ["<żółw@example.org>: delivered"]))
        self.end(server)


class ClientsTls(Case):
    def test_what_is_seen_on_the_way(self):
        """A client that can do TLS says nothing of the message in the clear."""
        server = self.server("300", self.certificate())
        for client in option.client:
            way = self.recorder(server.port)
            self.must_run([client, "127.0.0.1", way.port, "a@example.com", "b@example.org"], stdin=messages.DOTS)
            said = bytes(way.finish()[0].client)
            can = "asio" in client
            self.assertEqual((b"STARTTLS\r\n" in said, b"MAIL FROM" in said, b"Subject" in said), (can, not can, not can))
        self.accepted(server, *[messages.DOTS] * len(option.client))
        self.end(server)


class Refusals(Case):
    """Servers that do as a script says."""

    def check(self, replies, code, said, clients=None):
        """`replies`: to the greeting, EHLO, MAIL, RCPT, DATA, the end of content, QUIT; then the connection is closed."""
        def script(lines):
            content = False
            for reply in replies:
                lines.send(reply)
                while (line := lines.line()) is not None and content and line != b".":
                    pass
                content = reply.startswith(b"354")
        for client in option.client if clients is None else clients:
            server = wire.Scripted(script)
            done = self.run_to_end([client, "127.0.0.1", server.port, "a@example.com", "b@example.org"], stdin=messages.DOTS)
            self.assertEqual((done.code, done.out.decode()), (code, f"<b@example.org>: {said}\n"), (client, done))
            server.finish()

    HELLO = [b"220 mx\r\n", b"250 mx\r\n"]
    TO = HELLO + [b"250 ok\r\n", b"250 ok\r\n"]
    BYE = [b"221 bye\r\n"]

    def test_delivered(self):
        self.check(self.TO + [b"354 go\r\n", b"250 ok\r\n"] + self.BYE, 0, "delivered")
        self.check([b"220 mx\r\n", b"502 what?\r\n", b"250 mx\r\n"] + self.TO[2:] + [b"354 go\r\n", b"250 ok\r\n"] + self.BYE, 0, "delivered")

    def test_refused(self):
        self.check([b"554 no mail here\r\n"] + self.BYE, 1, "refused")
        self.check(self.HELLO[:1] + [b"550 no\r\n", b"550 no\r\n"] + self.BYE, 1, "refused")
        self.check(self.HELLO + [b"550 no\r\n"] + self.BYE, 1, "refused")
        self.check(self.TO[:3] + [b"550 no\r\n"] + self.BYE, 1, "refused")
        self.check(self.TO + [b"554 no\r\n"] + self.BYE, 1, "refused")
        self.check(self.TO + [b"354 go\r\n", b"552 too much\r\n"] + self.BYE, 1, "refused")

    def test_later(self):
        self.check([], 75, "to be tried again")
        self.check([b"421 busy\r\n"], 75, "to be tried again")
        self.check(self.HELLO, 75, "to be tried again")
        self.check(self.TO[:3] + [b"450 busy\r\n"] + self.BYE, 75, "to be tried again")
        self.check(self.TO + [b"354 go\r\n", b"451 no\r\n"] + self.BYE, 75, "to be tried again")

    def test_unknown(self):
        """RFC 1047: lost after the end of the content."""
        self.check(self.TO + [b"354 go\r\n"], 75, "unknown")

    def test_tls(self):
        """Refused, and a handshake that fails; for the clients that can do TLS. The others pay no heed."""
        tls = [client for client in option.client if "asio" in client]
        offer = [b"220 mx\r\n", b"250-mx\r\n250 STARTTLS\r\n"]
        self.check(offer + [b"454 not now\r\n"] + self.TO[2:] + [b"354 go\r\n", b"250 ok\r\n"] + self.BYE, 0, "delivered", tls)
        self.check(offer + [b"220 go\r\n250 early\r\n"], 75, "to be tried again", tls)

        def script(lines):
            for reply in *offer, b"220 go\r\n":
                lines.send(reply)
                lines.more()
        for client in tls:
            server = wire.Scripted(script)
            done = self.run_to_end([client, "127.0.0.1", server.port, "a@example.com", "b@example.org"], stdin=messages.DOTS)
            self.assertEqual((done.code, done.out), (75, b"<b@example.org>: to be tried again\n"))
            server.finish()

    def test_garbage(self):
        self.check([b"HTTP/1.1 400 Bad Request\r\n"], 75, "to be tried again")
        self.check([b"220 mx\r\n250 early\r\n"], 75, "to be tried again")

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            port = nobody.getsockname()[1]
        for client in option.client:
            done = self.run_to_end([client, "127.0.0.1", port, "a@example.com", "b@example.org"])
            self.assertEqual((done.code, done.out), (75, b""))
            self.assertIn(b"cannot connect", done.err)


def main():
    global option
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--client", action="append")
    parser.add_argument("--lacks")
    parser.add_argument("server", nargs="?")
    option, rest = parser.parse_known_args()
    if option.lacks:
        print(f"skipped: there is no {option.lacks}")
        sys.exit(77)
    if not option.client:
        classes = [Sessions, Tls] if option.tls else [Sessions]
    else:
        classes = [Refusals] if not option.server else [Clients, ClientsTls] if option.tls else [Clients]
    unittest.main(argv=[sys.argv[0], *rest], defaultTest=[c.__name__ for c in classes])


if __name__ == "__main__":
    main()
