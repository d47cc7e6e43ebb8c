"""swaks, curl, msmtp, smtplib and Perl's Net::SMTP deliver to mailsink.

Each message goes twice: straight to the server, and through the recorder. The file must be what the recorder saw on
the wire, decoded without the library, and what the client was given, after the changes that client documents.
"""

import smtplib

import harness
import matrix
import messages
import wire


class ClientCase(harness.Case):
    def deliver(self, port, content):
        """Has the client deliver the content; returns what it is to send for that."""
        raise NotImplementedError

    def check(self, content, deliver=None):
        deliver = deliver or self.deliver
        straight = self.sink()
        expected = deliver(straight.port, content)
        self.same(straight.only(), expected, "mailsink's file against what the client was given")
        self.assertEqual(straight.finish(), (1, 1), "(messages, connections)")

        sink = self.sink()
        recorder = self.recorder(sink.port)
        expected = deliver(recorder.port, content)
        stored = sink.contents()  # before anything else: it was acknowledged, so it must be there
        sent = self.recorded(recorder)
        self.assertEqual([delivery.code for delivery in sent], [250], "replies to the content")
        self.assertEqual(len(stored), 1, "messages in the directory")
        self.same(stored[0], sent[0].content, "mailsink's file against the wire")
        self.same(sent[0].content, expected, "the wire against what the client was given")
        sink.finish()


@matrix.in_the_clear("curl", "to mailsink", "octet for octet")
@messages.one_test_each()
class Curl(ClientCase):
    """Sends the file as it is, dots stuffed."""

    @classmethod
    def require(cls):
        cls.curl = harness.tool("curl", "curl")

    def deliver(self, port, content):
        self.must_run([self.curl, "-q", "--silent", "--show-error", "--max-time", 15,
                       "--noproxy", "*", f"smtp://127.0.0.1:{port}/client.example", "--mail-from", "a@example.com",
                       "--mail-rcpt", "b@example.com", "--upload-file", self.file("curl.eml", content)])
        return content


@matrix.in_the_clear("msmtp", "to mailsink", "octet for octet, CRLF for LF")
@messages.one_test_each()
class Msmtp(ClientCase):
    """Reads a Unix file and sends CRLF; it is told to leave the header alone."""

    @classmethod
    def require(cls):
        cls.msmtp = harness.tool("msmtp", "msmtp")

    def deliver(self, port, content):
        self.must_run([self.msmtp, "--host=127.0.0.1", f"--port={port}", "--timeout=15",
                       "--domain=client.example", "--from=a@example.com", "--auth=off", "--tls=off",
                       "--set-from-header=off", "--set-date-header=off", "--set-msgid-header=off",
                       "--remove-bcc-headers=off", "--undisclosed-recipients=off", "b@example.com"],
                      stdin=messages.with_lf(content))
        return content


@matrix.in_the_clear("Python's smtplib", "to mailsink", "octet for octet")
@messages.one_test_each()
class Smtplib(ClientCase):
    """Sends octets as they are, dots stuffed, and ends them with CRLF, even when there are none."""

    def deliver(self, port, content):
        with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example", timeout=15) as client:
            client.ehlo()
            eight_bit = ["BODY=8BITMIME"] if not content.isascii() and client.has_extn("8bitmime") else []
            refused = client.sendmail("a@example.com", ["b@example.com"], content, mail_options=eight_bit)
        self.assertEqual(refused, {}, "refused recipients")
        return content or b"\r\n"


@matrix.in_the_clear("Perl's Net::SMTP", "to mailsink", "octet for octet")
@messages.one_test_each()
class NetSmtp(ClientCase):
    """Perl's Net::SMTP reads lines, makes their ends CRLF and stuffs dots."""

    PROGRAM = r"""
        my ($port, $file) = @ARGV;
        my $smtp = Net::SMTP->new("127.0.0.1", Port => $port, Hello => "client.example", Timeout => 15) or die $@;
        open my $in, "<:raw", $file or die $!;
        my @lines = <$in>;
        $smtp->mail('a@example.com') && $smtp->to('b@example.com') && $smtp->data(@lines ? \@lines : ())
            or die $smtp->message;
        $smtp->dataend or die $smtp->message unless @lines;
        $smtp->quit or die $smtp->message;
    """

    @classmethod
    def require(cls):
        cls.perl = harness.tool("perl", "perl")

    def deliver(self, port, content):
        self.must_run([self.perl, "-w", "-MNet::SMTP", "-e", self.PROGRAM, port, self.file("perl.eml", content)])
        return content


@matrix.in_the_clear("swaks", "to mailsink", "octet for octet; it ends the last line itself")
@messages.one_test_each(without="no-octets")  # it takes a file without a line end for a file name
class Swaks(ClientCase):
    """Stuffs dots, and appends a line end and the last dot to whatever it is given."""

    @classmethod
    def require(cls):
        cls.program = harness.tool("swaks", "swaks")

    def swaks(self, port, octets, *options):
        self.must_run([self.program, "--server", "127.0.0.1", "--port", port, "--helo",
                       "client.example", "--from", "a@example.com", "--to", "b@example.com", "--timeout", 15,
                       "--suppress-data", "--data", "@" + str(self.file("swaks.eml", octets)), *options])

    def deliver(self, port, content, *options):
        if content in (messages.DOT_LAST, messages.EMPTY_BODY):
            return self.deliver_raw(port, content)
        # Given without the last line end, since swaks adds one.
        self.swaks(port, content.removesuffix(b"\r\n"), *options)
        return content

    def deliver_raw(self, port, content):
        """For what swaks' fixing would change: it drops a last line that is a dot, adds an empty line to a header
        without a body, and takes no empty file. --no-data-fixup sends the octets as they are, then CRLF: the
        dot-stuffing and the final dot are ours."""
        self.swaks(port, wire.stuff(content).removesuffix(b"\r\n"), "--no-data-fixup")
        return content

    def test_empty_body_fixed_up(self):
        def fixed_up(port, content):
            self.swaks(port, content)
            return content + b"\r\n"
        self.check(messages.EMPTY_BODY, fixed_up)

    def test_pipelined(self):
        def pipelined(port, content):
            return self.deliver(port, content, "--pipeline")
        self.check(messages.EVERYTHING, pipelined)
