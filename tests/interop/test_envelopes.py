"""Envelopes that are hard, and a content of 5 MiB, from programs that people run to mailsink. What a program cannot send is not
among its ways."""

import json
import random
import smtplib

import harness
import matrix
import messages
import packages
from test_programs import TO_MAILSINK

_BLOCK = bytes(octet for octet in range(256) if octet not in b"\r\n")  # NUL is among them
_RNG = random.Random(5)
LARGE = messages.EMPTY_BODY + b"".join(bytes(_RNG.choices(_BLOCK, k=97)) + b"\r\n" for _ in range(5 * 1024 * 1024 // 99 + 1))
SENDER, RECIPIENT = "a@example.com", "b@example.com"
CASES = {
    "null sender": ("", [RECIPIENT], messages.DOTS),
    "1,500 recipients": (SENDER, [f"user{n}@example.com" for n in range(1500)], messages.DOTS),
    "UTF-8 addresses": ("żółw@example.com", ["亀@example.org", RECIPIENT], messages.DOTS),
    "source routes": ("@one.example,@two.example:a@example.com", ["@one.example:b@example.com"], messages.DOTS),
    "5 MiB": (SENDER, [RECIPIENT], messages.BASE64 * 5),
    "5 MiB with NUL": (SENDER, [RECIPIENT], LARGE),
}


def hard(who, *without):
    return matrix.ways(who, TO_MAILSINK, "the envelope as given", {name: CASES[name] for name in CASES if name not in without})


class EnvelopeCase(harness.Case):
    def send(self, port, sender, to, content):
        """Has the program deliver that."""
        raise NotImplementedError

    def check_way(self, way, sender, to, content):
        sink = self.sink("--max-recipients=2000")
        self.send(sink.port, sender, to, content)
        told, = sink.envelopes()
        self.same(sink.only(), content, "mailsink's file against what the program was given")
        without_route = [address.rpartition(":")[2] for address in [sender, *to]]
        self.assertEqual([told["from"], *told["to"]], without_route)
        self.assertEqual("SMTPUTF8" in told["parameters"], way == "UTF-8 addresses", told["parameters"])
        sink.finish()


@hard("curl")
class Curl(EnvelopeCase):
    @classmethod
    def require(cls):
        cls.curl = harness.tool("curl", "curl")

    def send(self, port, sender, to, content):
        recipients = [word for address in to for word in ("--mail-rcpt", address)]
        self.must_run([self.curl, "-q", "--silent", "--show-error", "--max-time", 15, "--noproxy", "*",
                       f"smtp://127.0.0.1:{port}/c.example", "--mail-from", sender, *recipients,
                       "--upload-file", self.file("m", content)])


@hard("swaks", "UTF-8 addresses", "source routes", "5 MiB with NUL")
class Swaks(EnvelopeCase):
    @classmethod
    def require(cls):
        cls.swaks = harness.tool("swaks", "swaks")

    def send(self, port, sender, to, content):
        self.must_run([self.swaks, "--server", "127.0.0.1", "--port", port, "--helo", "client.example", "--from", sender or "<>",
                       "--to", ",".join(to), "--timeout", 15, "--suppress-data",
                       "--data", "@" + str(self.file("m", content[:-2]))])


@hard("Python's smtplib", "source routes")
class Smtplib(EnvelopeCase):
    def send(self, port, sender, to, content):
        utf8 = [] if sender.isascii() else ["SMTPUTF8"]
        with smtplib.SMTP("127.0.0.1", port, "client.example", timeout=15) as client:
            self.assertEqual(client.sendmail(sender, to, content, mail_options=utf8), {})


@hard("msmtp", "UTF-8 addresses", "source routes", "5 MiB with NUL")
class Msmtp(EnvelopeCase):
    @classmethod
    def require(cls):
        cls.msmtp = harness.tool("msmtp", "msmtp")

    def send(self, port, sender, to, content):
        self.must_run([self.msmtp, "--host=127.0.0.1", f"--port={port}", "--timeout=15", "--domain=client.example",
                       f"--from={sender}", "--auth=off", "--tls=off", "--set-from-header=off", "--set-date-header=off",
                       "--set-msgid-header=off", "--remove-bcc-headers=off", "--undisclosed-recipients=off", *to],
                      stdin=messages.with_lf(content))


@hard("Perl's Net::SMTP", "UTF-8 addresses")
class NetSmtp(EnvelopeCase):
    PROGRAM = r"""
        my ($port, $file, $sender, @to) = @ARGV;
        my $smtp = Net::SMTP->new("127.0.0.1", Port => $port, Hello => "client.example", Timeout => 15) or die $@;
        open my $in, "<:raw", $file or die $!;
        my @lines = <$in>;
        $smtp->mail("<$sender>") && $smtp->to(map { "<$_>" } @to) && $smtp->data(\@lines) or die $smtp->message;
        $smtp->quit or die $smtp->message;
    """

    @classmethod
    def require(cls):
        cls.perl = harness.tool("perl", "perl")

    def send(self, port, sender, to, content):
        self.must_run([self.perl, "-w", "-MNet::SMTP", "-e", self.PROGRAM, port, self.file("m", content), sender, *to])


@hard("nodemailer", "source routes")
class Nodemailer(EnvelopeCase):
    PROGRAM = r"""
        const [port, file, envelope] = process.argv.slice(1);
        require('nodemailer').createTransport({host: '127.0.0.1', port, name: 'client.example', ignoreTLS: true})
            .sendMail({envelope: JSON.parse(envelope), raw: require('fs').readFileSync(file)})
            .catch(e => { console.error(e); process.exit(1); });
    """

    @classmethod
    def require(cls):
        cls.node = harness.tool("node", "nodejs")
        cls.modules = packages.modules()

    def send(self, port, sender, to, content):
        self.must_run([self.node, "-e", self.PROGRAM, port, self.file("m", content), json.dumps({"from": sender, "to": to})],
                      env={"NODE_PATH": str(self.modules)})


@hard("OpenSMTPD's smtp", "UTF-8 addresses", "5 MiB with NUL")
class OpenSmtpd(EnvelopeCase):
    @classmethod
    def require(cls):
        cls.smtp = packages.program("bin/smtp", "opensmtpd")

    def send(self, port, sender, to, content):
        self.must_run([self.smtp, "-C", "-H", "client.example", "-F", sender, "-s", f"smtp+notls://127.0.0.1:{port}", *to],
                      stdin=messages.with_lf(content), env=packages.libraries())
