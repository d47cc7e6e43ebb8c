"""mailsink against raw sockets: what no decent client does, seen from outside."""

import contextlib
import os
import shutil
import signal
import socket
import struct
import time

import harness
import messages
from wire import Peer, cut_content, stuff

ENVELOPE = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"
MEGABYTE = 1000000


def short(text):
    return messages.EMPTY_BODY + text + b"\r\n"


class Delivery(harness.Case):
    """However the octets are cut into segments and sessions."""

    def test_octet_by_octet(self):
        sink = self.sink()
        with Peer(sink.port) as peer:
            for octet in b"EHLO client.example\r\n" + ENVELOPE + stuff(messages.DOTS) + b"QUIT\r\n":
                peer.send(bytes([octet]))
            self.assertEqual(peer.until_closed(), [220, 250, 250, 250, 354, 250, 221])
        self.same(sink.only(), messages.DOTS, "mailsink's file")
        sink.finish()

    def test_all_in_one_send(self):
        sink = self.sink()
        contents = [short(b"message %d\r\n.dot\r\n." % n) for n in range(20)] + [messages.NO_OCTETS, messages.DOTS]
        with Peer(sink.port) as peer:
            peer.send(b"EHLO client.example\r\n" + b"".join(ENVELOPE + stuff(c) for c in contents) + b"QUIT\r\n")
            self.assertEqual(peer.until_closed(), [220, 250] + [250, 250, 354, 250] * len(contents) + [221])
        self.same_set(sink.contents(), contents, "mailsink's files")
        self.assertEqual(sink.finish(), (len(contents), 1), "(messages, connections)")

    def test_pipelined_groups(self):
        # RFC 2920: the end of one content, the next envelope and its DATA in one send.
        sink = self.sink()
        contents = [short(b"message %d" % n) for n in range(10)]
        with Peer(sink.port) as peer:
            self.assertEqual((peer.code(), peer.ask(b"EHLO client.example")), (220, 250))
            peer.send(ENVELOPE)
            self.assertEqual([peer.code() for _ in range(3)], [250, 250, 354])
            for content in contents[:-1]:
                peer.send(stuff(content) + ENVELOPE)
                self.assertEqual([peer.code() for _ in range(4)], [250, 250, 250, 354])
            peer.send(stuff(contents[-1]) + b"QUIT\r\n")
            self.assertEqual(peer.until_closed(), [250, 221])
        self.same_set(sink.contents(), contents, "mailsink's files")
        sink.finish()

    def test_content_cut_anywhere(self):
        sink = self.sink()
        content = b"a\r\n.\r\n..b\r\n\r\n.\r\n"
        octets = stuff(content) + b"NOOP\r\n"
        for at in range(1, len(octets)):
            with Peer(sink.port) as peer:
                peer.envelope()
                peer.send(octets[:at])
                time.sleep(0.002)  # so that it is read by itself
                peer.send(octets[at:])
                self.assertEqual((peer.code(), peer.code()), (250, 250), f"replies when cut after {at} octets")
        self.same_set(sink.contents(), [content] * (len(octets) - 1), "mailsink's files")
        sink.finish()

    def test_dots_that_nobody_doubled(self):
        # RFC 5321 4.5.2: whatever follows it, the first dot of a longer line is taken away.
        sink = self.sink()
        with Peer(sink.port) as peer:
            peer.envelope()
            peer.send(b".one\r\n. \r\n..two\r\n.\t.\r\nx.\r\n.\r\n")
            self.assertEqual((peer.code(), peer.ask(b"QUIT")), (250, 221))
        self.same(sink.only(), b"one\r\n \r\n.two\r\n\t.\r\nx.\r\n", "mailsink's file")
        sink.finish()

    def test_stored_before_it_is_acknowledged(self):
        self.check_stored(self.sink())

    def test_on_the_disk_before_it_is_acknowledged(self):
        self.check_stored(self.sink("--sync"))

    def check_stored(self, sink):
        with Peer(sink.port) as peer:
            peer.envelope()
            for n in range(50):
                peer.send(stuff(short(b"%d" % n)))
                self.assertEqual(peer.code(), 250)
                self.assertEqual(len(sink.files()), n + 1, "files at the moment of the reply")
                peer.send(ENVELOPE)
                self.assertEqual([peer.code() for _ in range(3)], [250, 250, 354])
        sink.finish()

    def test_interleaved_clients(self):
        sink = self.sink()
        contents = [b"".join(b"%d line %d\r\n.%d\r\n" % (n, line, n) for line in range(20)) for n in range(50)]
        with contextlib.ExitStack() as open_peers:
            peers = [open_peers.enter_context(Peer(sink.port)) for _ in contents]
            for peer in peers:
                peer.envelope()
            streams = [stuff(content) for content in contents]
            for at in range(0, max(map(len, streams)), 31):
                for peer, stream in zip(peers, streams):
                    peer.send(stream[at:at + 31])
            self.assertEqual([peer.code() for peer in peers], [250] * len(peers))
        self.same_set(sink.contents(), contents, "mailsink's files")
        sink.finish()

    def test_bdat(self):
        sink = self.sink()
        with Peer(sink.port) as peer:
            peer.code()
            peer.send(b"EHLO client.example\r\n")
            if not any(line[4:].upper() == b"CHUNKING" for line in peer.reply()[1]):
                self.skipTest("mailsink does not offer CHUNKING")
            for command in ENVELOPE.split(b"\r\n")[:2]:
                self.assertEqual(peer.ask(command), 250)
            content = messages.EVERYTHING
            for at in range(0, len(content), 50000):
                chunk = content[at:at + 50000]
                peer.send(b"BDAT %d\r\n" % len(chunk) + chunk)
                self.assertEqual(peer.code(), 250)
            self.assertEqual(sink.files(), [], "files before BDAT LAST")
            self.assertEqual(peer.ask(b"BDAT 0 LAST"), 250)
            self.assertEqual(peer.ask(b"QUIT"), 221)
        self.same(sink.only(), content, "mailsink's file")
        sink.finish()


class Interrupted(harness.Case):
    """No message, or half of one, is no file."""

    def check_nothing_kept(self, sink, connections):
        with Peer(sink.port) as peer:  # when this one is served, the end of the others has been noticed
            peer.envelope()
            peer.send(stuff(messages.DOTS))
            self.assertEqual(peer.code(), 250)
        self.same(sink.only(), messages.DOTS, "mailsink's only file")
        self.assertEqual(sink.finish(), (1, connections + 1), "(messages, connections)")

    def test_disconnected_in_the_content(self):
        sink = self.sink()
        beginnings = [b"", b"Subject: x\r\n", messages.BASE64[:500000], b"x\r\n.", b"x\r\n.\r", b"x\r\n\r\n"]
        for beginning in beginnings:
            with Peer(sink.port) as peer:
                peer.envelope()
                peer.send(beginning)
        self.check_nothing_kept(sink, len(beginnings))

    def test_reset_in_the_content(self):
        half = stuff(messages.DOTS)[:-3]
        sink = self.sink()
        for _ in range(5):
            with Peer(sink.port) as peer:
                peer.envelope()
                peer.send(half)
                # Closing with a linger time of zero sends RST.
                peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.check_nothing_kept(sink, 5)

    def test_signal_in_the_content(self):
        half = stuff(messages.DOTS)[:-3]
        for how in (signal.SIGTERM, signal.SIGINT):
            sink = self.sink()
            with Peer(sink.port) as peer:
                peer.envelope()
                peer.send(half)
                time.sleep(0.05)
                self.assertEqual(sink.finish(how)[0], 0, "messages")

    def test_wrong_order(self):
        sink = self.sink()
        with Peer(sink.port) as peer:
            self.assertEqual(peer.code(), 220)
            for command in (b"EHLO client.example", b"DATA", b"RCPT TO:<b@example.com>", b"MAIL FROM:<a@example.com>",
                            b"DATA", b"RSET", b"RCPT TO:<b@example.com>", b"NONSENSE", b"NOOP"):
                refused = command not in (b"EHLO client.example", b"MAIL FROM:<a@example.com>", b"RSET", b"NOOP")
                self.assertEqual(peer.ask(command) // 100, 5 if refused else 2, f"class of the reply to {command!r}")
            self.assertEqual(peer.ask(b"QUIT"), 221)
        self.check_nothing_kept(sink, 1)

    def test_taken_port(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            outcome = self.run_to_end([harness.mailsink, f"--port={taken.getsockname()[1]}", f"--dir={self.scratch}"])
        self.assertNotEqual(outcome.code, 0)
        self.assertNotIn(b"listening", outcome.out)


class Smuggling(harness.Case):
    """Nothing but CRLF "." CRLF ends a content, and nothing but CRLF ends a command."""

    ENDINGS = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\r\n.\r\r\n", b"\r\r\n.\n",
               b"\n\n.\n\n", b"\n\r.\n\r", b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\r\n. \r\n", b"\r\n.\x85", b"\r\n..\r\n"]

    def test_ends_that_are_none(self):
        for ending in self.ENDINGS:
            with self.subTest(ending=ending):
                self.check_ending(ending)

    def check_ending(self, ending):
        smuggled = ENVELOPE.replace(b"a@", b"evil@") + b"smuggled\r\n"
        wire = messages.EMPTY_BODY + b"seen" + ending + smuggled + b".\r\n"
        sink = self.sink()
        with Peer(sink.port) as peer:
            peer.envelope()
            peer.send(wire + b"NOOP\r\nQUIT\r\n")
            codes = peer.until_closed()
        self.assertEqual(codes[1:], [250, 221], f"replies after the content, all of them: {codes}")
        self.assertTrue(codes[0] == 250 or 500 <= codes[0] <= 599, f"reply to the content: {codes[0]}")
        if codes[0] == 250:
            self.same(sink.only(), cut_content(wire)[0], "mailsink's file")
        else:
            self.assertEqual(sink.files(), [], "files, though the content was refused")
        sink.finish()

    def test_commands_within_a_line(self):
        for end in (b"\n", b"\r", b"\n\r", b"\r\r"):
            with self.subTest(end=end):
                sink = self.sink()
                with Peer(sink.port) as peer:
                    self.assertEqual((peer.code(), peer.ask(b"EHLO client.example")), (220, 250))
                    peer.send(b"NOOP" + end + ENVELOPE.replace(b"\r\n", end) + b"smuggled" + end + b"\r\n")
                    peer.send(b"DATA\r\nQUIT\r\n")
                    codes = peer.until_closed()
                self.assertIn(codes[0] // 100, (4, 5), f"reply to the line: {codes}")
                # Then DATA without MAIL, and QUIT; or the server has had enough.
                self.assertIn(codes[1:], ([503, 221], []), f"replies after that line: {codes}")
                self.assertEqual(sink.finish()[0], 0, "messages")


class Endurance(harness.Case):
    """Neither idle, nor greedy, nor endless peers harm the others."""

    def test_200_idle_connections(self):
        sink = self.sink()
        with contextlib.ExitStack() as idle:
            peers = [idle.enter_context(Peer(sink.port)) for _ in range(200)]
            for peer in peers[:100]:
                self.assertEqual(peer.code(), 220)
            for peer in peers[:50]:
                peer.send(b"EHLO client.exam")  # half a command
            with Peer(sink.port) as busy:
                busy.envelope()
                busy.send(stuff(messages.BASE64))
                self.assertEqual(busy.code(), 250)
            self.same(sink.only(), messages.BASE64, "mailsink's file")
            for peer in peers[:50]:
                self.assertEqual(peer.ask(b"ple"), 250, "reply to a command in two halves")
            self.assertEqual(sink.finish()[1], 201, "connections")  # with all of them still open

    def flood(self, sink, peer, octets):
        """Sends one line of so many octets without an end; the server may close meanwhile. Returns its growth."""
        before = sink.resident()
        block = b"x" * 65536
        try:
            for _ in range(octets // len(block)):
                peer.send(block)
        except ConnectionError:
            pass
        time.sleep(0.05)  # for what is still in the socket's buffers
        return sink.resident() - before

    def check_in_step(self, peer, end, first_codes):
        """After the end of the line: one reply, then business as usual. A server that has closed is right, too."""
        try:
            peer.send(end + b"NOOP\r\nQUIT\r\n")
        except ConnectionError:
            return
        codes = peer.until_closed()
        if len(codes) > 1:
            self.assertEqual(codes[1:], [250, 221], f"replies after the long line: {codes}")
        if codes:
            self.assertIn(codes[0] // 100, first_codes, f"reply to the long line: {codes}")

    def test_endless_command(self):
        sink = self.sink()
        with Peer(sink.port) as peer:
            self.assertEqual(peer.code(), 220)
            growth = self.flood(sink, peer, 10 * MEGABYTE)
            self.check_in_step(peer, b"\r\n", (4, 5))
        self.assertLess(growth, 4 * MEGABYTE, "octets that mailsink grew by during a line of 10 MB")
        sink.finish()

    def test_endless_line_of_content(self):
        sink = self.sink()
        with Peer(sink.port) as peer:
            peer.envelope()
            growth = self.flood(sink, peer, 10 * MEGABYTE)
            self.check_in_step(peer, b"\r\n.\r\n", (2, 4, 5))
        self.assertLess(growth, 4 * MEGABYTE, "octets that mailsink grew by during a line of 10 MB")
        for content in sink.contents():
            self.same(content, b"x" * (10 * MEGABYTE // 65536 * 65536) + b"\r\n", "mailsink's file")
        sink.finish()

    def test_client_that_does_not_read(self):
        # The replies no longer fit anywhere: the server must neither lose one, nor pile them up, nor block others.
        commands = 400000
        sink = self.sink()
        with Peer(sink.port, receive_buffer=65536) as peer:
            self.assertEqual((peer.code(), peer.ask(b"EHLO client.example")), (220, 250))
            before = sink.resident()
            unsent = memoryview(b"NOOP\r\n" * commands)
            peer.socket.setblocking(False)
            quiet_until = time.monotonic() + 0.3
            while unsent and time.monotonic() < quiet_until:
                try:
                    unsent = unsent[peer.socket.send(unsent):]
                    quiet_until = time.monotonic() + 0.3
                except BlockingIOError:
                    time.sleep(0.005)
            with Peer(sink.port) as other:
                other.envelope()
                other.send(stuff(messages.DOTS))
                self.assertEqual(other.code(), 250, "another client's delivery meanwhile")
            self.assertLess(sink.resident() - before, 4 * MEGABYTE, "octets that mailsink grew by")
            self.read_all_replies(peer, unsent, commands)
        sink.finish()

    def read_all_replies(self, peer, unsent, count):
        """Sends the rest while it reads; each command must have its reply."""
        received = bytearray()
        replies = 0
        deadline = time.monotonic() + harness.PATIENCE
        while replies < count:
            self.assertLess(time.monotonic(), deadline, f"{replies} of {count} replies in time")
            with contextlib.suppress(BlockingIOError):
                if unsent:
                    unsent = unsent[peer.socket.send(unsent):]
            try:
                octets = peer.socket.recv(1 << 20)
            except BlockingIOError:
                time.sleep(0.001)
                continue
            self.assertTrue(octets, f"closed after {replies} of {count} replies")
            received += octets
            replies += octets.count(b"\n")
        self.assertEqual({line[:3] for line in bytes(received).splitlines()}, {b"250"}, "codes of the replies")
        self.assertEqual(replies, count, "replies")

    def test_no_descriptor_left(self):
        # Those who find none wait, and are served when others have gone. Until then the server sleeps.
        sink = self.sink(descriptors=40)
        with contextlib.ExitStack() as waiting:
            with contextlib.ExitStack() as served:
                # As many as there are descriptors, and more, which only the kernel has accepted yet.
                peers = [Peer(sink.port) for _ in range(60)]
                for n, peer in enumerate(peers):
                    (served if n < 30 else waiting).enter_context(peer)
                for peer in peers[:30]:
                    self.assertEqual(peer.code(), 220)
                before = sink.cpu()
                time.sleep(0.5)
                self.assertLess(sink.cpu() - before, 0.02, "processor time of an idle server in half a second")
            for peer in peers[30:]:
                self.assertEqual(peer.code(), 220, "greeting of a connection that had to wait")
        self.assertEqual(sink.finish(), (0, 60), "(messages, connections)")

    def test_messages_take_the_last_descriptors(self):
        # accept(2) fails with EMFILE, and so do the files of messages. Who has one is served; the others are told to try again,
        # or wait; all is as before when they have gone.
        sink = self.sink(descriptors=40)
        with contextlib.ExitStack() as many:
            peers = [many.enter_context(Peer(sink.port)) for _ in range(24)]
            for n, peer in enumerate(peers):
                peer.envelope()
                peer.send(b"Subject: %d\r\n" % n)
            taken = lambda: len(os.listdir(f"/proc/{sink.process.pid}/fd"))  # noqa: E731
            sink.wait_for(lambda: taken() == 40, "descriptors that are all taken")
            late = many.enter_context(Peer(sink.port))
            before = sink.cpu()
            time.sleep(1)
            self.assertLess(sink.cpu() - before, 0.05, "processor time of a server that waits for a descriptor")
            codes = []
            for peer in peers:
                peer.send(b".\r\n")
                codes.append(peer.code())
            self.assertEqual(set(codes), {250, 451}, codes)
            kept = [b"Subject: %d\r\n" % n for n, code in enumerate(codes) if code == 250]
            self.same_set(sink.contents(), kept, "mailsink's files against what was acknowledged")
            self.assertEqual(late.code(), 220, "greeting of a connection that had to wait")
        with Peer(sink.port) as peer:
            peer.envelope()
            peer.send(stuff(messages.DOTS))
            self.assertEqual(peer.code(), 250)
        self.assertEqual(sink.finish()[0], len(kept) + 1)

    def test_nothing_can_be_stored(self):
        # 451, and no file: the client is to try again.
        sink = self.sink()
        shutil.rmtree(sink.directory)
        for _ in range(3):
            with Peer(sink.port) as peer:
                peer.envelope()
                peer.send(stuff(messages.BASE64))
                self.assertEqual((peer.code(), peer.ask(b"NOOP"), peer.ask(b"QUIT")), (451, 250, 221))
        self.assertEqual(sink.err().count(b"cannot store"), 1, f"what was said of three messages: {sink.err()!r}")
        self.assertEqual(sink.stop(), 0, "exit code")
        self.assertIn(b"0 messages, 0 octets, 3 connections", sink.out())
