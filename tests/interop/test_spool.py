"""What mailsink keeps: nothing acknowledged is lost, whatever runs beside it and whatever fails."""

import contextlib
import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import threading
import time

import harness
import messages
from sinks import BY_PART, ENVELOPE, Sinks, WAYS, body
from wire import Peer, stuff


class Names(Sinks):
    """RFC 5321 6.1: what was accepted may not be lost; so no message ever takes another one's name."""

    def shared(self, count, *calls, before=()):
        first = self.failing_sink(*calls, before=before)
        return [first] + [self.failing_sink(*calls, before=before, directory=first.directory) for _ in range(count - 1)]

    def check_shared(self, sinks, each=50):
        sent = self.send_all(sinks, each)
        self.same_set(sinks[0].contents(), sent, "files of all processes against what each acknowledged")
        for sink in sinks:
            sink.process.send_signal(signal.SIGTERM)
        lines = sinks[0].envelopes()
        self.assertEqual(sorted(line["file"] for line in lines), [path.name for path in sinks[0].files()], "the log")

    def test_several_processes(self):
        for way, calls in WAYS.items():
            with self.subTest(way=way):
                self.check_shared(self.shared(4, *calls))

    def test_one_process_id(self):
        # As in containers, where each is the first process.
        before = ["unshare", "--pid", "--fork", "--kill-child"]
        if shutil.which("unshare") is None or subprocess.run([*before, "true"], capture_output=True).returncode != 0:
            self.skipTest("unshare --pid is not permitted here")
        self.check_shared(self.shared(4, before=before))

    def test_names_that_are_taken(self):
        # All processes have the same random number at first, and begin in the same second: most names are taken once.
        for way, calls in WAYS.items():
            with self.subTest(way=way):
                self.check_shared(self.shared(4, *calls, "getrandom=7@1"), each=20)

    def test_nothing_random(self):
        # Then names collide as often as can be; what has no name in the end is not acknowledged, and nothing is replaced.
        sinks = self.shared(3, "getrandom=7")
        for n in range(40):
            for sink in sinks:
                with Peer(sink.port) as peer:
                    peer.envelope()
                    peer.send(stuff(body(f"{sink.port} {n}")))
                    if peer.code() != 250:
                        continue
                self.assertIn(body(f"{sink.port} {n}"), sink.contents())
        taken = [path.read_bytes() for path in sinks[0].files()]
        self.assertEqual(len(set(taken)), len(taken), "different files")

    def test_restarted_within_a_second(self):
        first = self.sink()
        self.deliver(first, body("0"))
        self.assertEqual(first.stop(), 0)
        for n in range(1, 6):
            sink = self.sink(directory=first.directory)
            self.deliver(sink, body(str(n)))
            self.assertEqual(sink.stop(), 0)
        self.same_set(first.contents(), [body(str(n)) for n in range(6)], "files")

    def test_files_of_others_stay(self):
        sink = self.sink()
        self.deliver(sink, body("0"))
        self.assertEqual(sink.stop(), 0)
        others = ["notes.part", "1.2.x.part", "x.1.2.part", "1.2.3.part.txt", "1.0123456789abcdef.3.part.eml", ".part"]
        for name in others:
            (sink.directory / name).write_bytes(b"keep")
        (sink.directory / "link.part").symlink_to(sink.directory / "notes.part")
        self.sink(directory=sink.directory)
        self.assertEqual([name for name in others if (sink.directory / name).read_bytes() != b"keep"], [])
        self.assertTrue((sink.directory / "link.part").is_symlink())


class Envelopes(Sinks):
    """Who sent what to whom, when, from where: a line for each message, before it is acknowledged."""

    def test_all_that_is_known(self):
        sink = self.sink()
        begun = int(time.time())
        with Peer(sink.port) as peer:
            peer.code()
            self.assertEqual(peer.ask(b"EHLO [192.0.2.1]"), 250)
            for command in (b"MAIL FROM:<a@example.com> BODY=8BITMIME SIZE=100", b"RCPT TO:<b@example.com>",
                            rb'RCPT TO:<"q\"u\\o te"@example.com>', b"RCPT TO:<Postmaster>"):
                self.assertEqual(peer.ask(command), 250, command)
            self.assertEqual(peer.ask(b"DATA"), 354)
            peer.send(stuff(messages.DOTS))
            self.assertEqual(peer.code(), 250)
            told = sink.envelopes()  # at once
            address = peer.socket.getsockname()
        self.assertEqual(len(told), 1)
        when = time.mktime(time.strptime(told[0].pop("time"), "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
        self.assertTrue(begun <= when <= time.time(), "the time is now, in UTC")
        self.assertEqual(told[0], {
            "peer": f"127.0.0.1:{address[1]}", "helo": "[192.0.2.1]", "with": "ESMTP", "login": "",
            "from": "a@example.com",
            "parameters": "BODY=8BITMIME SIZE=100", "to": ["b@example.com", r'"q\"u\\o te"@example.com', "Postmaster"],
            "to_parameters": {},
            "octets": len(messages.DOTS), "file": sink.files()[0].name, "reply": "250 2.6.0 Message accepted"})
        sink.finish()

    def test_every_transaction_anew(self):
        sink = self.sink()
        with Peer(sink.port) as peer:
            peer.code(), peer.ask(b"HELO one.example")
            for sender, recipients in ((b"", [b"a@x"]), (b"s@x", [b"b@x", b"c@x"]), (b"", [b"d@x"])):
                peer.ask(b"MAIL FROM:<" + sender + b">")
                for recipient in recipients:
                    self.assertEqual(peer.ask(b"RCPT TO:<" + recipient + b">"), 250)
                self.assertEqual(peer.ask(b"DATA"), 354)
                peer.send(b".\r\n")
                self.assertEqual(peer.code(), 250)
                peer.ask(b"MAIL FROM:<dropped@x>"), peer.ask(b"RCPT TO:<dropped@x>"), peer.ask(b"RSET")
        self.assertEqual([(line["from"], line["to"], line["helo"]) for line in sink.envelopes()],
                         [("", ["a@x"], "one.example"), ("s@x", ["b@x", "c@x"], "one.example"), ("", ["d@x"], "one.example")])
        sink.finish()

    def test_refused_content_is_told_too(self):
        sink = self.sink()
        self.deliver(sink, body("x"))
        with Peer(sink.port) as peer:
            peer.envelope()
            peer.send(b"bare\nlf\r\n.\r\n")
            self.assertEqual(peer.code(), 554)
        self.assertEqual([(line["file"] is None, line["reply"][:3]) for line in sink.envelopes()],
                         [(False, "250"), (True, "554")])
        sink.finish()

    def test_readable_line(self):
        for options in ((), ("--discard",)):
            sink = self.sink("--verbose", *options)
            self.deliver(sink, messages.DOTS)
            self.assertRegex(sink.err().decode(), r'(?m)^127\.0\.0\.1:\d+ <a@example\.com> to "b@example\.com": '
                             rf"{len(messages.DOTS)} octets: 250 2\.6\.0 ")
            self.assertRegex(sink.err().decode(), r"(?m)^127\.0\.0\.1:\d+ MAIL 250$")
            sink.finish()

    def test_log_that_is_moved_away_is_begun_anew(self):
        sink = self.sink()
        self.deliver(sink, body("1"))
        (sink.directory / harness.LOG).rename(self.scratch / "old")
        sink.wait_for(lambda: (sink.directory / harness.LOG).exists(), "new log")
        self.deliver(sink, body("2"))
        self.assertEqual(len(sink.envelopes()), 1)
        self.assertEqual(sink.stop(), 0)

    def test_torn_line_of_a_crash_spoils_no_other(self):
        sink = self.sink()
        self.deliver(sink, body("1"))
        self.assertEqual(sink.stop(), 0)
        with open(sink.directory / harness.LOG, "ab") as log:
            log.write(b'{"time": "20')
        sink = self.sink(directory=sink.directory)
        self.deliver(sink, body("2"))
        lines = (sink.directory / harness.LOG).read_bytes().splitlines()
        self.assertEqual([len(lines), lines[1]], [3, b'{"time": "20'])


class Crashes(Sinks):
    """SIGKILL at any time: each message that was acknowledged is there, once and whole."""

    def load(self, port, stop, acknowledged, n):
        """Delivers until it is told to stop, or the server is gone."""
        count = 0
        padding = "x" * 50 + "\r\n"
        with contextlib.suppress(OSError, AssertionError), Peer(port) as peer:
            peer.code(), peer.ask(b"EHLO client.example")
            while not stop.is_set():
                content = body(f"{n} {count}\r\n" + padding * random.choice([0, 0, 3, 5000]))
                count += 1
                peer.send(ENVELOPE + stuff(content))
                if [peer.code() for _ in range(4)] != [250, 250, 354, 250]:
                    return
                acknowledged.append(content)

    def check(self, *calls, options=()):
        sink = self.failing_sink(*calls)
        directory = sink.directory
        self.assertEqual(sink.stop(), 0)
        everything = []
        for crash in range(8):
            sink = self.failing_sink(*calls, options=options, directory=directory)
            stop, acknowledged = threading.Event(), []
            threads = [threading.Thread(target=self.load, args=(sink.port, stop, acknowledged, f"{crash} {n}")) for n in range(6)]
            for thread in threads:
                thread.start()
            time.sleep(random.uniform(0.02, 0.3))
            sink.kill()
            stop.set()
            for thread in threads:
                thread.join()
            everything += acknowledged
        self.assertGreater(len(everything), 20, "messages acknowledged in all")
        files = {path.name: path.read_bytes() for path in directory.glob("*.eml")}
        found = list(files.values())
        lost = [content for content in everything if found.count(content) != 1]
        self.assertEqual(lost, [], f"of {len(everything)} acknowledged messages, lost or there more than once")
        broken = [name for name, content in files.items() if not content.endswith(b"\r\n")]
        self.assertEqual(broken, [], "files that are not whole")
        # The next one clears what is nobody's, and each message that was acknowledged has its line.
        sink = self.failing_sink(*calls, directory=directory)
        self.assertEqual({path.suffix for path in directory.iterdir()}, {".eml", ".jsonl"})
        told = set()
        for line in (directory / harness.LOG).read_bytes().splitlines():
            with contextlib.suppress(ValueError):  # a line may have been torn
                told.add(files.get(json.loads(line)["file"]))
        self.assertEqual([content for content in everything if content not in told], [], "messages without a line")
        self.assertEqual(sink.stop(), 0)

    def test_killed(self):
        for way in ("by descriptor", "by part"):
            for options in ((), ("--sync",)):
                with self.subTest(way=way, options=options):
                    self.check(*WAYS[way], options=options)

    def test_parts_of_a_crash_are_cleared(self):
        sink = self.failing_sink(*BY_PART)
        with contextlib.ExitStack() as peers:
            for _ in range(10):
                peer = peers.enter_context(Peer(sink.port))
                peer.envelope()
                peer.send(b"half of it\r\n")
            sink.wait_for(lambda: len(list(sink.directory.glob("*.part"))) == 10, "unfinished files")
            beside = self.failing_sink(*BY_PART, directory=sink.directory)
            self.assertEqual(len(list(sink.directory.glob("*.part"))), 10, "while somebody is writing them")
            sink.kill()
        beside.stop()
        self.assertEqual(len(list(sink.directory.glob("*.part"))), 10)
        self.failing_sink(*BY_PART, directory=sink.directory)
        self.assertEqual(list(sink.directory.glob("*.part")), [], "unfinished files that are nobody's")

    def test_a_crash_leaves_nothing_where_the_file_system_can(self):
        sink = self.sink()
        with Peer(sink.port) as peer:
            peer.envelope()
            peer.send(b"half of it\r\n")
            time.sleep(0.1)
            self.assertEqual([path.name for path in sink.directory.iterdir()], [harness.LOG])
            sink.kill()
        self.assertEqual([path.name for path in sink.directory.iterdir()], [harness.LOG])


class Troubles(Sinks):
    """RFC 5321 4.2.3: 452 when there is no room, 451 for all else; nothing is left behind, it is said once, and it passes."""

    def check(self, call, code, *options, way=()):
        with self.subTest(call=call, way=way):
            sink = self.failing_sink(*way, call, options=options)
            for _ in range(2):
                self.deliver(sink, messages.DOTS, code)
            self.assertEqual(sink.files(), [])
            self.assertEqual(list(sink.directory.glob("*.part")), [])
            self.deliver(sink, messages.DOTS)
            self.same(sink.only(), messages.DOTS, "the file, when the trouble has passed")
            said = sink.err().decode()
            self.assertEqual(said.count("cannot store a message"), 1, said)
            self.assertEqual([line["file"] for line in sink.envelopes() if line["reply"].startswith("250")],
                             [sink.files()[0].name])
            self.assertEqual(sink.stop(), 0)

    def test_no_room(self):
        for why in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            self.check(f"write={why}@1-2", 452)

    def test_no_room_for_the_log(self):
        # The line of the refusal cannot be written either.
        self.check(f"log={errno.ENOSPC}@1-4", 452)

    def test_no_room_for_a_name(self):
        self.check(f"linkat={errno.ENOSPC}@2-3", 452)  # the first is tried at the start

    def test_no_room_elsewhere(self):
        self.check(f"renameat2={errno.ENOSPC}@1-2", 452, way=BY_PART)
        self.check(f"openat={errno.ENOSPC}@1-2", 452, way=BY_PART)

    def test_disk_at_fault(self):
        self.check(f"write={errno.EIO}@1-2", 451)
        self.check(f"fsync={errno.EIO}@1-2", 451, "--sync")
        self.check(f"write={errno.EROFS}@1-2", 451, way=BY_PART)

    def test_log_not_on_the_disk(self):
        sink = self.failing_sink(f"fdatasync={errno.EIO}@1", options=["--sync"])
        self.deliver(sink, messages.DOTS, 451)
        self.assertEqual(sink.files(), [])
        self.deliver(sink, messages.DOTS)
        self.same(sink.only(), messages.DOTS, "the file")

    def test_half_a_line_in_the_log(self):
        sink = self.failing_sink("log=0@2")
        self.deliver(sink, body("1"))
        self.deliver(sink, body("2"), 452)
        self.deliver(sink, body("3"))
        self.assertEqual([path.read_bytes() for path in sink.files()], [body("1"), body("3")])
        lines = (sink.directory / harness.LOG).read_bytes().splitlines()
        whole = [line for line in lines if line.endswith(b"}")]
        self.assertEqual([len(lines), len(whole)], [4, 3], "lines, and whole ones: two messages and one refusal")

    def test_a_large_message_on_a_full_disk(self):
        sink = self.failing_sink(f"write={errno.ENOSPC}@3")  # of many
        self.deliver(sink, messages.BASE64, 452)
        self.assertEqual(sink.files(), [])
        self.deliver(sink, messages.BASE64)
        self.same(sink.only(), messages.BASE64, "the file")

    def test_file_size_limit(self):
        # SIGXFSZ would end the whole server.
        sink = self.sink()
        resource.prlimit(sink.process.pid, resource.RLIMIT_FSIZE, (100000, 100000))
        self.deliver(sink, messages.BASE64, 452)
        self.deliver(sink, messages.DOTS)
        self.same(sink.only(), messages.DOTS, "the only file")

    def test_directory_that_cannot_be_used(self):
        nowhere = self.scratch / "nowhere"
        pipe = self.scratch / "pipe"
        pipe.mkdir()
        os.mkfifo(pipe / harness.LOG)
        link = self.scratch / "link"
        link.mkdir()
        (link / harness.LOG).symlink_to(self.scratch / "elsewhere")
        for directory in (nowhere, self.file("file", b""), pipe, link):
            with self.subTest(directory=directory.name):
                outcome = self.run_to_end([harness.mailsink, "--port=0", f"--dir={directory}"], timeout=5)
                self.assertEqual((outcome.code, outcome.out), (1, b""))
                self.assertIn(str(directory).encode(), outcome.err)
