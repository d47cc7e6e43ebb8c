"""mailsink as a program that is left running."""

import contextlib
import errno
import json
import os
import random
import select
import signal
import socket
import subprocess
import time

import harness
import messages
from sinks import ENVELOPE, Sinks
from wire import Peer, stuff


class Stderr(Sinks):
    """Whoever reads stderr may stall or go away: mail goes on."""

    def start(self, stderr, *options):
        directory = self.scratch / f"mail{random.randrange(10**9)}"
        directory.mkdir()
        process = subprocess.Popen([harness.mailsink, "--port=0", f"--dir={directory}", "--grace=0", *options],
                                   stdout=subprocess.PIPE, stderr=stderr)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, int(process.stdout.readline().rpartition(b":")[2]), directory

    def check(self, process, port, directory, count=400):
        with Peer(port) as peer:
            peer.code(), peer.ask(b"EHLO client.example")
            for n in range(count):
                peer.send((ENVELOPE.replace(b"RCPT TO:<b@example.com>\r\n", b"RCPT TO:<b@example.com>\r\n" * 10)) + b".\r\n")
                self.assertEqual([peer.code() for _ in range(13)], [250] * 11 + [354, 250])
        self.assertEqual(len(list(directory.glob("*.eml"))), count)
        # Whatever number stderr had, nothing of it has become part of anything else.
        lines = (directory / harness.LOG).read_bytes().splitlines()
        self.assertEqual([json.loads(line)["octets"] for line in lines], [0] * count)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(harness.PATIENCE), 0, "exit code")

    def test_reader_goes_away(self):
        ours, theirs = os.pipe()
        started = self.start(theirs, "--verbose")
        os.close(theirs)
        os.close(ours)
        self.check(*started)

    def test_reader_stalls(self):
        ours, theirs = os.pipe()
        self.addCleanup(os.close, ours)
        started = self.start(theirs, "--verbose")
        self.check(*started)
        os.set_blocking(ours, False)
        self.assertGreater(len(os.read(ours, 1 << 20)), 10000, "octets told before the pipe was full")
        # Nobody else who writes there may be surprised by a pipe that does not block.
        self.assertTrue(os.get_blocking(theirs))
        os.close(theirs)

    def test_reader_comes_back(self):
        ours, theirs = os.pipe()
        self.addCleanup(os.close, ours)
        process, port, _ = self.start(theirs, "--verbose")
        os.close(theirs)
        with Peer(port) as peer:
            peer.code()
            for n in range(20000):
                peer.send(b"NOOP\r\n")
                peer.code()
            os.read(ours, 1 << 20)
            self.assertEqual(peer.ask(b"NOOP"), 250)
            self.assertIn(b" lines were dropped here\n", os.read(ours, 1 << 20))

    def test_socket_that_stalls(self):
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        started = self.start(theirs, "--verbose")
        theirs.close()
        self.check(*started)

    def test_closed_from_the_beginning(self):
        directory = self.scratch / "closed"
        directory.mkdir()
        process = subprocess.Popen(["sh", "-c", 'exec "$0" "$@" <&- 2>&-', harness.mailsink, "--port=0", f"--dir={directory}",
                                    "--grace=0", "--verbose"], stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.check(process, int(process.stdout.readline().rpartition(b":")[2]), directory, 50)

    def test_file_keeps_what_others_wrote(self):
        with open(self.scratch / "err", "w+b") as file:
            file.write(b"before\n")
            file.flush()
            process, port, directory = self.start(file, "--verbose")
            self.check(process, port, directory, 5)
            file.seek(0)
            text = file.read()
        self.assertTrue(text.startswith(b"before\n127.0.0.1:"), text[:50])


class Addresses(Sinks):
    """Names, IPv4 and IPv6; what is wrong with an option is said, with exit code 2."""

    def listening(self, *hosts):
        directory = self.scratch / f"mail{random.randrange(10**9)}"
        directory.mkdir()
        program = self.program([harness.mailsink, "--port=0", f"--dir={directory}", *(f"--host={host}" for host in hosts)])
        program.wait_for(lambda: program.out().endswith(b"\n"), "line that says where it listens")
        return [line.removeprefix("listening on ") for line in program.out().decode().splitlines()]

    def greet(self, host, port):
        with socket.create_connection((host, port), timeout=5) as connection:
            self.assertEqual(connection.recv(3), b"220")

    def has_ipv6(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest("no IPv6 here")

    def test_ipv6(self):
        self.has_ipv6()
        sink = self.sink("--host=::1", host="[::1]")
        with socket.create_connection(("::1", sink.port), timeout=5) as connection:
            connection.sendall(b"EHLO x\r\n" + ENVELOPE + b".\r\nQUIT\r\n")
            while connection.recv(4096):
                pass
        self.assertRegex(sink.envelopes()[0]["peer"], r"^\[::1\]:\d+$")

    def test_both(self):
        self.has_ipv6()
        for hosts in (("127.0.0.1", "::1"), ("*",)):
            with self.subTest(hosts=hosts):
                where = self.listening(*hosts)
                self.assertEqual(len(where), 2)
                ports = {int(line.rpartition(":")[2]) for line in where}
                self.assertEqual(len(ports), 1, "one port for all")
                for host in ("127.0.0.1", "::1"):
                    self.greet(host, *ports)

    def test_name(self):
        where = self.listening("localhost")
        self.assertTrue(any(line.startswith("127.0.0.1:") for line in where), where)
        for line in where:
            self.greet(line.rpartition(":")[0].strip("[]"), int(line.rpartition(":")[2]))

    def test_post_by_name_and_ipv6(self):
        for host in ("localhost", "::1"):
            with self.subTest(host=host):
                if host == "::1":
                    self.has_ipv6()
                where = self.listening(host)
                port = where[0].rpartition(":")[2]
                self.must_run([harness.post, f"--host={host}", f"--port={port}", "--from=", "--to=b@example.com",
                               self.file("m", messages.DOTS)])

    def test_why_it_cannot_listen(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.cannot(f"--port={port}", why=os.strerror(errno.EADDRINUSE))
        self.cannot("--host=192.0.2.1", why=os.strerror(errno.EADDRNOTAVAIL))
        self.cannot("--host=no.such.host.invalid", why="no.such.host.invalid")

    def cannot(self, *options, why):
        with self.subTest(options=options):
            outcome = self.run_to_end([harness.mailsink, "--discard", *options])
            self.assertEqual((outcome.code, outcome.out), (1, b""))
            self.assertIn(why.encode(), outcome.err)
            self.assertNotIn(b"Success", outcome.err)

    def test_wrong_options(self):
        wrong = ["--port=abc", "--port=", "--port=99999", "--port=-1", "--port=25x", "--port= 25", "--port", "--port=0x19",
                 "--host=", "--name=", "--name=a b", "--no-such", "word", "--sync=1", "--idle=0", "--idle=1.5",
                 "--max-size=1", "--max-size=99999999999999999999", "--max-recipients=99", "--tolerate=nonsense",
                 "--tolerate=all,nonsense", "--max-connections=0", "--dir=", "--grace=-1", "--discard=yes"]
        for option in wrong:
            with self.subTest(option=option):
                outcome = self.run_to_end([harness.mailsink, "--discard", option])
                self.assertEqual((outcome.code, outcome.out), (2, b""))
                self.assertIn(option.encode(), outcome.err)
        for options in ([], ["--dir=/", "--discard"]):
            self.assertEqual(self.run_to_end([harness.mailsink, *options]).code, 2)
        name = self.file("m", messages.DOTS)
        for option in ("--port=0", "--port=abc", "--port=65536", "--host=", "--name=a b", "--from=a", "--to=", "--to=a b@c",
                       "--repeat=0", "--repeat=1x", "--connections=-1", "--lf=1", "--no-such"):
            with self.subTest(post=option):
                outcome = self.run_to_end([harness.post, "--from=a@example.com", "--to=b@example.com", option, name])
                self.assertEqual(outcome.code, 2)
                self.assertIn(option.encode(), outcome.err)

    def test_help(self):
        for program in (harness.mailsink, harness.post):
            outcome = self.run_to_end([program, "--help"])
            self.assertEqual((outcome.code, outcome.err), (0, b""))
            self.assertIn(b"--host=HOST", outcome.out)


class Ending(Sinks):
    """SIGTERM and SIGINT: nobody is cut off without a 421 (RFC 5321 3.8), and who is in the middle of a message may finish."""

    def begin(self, sink, *commands):
        peer = Peer(sink.port)
        self.addCleanup(peer.socket.close)
        peer.code(), peer.ask(b"EHLO client.example")
        for command in commands:
            peer.ask(command)
        return peer

    MAIL = (b"MAIL FROM:<a@example.com>", b"RCPT TO:<b@example.com>")

    def test_transactions_may_end(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(how=how.name):
                sink = self.sink("--grace=15")
                idle, greeted = self.begin(sink), Peer(sink.port)
                self.assertEqual(greeted.code(), 220)
                in_mail, in_content = self.begin(sink, *self.MAIL), self.begin(sink, *self.MAIL, b"DATA")
                in_content.send(b"half\r\n")
                time.sleep(0.1)
                sink.process.send_signal(how)
                for peer in (idle, greeted):
                    self.assertEqual(peer.until_closed(), [421])
                    peer.socket.close()
                with self.assertRaises(ConnectionRefusedError):
                    Peer(sink.port)
                in_content.send(b"whole\r\n.\r\n")
                self.assertEqual(in_content.until_closed(), [250, 421])
                in_content.socket.close()
                self.assertEqual(in_mail.ask(b"DATA"), 354)
                in_mail.send(b".\r\n")
                self.assertEqual(in_mail.until_closed(), [250, 421])
                in_mail.socket.close()
                self.assertEqual(sink.process.wait(3), 0, "exit code, soon after the last one has gone")
                self.same_set(sink.contents(), [b"half\r\nwhole\r\n", b""], "files")

    def test_not_for_ever(self):
        sink = self.sink("--grace=1")
        peers = [self.begin(sink, *self.MAIL, b"DATA"), self.begin(sink, *self.MAIL)]
        peers[0].send(b"half\r\n")
        time.sleep(0.1)
        begun = time.monotonic()
        sink.process.send_signal(signal.SIGTERM)
        for peer in peers:
            self.assertEqual(peer.until_closed(), [421])
        # They stay: so it leaves.
        self.assertEqual(sink.process.wait(8), 0)
        self.assertLess(time.monotonic() - begun, 6)
        self.assertEqual(sink.files(), [])

    def test_a_second_signal_is_meant(self):
        sink = self.sink("--grace=1000")
        peer = self.begin(sink, *self.MAIL, b"DATA")
        for _ in range(2):
            sink.process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
        self.assertEqual(peer.until_closed(), [421])
        peer.socket.close()
        self.assertEqual(sink.process.wait(8), 0)

    def test_who_does_not_read_is_left(self):
        sink = self.sink("--grace=1")
        peer = Peer(sink.port, receive_buffer=4096)
        self.addCleanup(peer.socket.close)
        peer.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                peer.socket.send(b"NOOP\r\n" * 10000)
        time.sleep(0.2)
        self.assertEqual(sink.stop(timeout=8), 0)


class Limits(Sinks):
    """RFC 5321 4.5.3.2 and 7.8: what a client may use of a server is bounded, and it is told."""

    def closed_within(self, peer, seconds, drip=None):
        """The codes until it is closed, while octets are sent to it all the time."""
        begun = time.monotonic()
        while not select.select([peer.socket], [], [], 0.1)[0]:
            self.assertLess(time.monotonic() - begun, seconds, "seconds until the server had enough")
            if drip:
                peer.send(drip)
        return peer.until_closed()

    def test_half_a_command_puts_nothing_off(self):
        sink = self.sink("--idle=2", "--content-idle=1000")
        for drip in (None, b"N", b"NOOP "):
            with self.subTest(drip=drip), Peer(sink.port) as peer:
                self.assertEqual(peer.code(), 220)
                self.assertEqual(self.closed_within(peer, 5, drip), [421])

    def test_each_command_has_its_time(self):
        sink = self.sink("--idle=2")
        with Peer(sink.port) as peer:
            peer.code()
            for _ in range(8):
                self.assertEqual(peer.ask(b"NOOP"), 250)
                time.sleep(0.5)

    def test_content_that_hardly_comes(self):
        sink = self.sink("--content-idle=2", "--idle=1000")
        for drip in (None, b"x", b"x\r\n"):
            with self.subTest(drip=drip), Peer(sink.port) as peer:
                peer.envelope()
                self.assertEqual(self.closed_within(peer, 5, drip), [421])
        self.assertEqual(sink.files(), [])

    def test_content_that_comes(self):
        sink = self.sink("--content-idle=2")
        content = b"x" * 998 + b"\r\n"
        with Peer(sink.port) as peer:
            peer.envelope()
            for _ in range(8):
                peer.send(content * 2)
                time.sleep(0.5)
            peer.send(b".\r\n")
            self.assertEqual(peer.code(), 250)
        self.same(sink.only(), content * 16, "the file")

    def test_bad_content_has_its_time_too(self):
        # What is refused in the end still has to come to its end.
        sink = self.sink("--content-idle=2")
        with Peer(sink.port) as peer:
            peer.envelope()
            peer.send(b"bare\nlf\r\n")
            for _ in range(8):
                peer.send(b"x" * 1998 + b"\r\n")
                time.sleep(0.5)
            peer.send(b".\r\n")
            self.assertEqual(peer.code(), 554)

    def test_who_does_not_read(self):
        sink = self.sink("--idle=2")
        peer = Peer(sink.port, receive_buffer=4096)
        self.addCleanup(peer.socket.close)
        peer.socket.setblocking(False)
        with self.assertRaises(ConnectionError):
            begun = time.monotonic()
            while time.monotonic() - begun < 6:
                with contextlib.suppress(BlockingIOError):
                    peer.socket.send(b"NOOP\r\n" * 1000)
                time.sleep(0.01)

    def test_half_closed_client_gets_its_replies(self):
        sink = self.sink()
        with Peer(sink.port) as peer:
            peer.send(b"EHLO client.example\r\n" + ENVELOPE + stuff(messages.BASE64) + b"QUIT\r\n")
            peer.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(peer.until_closed(), [220, 250, 250, 250, 354, 250, 221])
        self.same(sink.only(), messages.BASE64, "the file")
        sink.finish()

    def test_connections(self):
        self.crowd("--max-connections=3")

    def test_connections_of_one_peer(self):
        self.crowd("--max-per-peer=3")

    def crowd(self, option):
        sink = self.sink(option)
        with contextlib.ExitStack() as stack:
            peers = [stack.enter_context(Peer(sink.port)) for _ in range(3)]
            self.assertEqual([peer.code() for peer in peers], [220] * 3)
            for _ in range(3):
                with Peer(sink.port) as peer:
                    self.assertEqual(peer.until_closed(), [421])
            self.assertEqual(peers[0].ask(b"QUIT"), 221)
            peers[0].socket.close()
            sink.wait_for(lambda: self.greeting(sink) == 220, "place that became free")

    def greeting(self, sink):
        with Peer(sink.port) as peer:
            return peer.code()

    def test_another_peer_is_not_crowded(self):
        sink = self.sink("--max-per-peer=1", "--host=127.0.0.1")
        with Peer(sink.port) as one, socket.socket() as other:
            self.assertEqual(one.code(), 220)
            other.bind(("127.0.0.2", 0))
            other.settimeout(5)
            other.connect(("127.0.0.1", sink.port))
            self.assertEqual(other.recv(3), b"220")

    def test_size(self):
        sink = self.sink("--max-size=65536")
        line = b"x" * 62 + b"\r\n"
        with Peer(sink.port) as peer:
            peer.code(), peer.ask(b"EHLO client.example")
            self.assertEqual(peer.ask(b"MAIL FROM:<> SIZE=65537"), 552)
            self.assertEqual(peer.ask(b"MAIL FROM:<> SIZE=65536"), 250)
            peer.ask(b"RSET")
            for count, code in ((1024, 250), (1025, 552), (40000, 552), (1, 250)):
                peer.send(ENVELOPE)
                self.assertEqual([peer.code() for _ in range(3)], [250, 250, 354])
                peer.send(line * count + b".\r\n")
                self.assertEqual(peer.code(), code, f"{count * 64} octets")
        self.same_set(sink.contents(), [line * 1024, line], "files")
        self.assertEqual([line["octets"] for line in sink.envelopes()], [65536, 65600, 2560000, 64])
        self.assertEqual(sink.stop(), 0)

    def test_recipients(self):
        # RFC 5321 4.5.3.1.10: 452, and the message goes to those that were taken.
        sink = self.sink("--max-recipients=100")
        with Peer(sink.port) as peer:
            peer.code(), peer.ask(b"EHLO client.example")
            for _ in range(2):
                peer.ask(b"MAIL FROM:<>")
                codes = [peer.ask(b"RCPT TO:<%d@example.com>" % n) for n in range(105)]
                self.assertEqual(codes, [250] * 100 + [452] * 5)
                self.assertEqual(peer.ask(b"DATA"), 354)
                peer.send(b".\r\n")
                self.assertEqual(peer.code(), 250)
        self.assertEqual([len(line["to"]) for line in sink.envelopes()], [100, 100])
        sink.finish()

    def test_long_recipients(self):
        # The longest envelope there can be. A line on stderr must go into a pipe at once: it is cut, the log is not.
        sink = self.sink("--verbose")
        address = b"x" * 64 + b"@" + b".".join([b"y" * 61] * 3)
        with Peer(sink.port) as peer:
            peer.code(), peer.ask(b"EHLO client.example"), peer.ask(b"MAIL FROM:<>")
            for n in range(1000):
                peer.send(b"RCPT TO:<%03d%s>\r\n" % (n, address[3:]))
            self.assertEqual([peer.code() for _ in range(1000)], [250] * 1000)
            self.assertEqual(peer.ask(b"DATA"), 354)
            peer.send(b".\r\n")
            self.assertEqual(peer.code(), 250)
        self.assertEqual(len(set(sink.envelopes()[0]["to"])), 1000)
        self.assertLess(max(map(len, sink.err().splitlines())), 4096)
        sink.finish()

    def test_leniency(self):
        line = b"MAIL FROM: <a@example.com>"
        for options, code in (((), 501), (("--tolerate=space_after_colon",), 250), (("--tolerate=all",), 250),
                              (("--tolerate=loose_dots,space_after_colon",), 250), (("--tolerate=loose_dots",), 501)):
            with self.subTest(options=options):
                sink = self.sink(*options)
                with Peer(sink.port) as peer:
                    peer.code(), peer.ask(b"EHLO client.example")
                    self.assertEqual(peer.ask(line), code)
