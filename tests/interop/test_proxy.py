"""mailsink behind a proxy: who the client is, is what the PROXY header says. HAProxy writes it, in both versions."""

import socket
import ssl
import struct

import harness
import matrix
import messages
from test_servers import free_port
from wire import Lines, Peer, stuff

CONTENT = b"Subject: x\r\n\r\n.a dot\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V1 = b"PROXY TCP4 192.0.2.1 198.51.100.7 56324 25\r\n"


def v2(command, family, block):
    return SIGNATURE + bytes([command, family]) + struct.pack(">H", len(block)) + block


class Client(Peer):
    """From an address of its own."""

    def __init__(self, port, source):
        connection = socket.create_connection(("127.0.0.1", port), 10, (source, 0))
        Lines.__init__(self, connection)
        self.name = "%s:%d" % connection.getsockname()

    def deliver(self, content):
        self.envelope()
        self.send(stuff(content))
        assert (self.code(), self.ask(b"QUIT")) == (250, 221)


@matrix.ways("HAProxy, between", "to mailsink", "octet for octet", {
    "PROXY version 1": ("send-proxy",),
    "PROXY version 2": ("send-proxy-v2",),
    "PROXY version 2, CRC32c and other TLVs": ("send-proxy-v2 proxy-v2-options crc32c,unique-id,authority,ssl",),
})
class HaProxy(harness.Case):
    """Several mailsinks behind one address."""

    @classmethod
    def require(cls):
        cls.haproxy = harness.tool("haproxy", "haproxy")

    def behind(self, sinks, how):
        port = free_port()
        servers = "".join(f"  server s{n} 127.0.0.1:{sink.port} {how}\n" for n, sink in enumerate(sinks))
        config = self.file("haproxy.cfg", f"""global
  maxconn 100
defaults
  mode tcp
  timeout connect 5s
  timeout client 10s
  timeout server 10s
frontend mail
  bind 127.0.0.1:{port}
  unique-id-format %ci:%cp
  default_backend sinks
backend sinks
  balance roundrobin
  option smtpchk EHLO haproxy.example
{servers}""".encode())
        proxy = self.program([self.haproxy, "-db", "-f", config])

        def listens():
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return True
            except ConnectionRefusedError:
                return False

        proxy.wait_for(listens, "port that is listened on")
        return port, proxy

    def check_way(self, _, how):
        sinks = [self.sink("--proxy"), self.sink("--proxy")]
        port, proxy = self.behind(sinks, how)
        names = []
        contents = list(messages.ALL.values())
        for n, content in enumerate(contents):
            with Client(port, f"127.0.0.{n + 2}") as client:
                client.deliver(content)
                names.append(client.name)
        told = [[line["peer"] for line in sink.envelopes()] for sink in sinks]
        self.assertEqual(sorted(told[0] + told[1]), sorted(names), "who the clients are")
        self.assertTrue(all(told), "one mailsink took all of the messages")
        self.same_set(sinks[0].contents() + sinks[1].contents(), contents, "mailsink's files")
        proxy.stop()
        for sink in sinks:
            sink.finish()

    def test_checks_of_health(self):
        # They are the proxy's own: LOCAL in version 2.
        for how in "send-proxy", "send-proxy-v2":
            sink = self.sink("--proxy", "--log")
            _, proxy = self.behind([sink], f"{how} check inter 100 fall 1")
            sink.wait_for(lambda: sink.err().count(b"C: EHLO haproxy.example\n") >= 3, "checks of health")
            proxy.stop()
            self.assertNotIn(b"no PROXY header", sink.err())

    def test_a_proxy_that_says_nothing_is_refused(self):
        sink = self.sink("--proxy", "--verbose")
        port, _ = self.behind([sink], "")
        with Client(port, "127.0.0.2") as client:
            # The server speaks first in SMTP: here it waits, for a header that is a command.
            client.send(b"EHLO client.example\r\n")
            self.assertEqual(client.until_closed(), [])
        self.assertIn(b"closed: no PROXY header", sink.err())


class Headers(harness.Case):
    """Written by hand."""

    def who(self, header, *options, cuts=()):
        """The peer in the log after a message; None if the connection was closed without a word."""
        sink = self.sink("--proxy", *options)
        with Peer(sink.port) as peer:
            for octets in [header[a:b] for a, b in zip([0, *cuts], [*cuts, len(header)])]:
                peer.send(octets)
            try:
                code = peer.code()
            except ConnectionResetError:
                code = None
            if code is None:
                return None
            self.assertEqual([code, peer.ask(b"EHLO client.example")], [220, 250])
            peer.send(b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n")
            self.assertEqual([peer.code() for _ in range(3)], [250, 250, 354])
            peer.send(stuff(CONTENT))
            self.assertEqual(peer.code(), 250)
        told = sink.envelopes()[0]["peer"]
        sink.finish()
        return "local" if told.startswith("127.0.0.1:") else told

    def test_what_they_tell(self):
        four = socket.inet_aton("192.0.2.1") + socket.inet_aton("198.51.100.7") + struct.pack(">HH", 56324, 25)
        six = socket.inet_pton(socket.AF_INET6, "2001:db8::1") * 2 + struct.pack(">HH", 56324, 25)
        unix = b"/run/a".ljust(108, b"\0") * 2
        for header, who in ((V1, "192.0.2.1:56324"), (b"PROXY TCP6 2001:db8::1 ::1 1 2\r\n", "[2001:db8::1]:1"), (b"PROXY UNKNOWN\r\n", "local"),
                            (v2(0x21, 0x11, four), "192.0.2.1:56324"), (v2(0x21, 0x21, six), "[2001:db8::1]:56324"), (v2(0x21, 0x31, unix), "unix:/run/a"),
                            (v2(0x20, 0, b""), "local"), (v2(0x20, 0x11, four), "local"), (v2(0x21, 0, b"xyz"), "local")):
            self.assertEqual(self.who(header), who, header)

    def test_in_pieces(self):
        self.assertEqual(self.who(V1, cuts=range(1, len(V1))), "192.0.2.1:56324")

    def test_what_is_refused(self):
        for header in (b"EHLO a\r\n", V1.replace(b"\r\n", b"\n"), V1.replace(b"192.0.2.1", b"192.00.2.1"), v2(0x21, 0x11, b"short"), v2(0x11, 0x11, bytes(12)),
                       v2(0x21, 0x11, bytes(12) + b"\3\0\4sum!"), v2(0x21, 0x11, bytes(5000))):
            self.assertIsNone(self.who(header), header)

    def test_each_client_counts_for_itself(self):
        # Not the proxy: all connections are from that.
        sink = self.sink("--proxy", "--max-per-peer=1")
        with Peer(sink.port) as first, Peer(sink.port) as second, Peer(sink.port) as third:
            for peer, header, code in ((first, V1, 220), (second, V1.replace(b"192.0.2.1", b"192.0.2.2"), 220), (third, V1, 421)):
                peer.send(header)
                self.assertEqual(peer.code(), code)

    def test_with_the_first_command(self):
        # In one segment; the header is not the client's, so these are early octets all the same.
        sink = self.sink("--proxy", "--log")
        with Peer(sink.port) as peer:
            peer.send(V1 + b"EHLO client.example\r\nQUIT\r\n")
            self.assertEqual(peer.until_closed(), [220, 250, 221])
        self.assertIn(b"192.0.2.1:56324 ", sink.err())

    def test_tls_after_the_header(self):
        harness.need_tls()
        certificate = self.scratch / "sink.pem"
        sink = self.sink("--proxy", f"--self-signed={certificate}", "--tls-port=0")
        context = ssl.create_default_context(cafile=certificate)
        raw = socket.create_connection(("127.0.0.1", sink.tls_port), 10)
        raw.sendall(V1)
        with context.wrap_socket(raw, server_hostname="sink.example") as tls, tls.makefile("rb") as lines:
            self.assertEqual(lines.readline()[:3], b"220")
            tls.sendall(b"QUIT\r\n")
            self.assertEqual(lines.readline()[:3], b"221")
