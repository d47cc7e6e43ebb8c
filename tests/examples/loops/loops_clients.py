"""Tests of the clients: with one of the servers, and with scripted ones."""

import contextlib
import socket
import ssl

import loops_case as case
from loops_case import Case
import messages
import wire


class Clients(Case):
    def deliver(self, port, content, *to):
        """Of each client: its exit code and what it says of each recipient."""
        for client in case.option.client:
            done = self.run_to_end([client, "127.0.0.1", port, "a@example.com", *to], stdin=content)
            yield done.code, done.out.decode().splitlines(), done.err

    def test_each_message(self):
        server = self.server()
        for content in messages.ALL.values():
            for code, said, err in self.deliver(server.port, content, "b@example.org", "c@example.org"):
                self.assertEqual((code, said, err), (0, ["<b@example.org>: delivered", "<c@example.org>: delivered"], b""))
        self.accepted(server, *list(messages.ALL.values()) * len(case.option.client))
        self.end(server)

    def test_recipients(self):
        server = self.server()
        many = [f"{n:060}@example.org" for n in range(50)]  # more than the client writes at once
        for code, said, _ in self.deliver(server.port, messages.DOTS, "nobody@example.org", *many, "b@example.net"):
            self.assertEqual((code, said[0], said[-1]), (1, "<nobody@example.org>: refused", "<b@example.net>: refused"))
            self.assertEqual(said[1:-1], [f"<{to}>: delivered" for to in many])
        self.assertEqual(server.messages(), [(messages.DOTS, len(many))] * len(case.option.client))
        for code, said, _ in self.deliver(server.port, messages.DOTS, "nobody@example.org"):
            self.assertEqual((code, said), (1, ["<nobody@example.org>: refused"]))
        for code, said, _ in self.deliver(server.port, messages.DOTS, "żółw@example.org"):
            self.assertEqual((code, said), (0, ["<żółw@example.org>: delivered"]))
        self.end(server)


class ClientsTls(Case):
    def test_what_is_seen_on_the_way(self):
        """A client that can do TLS says nothing of the message in the clear."""
        server = self.server("300", self.certificate())
        for client in case.option.client:
            way = self.recorder(server.port)
            self.must_run([client, "127.0.0.1", way.port, "a@example.com", "b@example.org"], stdin=messages.DOTS)
            said = bytes(way.finish()[0].client)
            can = "asio" in client
            self.assertEqual((b"STARTTLS\r\n" in said, b"MAIL FROM" in said, b"Subject" in said), (can, not can, not can))
        self.accepted(server, *[messages.DOTS] * len(case.option.client))
        self.end(server)


class CutOff(Case):
    """A server that ends TLS after each octet of its replies: only a reply that has come whole delivers."""

    SAYS = [b"250 mx\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 kept\r\n"]

    def test_client(self):
        client = next((client for client in case.option.client if "asio" in client), None)
        if not client:
            self.skipTest("no client that can do TLS")
        self.certificate()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.scratch / "cert.pem")
        end = len(b"".join(self.SAYS))
        sent = end - len(self.SAYS[-1])  # the content has been sent when so much was said
        for limit in range(end + 1):
            done = self.deliver(client, context, limit)
            said = "delivered" if limit == end else "unknown" if limit >= sent else "to be tried again"
            self.assertEqual(done.out.decode(), f"<b@example.org>: {said}\n", (limit, done))
            self.assertEqual(done.code, 0 if limit == end else 75)

    def deliver(self, client, context, limit):
        def script(lines):
            for reply in (b"220 mx\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"220 go\r\n"):
                lines.send(reply)
                self.assertTrue(reply == b"220 go\r\n" or lines.line())
            lines.socket = context.wrap_socket(lines.socket, server_side=True)
            left, content = limit, False
            for reply in self.SAYS:
                while (line := lines.line()) is not None and content and line != b".":
                    pass
                lines.send(reply[:left])
                left -= min(left, len(reply))
                content = reply.startswith(b"354")
                if not left and limit < len(b"".join(self.SAYS)):
                    if limit % 2:
                        with contextlib.suppress(OSError):
                            lines.socket.settimeout(2)
                            lines.socket.unwrap()
                    return
        server = wire.Scripted(script)
        done = self.run_to_end([client, "127.0.0.1", server.port, "a@example.com", "b@example.org"],
                               stdin=b"Subject: x\r\n\r\ntext\r\n")
        server.finish()
        return done


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
        for client in case.option.client if clients is None else clients:
            server = wire.Scripted(script)
            done = self.run_to_end([client, "127.0.0.1", server.port, "a@example.com", "b@example.org"], stdin=messages.DOTS)
            self.assertEqual((done.code, done.out.decode()), (code, f"<b@example.org>: {said}\n"), (client, done))
            server.finish()

    HELLO = [b"220 mx\r\n", b"250 mx\r\n"]
    TO = HELLO + [b"250 ok\r\n", b"250 ok\r\n"]
    BYE = [b"221 bye\r\n"]

    def test_delivered(self):
        self.check(self.TO + [b"354 go\r\n", b"250 ok\r\n"] + self.BYE, 0, "delivered")
        self.check([b"220 mx\r\n", b"502 what?\r\n", b"250 mx\r\n", *self.TO[2:], b"354 go\r\n", b"250 ok\r\n", *self.BYE], 0,
                   "delivered")

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
        tls = [client for client in case.option.client if "asio" in client]
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
        for client in case.option.client:
            done = self.run_to_end([client, "127.0.0.1", port, "a@example.com", "b@example.org"])
            self.assertEqual((done.code, done.out), (75, b""))
            self.assertIn(b"cannot connect", done.err)
