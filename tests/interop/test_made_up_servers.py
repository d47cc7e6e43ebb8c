"""post delivers to servers made up to be awkward."""

import contextlib
import socket
import time

import harness
import messages
import wire
from posting import DELIVERED, OFFERS_PIPELINING, REFUSED, TRY_LATER, WRONG_CALL, Scripted


class MadeUpServers(Scripted):
    """What no real server can be made to do on demand."""

    def test_pipelines_when_offered(self):
        def script(lines):
            self.greet(lines, OFFERS_PIPELINING)
            # Not a word before all of them are here: in lock step this ends in a timeout.
            group = [lines.line() for _ in range(3)]
            self.assertEqual(group, [b"MAIL FROM:<a@example.com>", b"RCPT TO:<b@example.com>",
                                     b"RCPT TO:<c@example.com>"])
            lines.send(b"250 ok\r\n250 ok\r\n250 ok\r\n")
            self.assertEqual(lines.line(), b"DATA")  # with the group or after it
            lines.send(b"354 go\r\n")
            self.same(self.content_of(lines), messages.DOTS, "post's content")
            lines.send(b"250 kept\r\n")
        self.against(script, messages.DOTS, DELIVERED, to=("b@example.com", "c@example.com"))

    def test_lock_step_when_not_offered(self):
        def script(lines):
            def send(reply):
                # Whoever pipelines has sent the next command long before this.
                lines.socket.settimeout(0.1)
                try:
                    lines.more()
                except TimeoutError:
                    pass
                lines.socket.settimeout(10)
                self.assertEqual(lines.pending, b"", "sent ahead of the reply")
                lines.send(reply)
            self.greet(lines, b"250-server.example\r\n250 8BITMIME\r\n")
            self.same(self.dialogue(lines, send=send), messages.DOTS, "post's content")
        self.against(script, messages.DOTS, DELIVERED)

    def test_every_recipient_refused_but_354(self):
        # RFC 2920 3.1: the pipelined DATA may get a 354 all the same. Then nothing but a dot may follow.
        def script(lines):
            self.greet(lines, OFFERS_PIPELINING)
            lines.line(), lines.line()
            lines.send(b"250 ok\r\n550 5.1.1 nobody\r\n")
            if lines.line() == b"DATA":
                lines.send(b"354 go\r\n")
                self.same(self.content_of(lines), b"", "content for no recipient at all")
                lines.send(b"554 5.5.1 no valid recipients\r\n")
        self.against(script, messages.DOTS, REFUSED)

    def test_replies_octet_by_octet(self):
        def script(lines):
            def send(reply):
                for octet in reply:
                    lines.send(bytes([octet]))
                    time.sleep(0.001)
            send(b"220-server.example\r\n220-hello\r\n220 again\r\n")
            self.assertEqual(lines.line(), b"EHLO client.example")
            send(b"250-server.example\r\n250-SIZE 100000000\r\n250 8BITMIME\r\n")
            self.same(self.dialogue(lines, (b"250-2.1.0 a\r\n250 2.1.0 b", b"250-2.1.5 a\r\n250 2.1.5 b", b"354 go"),
                                    send=send), messages.DOTS, "post's content")
        self.against(script, messages.DOTS, DELIVERED)

    def test_slow_reader(self):
        # A small window makes post's writes short ones.
        def script(lines):
            self.greet(lines, b"250 server.example\r\n")
            for reply in (b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
                lines.line()
                lines.send(reply)
            received = bytearray(lines.pending)
            while not received.endswith(b"\r\n.\r\n"):
                octets = lines.socket.recv(4000)
                self.assertTrue(octets, "post closed in the middle of the content")
                received += octets
                time.sleep(0.001)
            self.same(wire.cut_content(bytes(received))[0], messages.BASE64, "post's content")
            lines.send(b"250 kept\r\n")
        self.against(script, messages.BASE64, DELIVERED, receive_buffer=4096)

    def test_half_a_reply(self):
        def script(lines):
            self.greet(lines, b"250-server.example\r\n250 8BIT")
        self.against(script, messages.DOTS, TRY_LATER)

    def test_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.expect(self.post(port, messages.DOTS), TRY_LATER)

    def test_wrong_calls(self):
        name = self.file("post.eml", messages.DOTS)
        right = ["--host=127.0.0.1", "--port=1", "--from=a@example.com", "--to=b@example.com"]
        for arguments in ([], right, [*right, "--no-such-option", name], [*right[:3], name],
                          [right[0], *right[2:], "--port=many", name]):
            with self.subTest(arguments=arguments[:-1]):
                self.expect(self.run_to_end([harness.post, *arguments]), WRONG_CALL)

    def test_address_with_a_command_in_it(self):
        sink = self.sink()
        recorder = self.recorder(sink.port)
        outcome = self.post(recorder.port, messages.DOTS,
                            to=["b@example.com>\r\nRCPT TO:<evil@example.com", "b@example.com"])
        self.assertNotEqual(outcome.code, DELIVERED)
        for session in recorder.finish():
            self.assertNotIn(b"evil", bytes(session.client))

    def test_bare_lf_without_the_option(self):
        # Sent as they are, these octets would be two messages to a careless server.
        content = messages.EMPTY_BODY + b"one\n.\nMAIL FROM:<evil@example.com>\nDATA\ntwo\r\n"
        sink = self.sink()
        recorder = self.recorder(sink.port)
        outcome = self.post(recorder.port, content)
        sent = b"".join(bytes(session.client) for session in recorder.finish())
        self.assertNotIn(b"\n", sent.replace(b"\r\n", b""), "a bare LF on the wire")
        self.assertNotIn(b"\r\n.\r\nMAIL FROM:<evil", sent)
        if outcome.code != DELIVERED:
            self.assertEqual(sink.files(), [], "messages delivered although post reports a failure")

    def test_last_line_without_an_end(self):
        # It cannot go over the wire like that: it gets its CRLF, or post refuses the file.
        sink = self.sink()
        outcome = self.post(sink.port, messages.EMPTY_BODY + b"no end")
        if outcome.code == DELIVERED:
            self.same(sink.only(), messages.EMPTY_BODY + b"no end\r\n", "mailsink's file")
        else:
            self.expect(outcome, WRONG_CALL)
            self.assertEqual(sink.files(), [])

    def test_haraka_3_refuses_what_follows_the_end_of_content(self):
        # RFC 2920 3.1 lets a client do that; Haraka 3 offers PIPELINING and answers each such command with 503. So each
        # message arrives once, and after the first 503 every command waits for the reply to the one before.
        got = []

        def script(lines):
            self.greet(lines, OFFERS_PIPELINING)
            for n in range(3):
                for command, reply in ((b"MAIL", b"250 ok"), (b"RCPT", b"250 ok"), (b"DATA", b"354 go")):
                    self.assertTrue(lines.line().startswith(command))
                    if n:
                        self.assertEqual(self.early(lines), b"", "sent before the reply to " + command.decode())
                    lines.send(reply + b"\r\n")
                got.append(self.content_of(lines))
                early = lines.pending.count(b"\r\n") + self.early(lines).count(b"\r\n") if not n else 0
                lines.send(b"250 kept\r\n" + b"503 5.5.1 not now\r\n" * early)
                self.assertEqual(early, 0 if n else 3, "commands sent after the end of the content")
                for _ in range(early):
                    lines.line()
            self.assertEqual(lines.line(), b"QUIT")
            lines.send(b"221 bye\r\n")
        self.against(script, messages.DOTS, DELIVERED, "--repeat=3")
        self.assertEqual(got, [messages.DOTS] * 3, "contents that the server took")

    def early(self, lines):
        """What has been sent already, and what comes within 0.1 s: whoever pipelines has sent it long before."""
        before = lines.pending
        lines.socket.settimeout(0.1)
        with contextlib.suppress(TimeoutError):
            lines.more()
        lines.socket.settimeout(10)
        return lines.pending[len(before):]

    def test_nothing_is_written_while_a_stray_reply_comes_in(self):
        # It would be taken for the answer to the command otherwise.
        def script(lines):
            self.greet(lines, b"250 server.example\r\n")
            self.assertTrue(lines.line().startswith(b"MAIL"))
            lines.send(b"250 ok\r\n5")
            self.assertEqual(self.early(lines), b"", "commands sent while another reply has begun")
            lines.send(b"54 5.3.0 going down\r\n")
            self.assertIsNone(lines.line())
        self.assertIn(b"going down", self.against(script, messages.DOTS, REFUSED).err)


class EightBit(Scripted):
    """RFC 6152 3: octets over 127 are declared, or not sent."""

    CONTENT = messages.EMPTY_BODY + "żółw\r\n".encode()

    def mail_of(self, capabilities, content, code, *options):
        seen = []

        def script(lines):
            self.greet(lines, capabilities)
            line = lines.line()
            seen.append(line)
            if line is None or not line.startswith(b"MAIL"):
                return
            lines.send(b"250 ok\r\n")
            for command, reply in ((b"RCPT", b"250 ok"), (b"DATA", b"354 go")):
                self.assertTrue(lines.line().startswith(command))
                lines.send(reply + b"\r\n")
            self.same(self.content_of(lines), content, "post's content")
            lines.send(b"250 kept\r\n")
        outcome = self.against(script, content, code, *options)
        return seen[0], outcome.err

    def test_declared_when_offered(self):
        line, _ = self.mail_of(b"250-x.example\r\n250 8BITMIME\r\n", self.CONTENT, DELIVERED)
        self.assertEqual(line, b"MAIL FROM:<a@example.com> BODY=8BITMIME")

    def test_seven_bit_is_not_declared(self):
        line, _ = self.mail_of(b"250-x.example\r\n250 8BITMIME\r\n", messages.DOTS, DELIVERED)
        self.assertEqual(line, b"MAIL FROM:<a@example.com>")

    def test_refused_when_not_offered(self):
        line, said = self.mail_of(b"250-x.example\r\n250 SIZE\r\n", self.CONTENT, REFUSED)
        self.assertIsNone(line, "a command after EHLO")
        self.assertIn(b"8BITMIME", said)

    def test_sent_when_not_offered_but_asked_for(self):
        line, _ = self.mail_of(b"250 x.example\r\n", self.CONTENT, DELIVERED, "--send-8bit")
        self.assertEqual(line, b"MAIL FROM:<a@example.com>")

    def test_to_mailsink(self):
        sink = self.sink()
        self.expect(self.post(sink.port, messages.EVERYTHING), DELIVERED)
        self.assertIn("BODY=8BITMIME", sink.envelopes()[0]["parameters"].split())
        sink.finish()


class Utf8Addresses(Scripted):
    """RFC 6531 3: addresses in UTF-8 go with SMTPUTF8, and to nobody who does not offer it."""

    ADDRESS = "żółw@example.com"

    def test_sent_where_it_is_offered(self):
        sink = self.sink()
        self.expect(self.post(sink.port, messages.DOTS, to=(self.ADDRESS, "b@example.com")), DELIVERED)
        told = sink.envelopes()[0]
        self.assertEqual(told["to"], [self.ADDRESS, "b@example.com"])
        self.assertIn("SMTPUTF8", told["parameters"].split())
        sink.finish()

    def test_as_the_sender(self):
        sink = self.sink()
        self.expect(self.post(sink.port, messages.DOTS, "--from=" + self.ADDRESS), DELIVERED)
        self.assertEqual(sink.envelopes()[0]["from"], self.ADDRESS)
        sink.finish()

    def test_not_asked_for_without_need(self):
        sink = self.sink()
        self.expect(self.post(sink.port, messages.DOTS), DELIVERED)
        self.assertNotIn("SMTPUTF8", sink.envelopes()[0]["parameters"])
        sink.finish()

    def test_refused_where_it_is_not_offered(self):
        def script(lines):
            self.greet(lines, b"250-x.example\r\n250 8BITMIME\r\n")
            self.assertIsNone(lines.line(), "a command after EHLO")
        outcome = self.against(script, messages.DOTS, REFUSED, to=(self.ADDRESS,))
        self.assertIn(b"SMTPUTF8", outcome.err)

    def test_what_is_no_utf8_is_a_wrong_call(self):
        self.expect(self.post(1, messages.DOTS, to=(b"\xff@example.com".decode(errors="surrogateescape"),)), WRONG_CALL)


class UnaskedReplies(Scripted):
    """A refusal may come at any moment (RFC 5321 3.8, 4.2): it is read and told at once, whatever else goes on. What sounds
    like success and answers nothing is no SMTP. Nothing of this may take longer than a moment."""

    LARGE = messages.BASE64 * 6  # more than the socket buffers between the two hold
    REFUSALS = {b"552 5.3.4 too big": REFUSED, b"554-5.6.0 no\r\n554 5.6.0 never": REFUSED, b"521 5.5.2 bare <LF>": REFUSED,
                b"500 what": REFUSED, b"451 4.3.0 later": TRY_LATER, b"421 4.3.2 down": TRY_LATER, b"452 full": TRY_LATER}

    def told(self, script, content, reply, code, *options):
        begun = time.monotonic()
        outcome = self.against(script, content, code, *options, receive_buffer=65536)
        self.assertLess(time.monotonic() - begun, 5, f"seconds until {reply!r} was told")
        self.assertIn(reply[-6:], outcome.err, "the text of the reply")

    def afterwards(self, lines, how):
        if how == "closes":  # with octets unread: a reset follows the reply
            return
        if how == "shuts down":
            lines.socket.shutdown(socket.SHUT_WR)
        if how in ("reads on", "shuts down"):
            with contextlib.suppress(ConnectionError):
                while lines.socket.recv(65536):
                    pass
        if how == "stalls":
            time.sleep(0.3)

    def test_in_content(self):
        for capabilities in (b"250 server.example\r\n", OFFERS_PIPELINING):
            for reply, code in list(self.REFUSALS.items())[:2 if capabilities == OFFERS_PIPELINING else None]:
                for how in ("closes", "shuts down", "reads on", "stalls"):
                    for moment in ("with 354", "after 1 octet", "after 1 MB"):
                        with self.subTest(capabilities=capabilities, reply=reply, how=how, moment=moment):
                            self.check_content(capabilities, reply, code, how, moment)

    def check_content(self, capabilities, reply, code, how, moment):
        def script(lines):
            self.greet(lines, capabilities)
            for answer in (b"250 ok\r\n", b"250 ok\r\n"):
                lines.line()
                lines.send(answer)
            self.assertEqual(lines.line(), b"DATA")
            lines.send(b"354 go\r\n" + (reply + b"\r\n" if moment == "with 354" else b""))
            if moment != "with 354":
                read = len(lines.pending)
                while read < (1 if moment == "after 1 octet" else 1000000):
                    octets = lines.socket.recv(65536)
                    self.assertTrue(octets)
                    read += len(octets)
                lines.send(reply + b"\r\n")
            self.afterwards(lines, how)
        self.told(script, self.LARGE, reply, code)

    def test_in_content_that_was_sent_whole(self):
        for how in ("closes", "reads on"):
            for reply, code in self.REFUSALS.items():
                with self.subTest(reply=reply, how=how):
                    def script(lines, reply=reply, how=how):
                        self.greet(lines, OFFERS_PIPELINING)
                        for answer in (b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
                            lines.line()
                            lines.send(answer)
                        self.content_of(lines)
                        lines.send(reply + b"\r\n")
                        self.afterwards(lines, how)
                    self.told(script, messages.DOTS, reply, code)

    def test_in_two_pieces(self):
        def script(lines):
            self.greet(lines, b"250 server.example\r\n")
            for answer in (b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n55"):
                lines.line()
                lines.send(answer)
            time.sleep(0.2)
            lines.send(b"2 5.3.4 too big\r\n")
            self.afterwards(lines, "stalls")
        self.told(script, self.LARGE, b"552 5.3.4 too big", REFUSED)

    ORDER = (b"220 server.example", b"250 server.example", b"250 ok", b"250 ok", b"354 go", b"250 kept")

    def idle(self, moment, extra):
        """Each command is answered; with the reply of that moment comes one more in the same segment."""
        def script(lines):
            for n, answer in enumerate(self.ORDER):
                if n == 5:
                    self.content_of(lines)
                elif n > 0 and lines.line() is None:
                    return
                lines.send(answer + b"\r\n" + (extra + b"\r\n" if n == moment else b""))
                if n == moment and n != 5:
                    self.assertIsNone(lines.line(), "a command after a reply that nobody asked for")
                    return
        return script

    def test_refusal_while_nothing_is_under_way(self):
        for moment in range(4):
            for reply, code in self.REFUSALS.items():
                with self.subTest(after=self.ORDER[moment], reply=reply):
                    self.told(self.idle(moment, reply), messages.DOTS, reply, code)

    def test_trouble_after_delivery_is_no_failure(self):
        for reply in self.REFUSALS:
            with self.subTest(reply=reply):
                self.against(self.idle(5, reply), messages.DOTS, DELIVERED)

    def test_success_that_answers_nothing(self):
        for moment in range(4):
            for reply in (b"250 early", b"250-early", b"354 go", b"220 again", b"nonsense"):
                if reply == b"250-early":
                    reply += b"\r\n250 more"
                with self.subTest(after=self.ORDER[moment], reply=reply):
                    begun = time.monotonic()
                    self.against(self.idle(moment, reply), messages.DOTS, TRY_LATER)
                    self.assertLess(time.monotonic() - begun, 5)

    def test_refusal_and_loss_is_a_refusal(self):
        # The commands after a content that was refused are answered by a closed connection: the refusal counts.
        def script(lines):
            self.greet(lines, OFFERS_PIPELINING)
            for answer in (b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
                lines.line()
                lines.send(answer)
            self.content_of(lines)
            lines.send(b"554 5.7.1 spam\r\n")
        self.told(script, messages.DOTS, b"554 5.7.1 spam", REFUSED, "--repeat=5")
