"""The example relay between programs that people run: what gets through it is what would have without it."""

import messages
import test_clients
import test_exim
import test_load
import test_post
import test_relays
import test_sockets
from relaying import WithRelay
from test_tls import PASSWORD, USER


class BeforeSink(WithRelay):
    """Tests of other files, whose mailsink now has a relay before it."""

    def sink(self, *options, **more):
        sink = super().sink(*options, **more)
        sink.behind, sink.port = sink.port, self.put_relay(sink.port).port
        return sink


class BeforeServer(WithRelay):
    """Likewise with another server."""

    def server(self, *options):
        return self.put_relay(super().server(*options)).port


class Swaks(BeforeSink, test_clients.Swaks):
    pass


class Curl(BeforeSink, test_clients.Curl):
    pass


class Msmtp(BeforeSink, test_clients.Msmtp):
    pass


class Smtplib(BeforeSink, test_clients.Smtplib):
    pass


class NetSmtp(BeforeSink, test_clients.NetSmtp):
    pass


class ToMailsink(BeforeSink, test_post.ToMailsink):
    pass


class Aiosmtpd(BeforeServer, test_post.Aiosmtpd):
    pass


class SmtpSink(BeforeServer, test_post.SmtpSink):
    pass


class Sockets(BeforeSink, test_sockets.Delivery):
    pass


class Exim(WithRelay, test_exim.Exim):
    """post, STARTTLS, the relay, STARTTLS, Exim, and on to mailsink: each in its own way."""

    def start(self):
        server = super().start()
        server.wait_for(lambda: self.answers(self.port), f"answer on port {self.port}")
        self.port = self.put_relay(self.port, f"--certificate={self.certificate}", f"--key={self.key}", "--starttls=required",
                                   f"--trust={self.certificate}").port
        return server


class BeforePostfix(WithRelay):
    """post, the relay, STARTTLS, a Postfix smtpd, and on to mailsink."""

    logs_in = ()

    def start(self):
        server = super().start()
        server.wait_for(lambda: self.answers(self.port), f"answer on port {self.port}")
        self.port = self.put_relay(self.port, f"--certificate={self.certificate}", f"--key={self.key}", "--starttls=required",
                                   f"--trust={self.certificate}", *self.logs_in).port
        return server


class Postfix(BeforePostfix, test_relays.Postfix):
    pass


class PostfixLogin(BeforePostfix, test_relays.PostfixCase):
    """It takes mail of those who log in alone, which the relay does and the client does not."""

    SETTINGS = test_relays.PostfixCase.SETTINGS.replace("permit_mynetworks", "permit_sasl_authenticated")

    def test_login(self):
        self.logs_in = (f"--user={USER}:{PASSWORD}",)
        self.check_way("STARTTLS, on with STARTTLS", "--tls=required")

    def test_without(self):
        self.lmtp = False
        self.behind = self.secure_sink()
        relay = self.start()
        relay.wait_for(lambda: self.answers(self.port), f"answer on port {self.port}")
        self.assertEqual(self.post_to(self.port, messages.DOTS, "--tls=required").code, 1)
        self.assertEqual(self.behind.files(), [])


class SmtpSource(BeforeSink, test_load.SmtpSource):
    pass


GROUPS = {
    "relay-clients": [Swaks, Curl, Msmtp, Smtplib, NetSmtp],
    "relay-post": [ToMailsink, Sockets],
    "relay-servers": [Aiosmtpd, Exim],
    "relay-postfix": [Postfix, PostfixLogin],
    "relay-sink": [SmtpSink],
    "relay-load": [SmtpSource],
}
