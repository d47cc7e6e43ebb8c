"""The example relay: TLS and logins, peers that die or dawdle, smuggling, load; nothing is acknowledged that the server behind it did not
acknowledge."""

import concurrent.futures
import contextlib
import pathlib
import socket
import struct
import threading
import time

import harness
import messages
from relaying import ENVELOPE, HELLO, WithRelay
from test_tls import PASSWORD, USER, TlsCase
from wire import Lines, Peer, reply_codes, stuff


class Tls(TlsCase, WithRelay):
    """TLS ends at the relay, on either side."""

    def relays(self, *options, sink_options=()):
        sink = self.secure_sink("--xclient", *sink_options)
        ca = self.scratch / "relay.pem"
        relay = self.put_relay(sink.port, f"--self-signed={ca}", "--tls-port=0", *options)
        relay.ca = ca
        return sink, relay

    def deliver(self, relay, *options, tls="required"):
        self.must_post(relay, messages.EVERYTHING, *options, tls=tls)

    def must_post(self, relay, content, *options, tls):
        outcome = self.post(relay, content, *options, tls=tls)
        self.assertEqual(outcome.code, 0, outcome.err.decode())

    def check(self, sink, how):
        self.same(sink.only(), messages.EVERYTHING, "mailsink's file")
        self.assertEqual(sink.envelopes()[0]["with"], how)

    def test_towards_the_client(self):
        for tls in ("required", "implicit"):
            sink, relay = self.relays()
            self.deliver(relay, tls=tls)
            self.check(sink, "ESMTP")

    def test_towards_the_server(self):
        sink, relay = self.relays("--starttls=required", "--insecure")
        self.deliver(relay, tls=None)
        self.check(sink, "ESMTPS")

    def test_both_and_chunks(self):
        sink, relay = self.relays("--starttls=offered", "--insecure")
        self.deliver(relay, "--bdat=10000")
        self.check(sink, "ESMTPS")

    def test_server_not_trusted(self):
        sink, relay = self.relays("--starttls=required")
        with Peer(relay.port) as peer:
            self.assertEqual(peer.until_closed(), [421])
        self.assertEqual(sink.files(), [])

    def test_login_passes(self):
        sink, relay = self.relays("--starttls=required", "--insecure", sink_options=["--require-auth"])
        self.deliver(relay, f"--user={USER}:{PASSWORD}", "--auth=PLAIN")
        self.check(sink, "ESMTPSA")
        self.assertEqual(sink.envelopes()[0]["login"], USER)
        self.assertEqual(self.post(relay, messages.DOTS, f"--user={USER}:wrong", "--auth=SCRAM-SHA-256").code, 1)
        self.deliver(relay, f"--user={USER}:{PASSWORD}", "--auth=SCRAM-SHA-256")

    def test_login_of_the_relay(self):
        """It logs in for clients that know nothing of it, and AUTH is neither offered to them nor taken."""
        passwords = self.file("passwords", f"{USER}:{PASSWORD}\n".encode())
        for how, options, demands in (("ESMTPSA", ["--starttls=required"], ["--require-auth"]), ("ESMTPSA", ["--starttls=offered", "--xclient"], []),
                                      ("ESMTPA", [], ["--require-auth"])):   # SCRAM needs no TLS
            with self.subTest(options=options):
                sink, relay = self.relays("--insecure", f"--users={passwords}", *options, sink_options=demands)
                self.deliver(relay, tls=None)
                self.check(sink, how)
                self.assertEqual(sink.envelopes()[0]["login"], USER)
                with Peer(relay.port) as peer:
                    peer.code()
                    peer.send(HELLO + b"AUTH PLAIN AGEAYg==\r\n")
                    self.assertNotIn(b"AUTH", peer.reply())
                    self.assertEqual(peer.code(), 502)

    def test_login_of_the_relay_is_refused(self):
        sink, relay = self.relays("--starttls=required", "--insecure", f"--user={USER}:wrong", sink_options=["--require-auth"])
        with Peer(relay.port) as peer:
            self.assertEqual(peer.until_closed(), [421])
        self.assertEqual(sink.files(), [])
        self.assertIn(b"no login at the server: 535", relay.err())

    def test_no_password_of_the_relay_in_the_clear(self):
        server = Server(self)
        server.ANSWERS = Server.ANSWERS | {b"EHLO": b"250-server.example\r\n250 AUTH PLAIN LOGIN\r\n"}
        relay = self.put_relay(server.port, f"--user={USER}:{PASSWORD}")
        with Peer(relay.port) as peer:
            self.assertEqual(peer.until_closed(), [421])
        self.assertIn(b"a password is not sent without TLS", relay.err())
        self.assertEqual(bytes(server.received), b"EHLO relay.example\r\n")

    def test_xclient(self):
        sink, relay = self.relays("--xclient")
        client = socket.create_connection(("127.0.0.1", relay.port), timeout=20, source_address=("127.0.0.2", 0))
        with Lines(client) as lines:
            lines.send(HELLO + ENVELOPE + CONTENTS[0] + b"QUIT\r\n")
            while lines.more():
                pass
            self.assertEqual(reply_codes(lines.pending), [220, 250, 250, 250, 354, 250, 221])
        self.assertEqual(sink.envelopes()[0]["peer"], "127.0.0.2")

    def test_octets_in_the_clear_after_starttls(self):
        sink, relay = self.relays()
        with Peer(relay.port) as peer:
            self.assertEqual((peer.code(), peer.ask(HELLO[:-2])), (220, 250))
            peer.send(b"STARTTLS\r\n" + HELLO + ENVELOPE + b"DATA\r\nx\r\n.\r\n")
            with contextlib.suppress(ConnectionError):
                self.assertEqual(peer.until_closed(), [])
        self.assertEqual(sink.files(), [])


class Server:
    """A server that looks at octets only, serves one connection after the other, and goes away in the middle of what it says."""

    ANSWERS = {b"EHLO": b"250-server.example\r\n250-PIPELINING\r\n250 CHUNKING\r\n", b"DATA": b"354 go\r\n"}

    def __init__(self, test, pause=0.0, receive_buffer=None):
        self.octets, self.reset, self.pause = None, False, pause  # how many it says of all, and how it goes
        self.received, self.said, self.accepted = bytearray(), bytearray(), 0
        self.listener = socket.socket()
        if receive_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(100)
        self.port = self.listener.getsockname()[1]
        self.ended = threading.Event()
        self.clean = None  # its connection ended with FIN, and not with RST
        test.addCleanup(self.close)
        threading.Thread(target=self.run, daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def say(self, connection, octets):
        """False: it was the last."""
        room = len(octets) if self.octets is None else min(len(octets), self.octets - len(self.said))
        self.said += octets[:room]
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(octets[:room])
        return self.octets is None or len(self.said) < self.octets

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.received, self.said, self.clean = bytearray(), bytearray(), None
            with connection:
                try:
                    self.serve(connection)
                except ConnectionError:
                    self.clean = False
                if self.reset:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.ended.set()

    def serve(self, connection):
        connection.settimeout(20)
        pending, content = b"", False
        if not self.say(connection, b"220 server.example\r\n"):
            return
        while True:
            read = connection.recv(2048)
            if not read:
                self.clean = True
                return
            time.sleep(self.pause)
            self.received += read
            pending += read
            while True:
                if content:
                    end = pending.find(b"\r\n.\r\n")
                    if end < 0:
                        pending = pending[-4:]
                        break
                    pending, content = pending[end + 5:], False
                    self.accepted += 1
                    if not self.say(connection, b"250 accepted\r\n"):
                        return
                    continue
                line, crlf, rest = pending.partition(b"\r\n")
                if not crlf:
                    break
                words = line.upper().split()
                if words[0] == b"BDAT":
                    size = int(words[1])
                    if len(rest) < size:
                        break
                    rest = rest[size:]
                    self.accepted += words[-1] == b"LAST"
                content = words[0] == b"DATA"
                pending = (b"\r\n" if content else b"") + rest  # the line end that may be the first of the last
                if not self.say(connection, self.ANSWERS.get(words[0], b"221 bye\r\n" if words[0] == b"QUIT" else b"250 ok\r\n")):
                    return
                if words[0] == b"QUIT":
                    return


CONTENTS = (b"DATA\r\n" + stuff(messages.DOTS), b"BDAT 100\r\n" + b"x" * 100 + b"BDAT 2 LAST\r\n\r\n")


class Dying(WithRelay):
    def test_server_dies_at_each_octet_that_it_says(self):
        server = Server(self)
        relay = self.put_relay(server.port)
        for content in CONTENTS:
            script = HELLO + ENVELOPE + content + b"QUIT\r\n"
            server.octets = None
            full = self.talk(relay, script)
            self.assertEqual(reply_codes(full)[-2:], [250, 221])
            for n in range(len(full)):
                server.octets, server.reset = n, n % 2 == 1
                heard = self.talk(relay, script)
                told = heard[:heard.rfind(b"421 ")]
                with self.subTest(said=full[:n], heard=heard):
                    self.assertEqual(reply_codes(heard)[-1], 421)
                    self.assertEqual(told, full[:len(told)])
                    self.assertLessEqual(len(told), n, "what the server has not said")
                    if not server.reset:
                        self.assertEqual(full[:n].rpartition(b"\r\n")[0].count(b"\r\n250 accepted"), told.count(b"\r\n250 accepted"))

    def talk(self, relay, script):
        heard = bytearray()
        with socket.create_connection(("127.0.0.1", relay.port), timeout=20) as client:
            client.sendall(script)
            while octets := client.recv(4096):
                heard += octets
        return bytes(heard)

    def test_client_dies_at_each_octet(self):
        for content in CONTENTS:
            script = HELLO + ENVELOPE + content
            cuts = range(len(HELLO + ENVELOPE), len(script), 3)
            sink = self.sink()
            relay = self.put_relay(sink.port)
            for n in cuts:
                for how in ("reset", "end"):
                    with socket.create_connection(("127.0.0.1", relay.port), timeout=20) as client:
                        client.sendall(script[:n])
                        if how == "reset":
                            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            relay.wait_for(lambda: not self.open_connections(relay), "end of all connections")
            self.assertEqual(sink.files(), [], "messages that nobody ended")
            with Peer(relay.port) as peer:
                peer.send(script)
                codes = [peer.code() for _ in range(6)]
                self.assertEqual(codes[-1], 250)
            self.assertEqual(len(sink.files()), 1)

    def open_connections(self, relay):
        return len(list(pathlib.Path(f"/proc/{relay.process.pid}/fd").iterdir())) > 6

    def test_client_that_dies_in_content_is_a_broken_connection(self):
        server = Server(self)
        relay = self.put_relay(server.port)
        with Peer(relay.port) as peer:
            peer.envelope()
            peer.send(b"half of it\r\n")
            time.sleep(0.1)
        self.assertTrue(server.ended.wait(10))
        self.assertIs(server.clean, False, "an end of the connection that could be taken for that of the content")
        self.assertEqual(server.accepted, 0)

    def test_client_that_says_all_at_once_and_ends(self):
        sink = self.sink()
        relay = self.put_relay(sink.port)
        with socket.create_connection(("127.0.0.1", relay.port), timeout=20) as client:
            client.sendall(HELLO + ENVELOPE + CONTENTS[0] + b"QUIT\r\n")
            client.shutdown(socket.SHUT_WR)
            heard = b""
            while octets := client.recv(4096):
                heard += octets
        self.assertEqual(reply_codes(heard), [220, 250, 250, 250, 354, 250, 221])
        self.same(sink.only(), messages.DOTS, "mailsink's file")

    def test_no_server(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with Peer(self.put_relay(port).port) as peer:
            self.assertEqual(peer.until_closed(), [421])

    def test_server_that_never_answers(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            with Peer(self.put_relay(listener.getsockname()[1], "--patience=1").port) as peer:
                self.assertEqual(peer.until_closed(), [421])

    def test_client_that_says_nothing(self):
        with Peer(self.put_relay(self.sink().port, "--idle=1").port) as peer:
            self.assertEqual(peer.until_closed(), [220, 421])

    def test_ends_with_421(self):
        relay = self.put_relay(self.sink().port)
        with Peer(relay.port) as peer:
            self.assertEqual(peer.code(), 220)
            relay.process.terminate()
            self.assertEqual(peer.until_closed(), [421])


class Slow(WithRelay):
    def test_server_that_reads_slowly(self):
        # 8 MiB to a server that takes its time: the client has to wait, and the relay does not grow.
        content = messages.EMPTY_BODY + (b"x" * 76 + b"\r\n") * 100000
        server = Server(self, pause=0.0005, receive_buffer=4096)
        relay = self.put_relay(server.port)
        before = relay.resident()
        with Peer(relay.port) as peer:
            peer.envelope()
            sender = threading.Thread(target=peer.send, args=(stuff(content),), daemon=True)
            sender.start()
            most = 0
            while sender.is_alive():
                most = max(most, relay.resident())
                time.sleep(0.02)
            sender.join()
            self.assertEqual(peer.code(), 250)
        self.assertEqual(server.accepted, 1)
        self.assertLess(most - before, 2 << 20, "octets that the relay has grown by")
        self.assertTrue(bytes(server.received).endswith(stuff(content)), "content as it was sent")

    def test_client_that_does_not_listen(self):
        relay = self.put_relay(self.sink().port)
        with Peer(relay.port, receive_buffer=4096) as peer:
            self.assertEqual((peer.code(), peer.ask(HELLO[:-2])), (220, 250))
            before = relay.resident()
            peer.socket.settimeout(2)
            sent, commands = 0, b"VRFY a\r\n" * 8192
            with contextlib.suppress(TimeoutError):
                while sent < 256 << 20:   # the kernel alone may keep some 40 MiB
                    sent += peer.socket.send(commands)
                self.fail("a relay that takes all there is")
            self.assertLess(relay.resident() - before, 2 << 20, "octets that the relay has grown by")

    def test_groups_stay_groups(self):
        server = Server(self)
        relay = self.put_relay(server.port)
        with Peer(relay.port) as peer:
            self.assertEqual((peer.code(), peer.ask(HELLO[:-2])), (220, 250))
            began = len(server.received)
            peer.send(ENVELOPE + b"RCPT TO:<c@example.com>\r\nDATA\r\n")
            self.assertEqual([peer.code() for _ in range(4)], [250, 250, 250, 354])
            self.assertEqual(bytes(server.received[began:]), ENVELOPE + b"RCPT TO:<c@example.com>\r\nDATA\r\n")


class Proxy(WithRelay):
    def test_header(self):
        server = Server(self)
        server.ANSWERS = Server.ANSWERS | {b"PROXY": b""}
        relay = self.put_relay(server.port, "--proxy")
        with Peer(relay.port) as peer:
            self.assertEqual((peer.code(), peer.ask(b"NOOP")), (220, 250))
            port = peer.socket.getsockname()[1]
        line = bytes(server.received).partition(b"\r\n")[0]
        self.assertEqual(line, b"PROXY TCP4 127.0.0.1 127.0.0.1 %d %d" % (port, relay.port))


class Smuggling(WithRelay):
    """What the server behind the relay is told, when the client tries to smuggle."""

    def test_odd_ends(self):
        smuggled = b"MAIL FROM:<smuggled@evil.example>\r\nRCPT TO:<v@example.com>\r\nDATA\r\nx\r\n.\r\n"
        for end in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\r\n.\r\0\n", b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\r\n.\r\r\n"):
            with self.subTest(end=end):
                server = Server(self)
                with Peer(self.put_relay(server.port).port) as peer:
                    peer.envelope()
                    peer.send(b"Subject: a\r\n\r\nbody" + end + smuggled + b"QUIT\r\n")
                    self.assertEqual(peer.until_closed()[0], 554)
                self.assertTrue(server.ended.wait(10))
                self.assertEqual(server.accepted, 0)
                self.assertNotIn(b"smuggled", bytes(server.received))

    def test_normalized(self):
        """CR and LF alone are made CRLF, and are the end of nothing; mailsink, which would refuse them, has clean lines."""
        sink = self.sink()
        relay = self.put_relay(sink.port, "--bare=normalize", "--verbose")
        with Peer(relay.port) as peer:
            peer.envelope()
            peer.send(b"a\nb\rc\n.\nd\r\n..e\n.f\r\n.\r\n")
            self.assertEqual(peer.code(), 250)
        self.same(sink.only(), b"a\r\nb\r\nc\r\n.\r\nd\r\n.e\r\n.f\r\n", "mailsink's file")
        self.assertIn(b"made CRLF", relay.err())

    def test_odd_bdat(self):
        for line in (b"BDAT\t38 LAST", b" BDAT 38 LAST", b"BDAT\r38 LAST", b"BDAT 38 LAST x", b"BDAT -1", b"BDAT 99999999999999999999"):
            with self.subTest(line=line):
                server = Server(self)
                with Peer(self.put_relay(server.port).port) as peer:
                    self.assertEqual((peer.code(), peer.ask(HELLO[:-2])), (220, 250))
                    peer.send(ENVELOPE + line + b"\r\nRSET\r\nMAIL FROM:<smuggled@evil.example>\r\n")
                    self.assertEqual(peer.until_closed()[:2], [250, 250])
                self.assertNotIn(b"smuggled", bytes(server.received))


class Load(WithRelay):
    def test_200_connections(self):
        sink = self.sink()
        relay = self.put_relay(sink.port)
        outcome = self.must_run([harness.post, "--host=127.0.0.1", f"--port={relay.port}", "--from=a@example.com", "--to=b@example.com", "--repeat=2000",
                                 "--connections=200", self.file("m.eml", messages.DOTS)], timeout=60)
        self.assertEqual(outcome.code, 0)
        self.same_set(sink.contents(), [messages.DOTS] * 2000, "mailsink's files")

    def test_200_different_ones_interleaved(self):
        sink = self.sink()
        relay = self.put_relay(sink.port)
        contents = [b"".join(b"%d line %d\r\n.%d\r\n" % (n, line, n) for line in range(60)) for n in range(200)]
        with contextlib.ExitStack() as stack:
            peers = [stack.enter_context(Peer(relay.port)) for _ in contents]
            with concurrent.futures.ThreadPoolExecutor(20) as pool:
                list(pool.map(lambda peer: peer.envelope(), peers))
            streams = [stuff(content) for content in contents]
            for at in range(0, max(map(len, streams)), 311):
                for peer, stream in zip(peers, streams):
                    peer.send(stream[at:at + 311])
            self.assertEqual([peer.code() for peer in peers], [250] * len(peers))
        self.same_set(sink.contents(), contents, "mailsink's files")


GROUPS = {
    "relay-tls": [Tls],
    "relay": [Dying, Slow, Proxy, Smuggling, Load],
}
