"""Programs that people run deliver to mailsink over TLS, with AUTH, by LMTP."""

import json
import smtplib
import subprocess
import sys

import harness
import matrix
import messages
import packages
from test_tls import PASSWORD, USER, TlsCase

TO_MAILSINK = "to mailsink"
# Together they hold all that is hard; the small one is for programs that are slow to start.
CONTENTS = {name: messages.ALL[name] for name in ("dots", "everything", "base64", "dot-last")}
LOGIN = f"{USER}:{PASSWORD}"


class ProgramCase(TlsCase):
    contents = CONTENTS

    def deliver(self, sink, content, *arguments):
        """Has the program deliver; returns what it is to send for that content."""
        raise NotImplementedError

    def check_way(self, way, protocol, *arguments):
        sink = self.secure_sink(*(["--lmtp"] if protocol.startswith("LMTP") else []))
        for name, content in self.contents.items():
            with self.subTest(message=name):
                expected = self.deliver(sink, content, *arguments)
                told = sink.envelopes()[-1]
                kept = (sink.directory / told["file"]).read_bytes()
                self.same(kept, expected, "mailsink's file against what the program was given")
                self.assertEqual((told["with"], told["login"]), (protocol, USER if protocol.endswith("A") else ""))
                self.assertEqual((told["from"], told["to"]), ("a@example.com", ["b@example.com"]))
        self.assertEqual(sink.finish()[0], len(self.contents))


def auth(*names):
    login = ("--auth-user", USER, "--auth-password", PASSWORD)
    return {f"STARTTLS, {name}": ("ESMTPSA", "--tls", "--auth", name, *login) for name in names}


@matrix.ways("swaks", TO_MAILSINK, "octet for octet; it ends the last line itself", {
    "STARTTLS": ("ESMTPS", "--tls"),
    "STARTTLS, verified": ("ESMTPS", "--tls", "--tls-verify", "--tls-ca-path"),
    "TLS": ("ESMTPS", "--tls-on-connect"),
    **auth("PLAIN", "LOGIN"),
    "STARTTLS, PIPELINING": ("ESMTPS", "--tls", "--pipeline"),
    "LMTP": ("LMTP", "--protocol", "LMTP"),
})
class Swaks(ProgramCase):
    contents = {name: CONTENTS[name] for name in ("dots", "everything")}

    @classmethod
    def require(cls):
        super().require()
        cls.swaks = harness.tool("swaks", "swaks")
        perl = subprocess.run(["perl", "-MNet::SSLeay", "-e", "1"], capture_output=True)
        if perl.returncode != 0:
            raise harness.Missing("Perl has no Net::SSLeay (Debian package libnet-ssleay-perl)")

    def deliver(self, sink, content, *options):
        if options[-1] == "--tls-ca-path":
            options += (sink.ca,)
        port = sink.tls_port if "--tls-on-connect" in options else sink.port
        self.must_run([self.swaks, "--server", "localhost", "--port", port, "--helo", "client.example", "--from", "a@example.com",
                       "--to", "b@example.com", "--timeout", 15, "--suppress-data", "--data",
                       "@" + str(self.file("m", content.removesuffix(b"\r\n"))), *options])
        return content


@matrix.ways("curl", TO_MAILSINK, "octet for octet", {
    "STARTTLS, verified": ("ESMTPS",),
    "TLS, verified": ("ESMTPS", "smtps"),
    "STARTTLS, PLAIN": ("ESMTPSA", "smtp", "PLAIN"),
    "STARTTLS, LOGIN": ("ESMTPSA", "smtp", "LOGIN"),
    "STARTTLS, XOAUTH2": ("ESMTPSA", "smtp", "XOAUTH2"),
    "TLS, PLAIN": ("ESMTPSA", "smtps", "PLAIN"),
})
class Curl(ProgramCase):
    @classmethod
    def require(cls):
        super().require()
        cls.curl = harness.tool("curl", "curl")

    def deliver(self, sink, content, scheme="smtp", mechanism=None):
        login = ["--login-options", f"AUTH={mechanism}", "--user", LOGIN] if mechanism else []
        if mechanism == "XOAUTH2":
            login = ["--login-options", f"AUTH={mechanism}", "--user", USER, "--oauth2-bearer", PASSWORD]
        port = sink.tls_port if scheme == "smtps" else sink.port
        self.must_run([self.curl, "-q", "--silent", "--show-error", "--max-time", 15, "--noproxy", "*", "--ssl-reqd",
                       "--cacert", sink.ca, *login, f"{scheme}://localhost:{port}/client.example",
                       "--mail-from", "a@example.com", "--mail-rcpt", "b@example.com",
                       "--upload-file", self.file("curl.eml", content)])
        return content


@matrix.ways("msmtp", TO_MAILSINK, "octet for octet, CRLF for LF", {
    "STARTTLS, verified, DSN": ("ESMTPS", "--dsn-notify=success,failure", "--dsn-return=hdrs"),
    "TLS, verified": ("ESMTPS", "--tls-starttls=off"),
    **{f"STARTTLS, {name}": ("ESMTPSA", f"--auth={name.lower()}") for name in ("PLAIN", "LOGIN", "SCRAM-SHA-256", "XOAUTH2")},
    "LMTP, STARTTLS": ("LMTPS", "--protocol=lmtp"),
})
class Msmtp(ProgramCase):
    @classmethod
    def require(cls):
        super().require()
        cls.msmtp = harness.tool("msmtp", "msmtp")

    def deliver(self, sink, content, *options):
        port = sink.tls_port if "--tls-starttls=off" in options else sink.port
        login = ["--auth=off"]
        if any("--auth" in option for option in options):
            login = [f"--user={USER}", f"--passwordeval=echo {PASSWORD}"]
        self.must_run([self.msmtp, "--host=localhost", f"--port={port}", "--timeout=15", "--domain=client.example",
                       "--from=a@example.com", "--tls=on", f"--tls-trust-file={sink.ca}", "--set-from-header=off",
                       "--set-date-header=off", "--set-msgid-header=off", "--remove-bcc-headers=off",
                       "--undisclosed-recipients=off", *login, *options, "b@example.com"],
                      stdin=messages.with_lf(content))
        if "--dsn-return=hdrs" in options:
            told = sink.envelopes()[-1]
            self.assertEqual(told["parameters"], "RET=HDRS")
            self.assertEqual(told["to_parameters"], {"b@example.com": "NOTIFY=SUCCESS,FAILURE"})
        return content


@matrix.ways("Python's smtplib", TO_MAILSINK, "octet for octet", {
    "STARTTLS, verified": ("ESMTPS",),
    "TLS, verified": ("ESMTPS", None, "implicit"),
    "STARTTLS, PLAIN": ("ESMTPSA", "PLAIN"),
    "STARTTLS, LOGIN": ("ESMTPSA", "LOGIN"),
    "TLS, PLAIN": ("ESMTPSA", "PLAIN", "implicit"),
    "LMTP, STARTTLS": ("LMTPS", None, "LMTP"),
})
class Smtplib(ProgramCase):
    contents = messages.ALL

    def deliver(self, sink, content, mechanism=None, how=None):
        if how == "implicit":
            client = smtplib.SMTP_SSL("localhost", sink.tls_port, "client.example", timeout=15, context=self.context(sink))
        else:
            client = (smtplib.LMTP if how == "LMTP" else smtplib.SMTP)("localhost", sink.port, "client.example", timeout=15)
        with client:
            if how != "implicit":
                client.starttls(context=self.context(sink))
            client.ehlo_or_helo_if_needed()
            if mechanism:
                client.user, client.password = USER, PASSWORD
                client.auth(mechanism, getattr(client, f"auth_{mechanism.lower()}"))
            self.assertEqual(client.sendmail("a@example.com", ["b@example.com"], content), {})
        return content or b"\r\n"


@matrix.ways("nodemailer", TO_MAILSINK, "octet for octet", {
    "STARTTLS, verified": ("ESMTPS", {}),
    "STARTTLS, DSN": ("ESMTPS", {"dsn": True}),
    "TLS, verified": ("ESMTPS", {"secure": True}),
    **{f"STARTTLS, {name}": ("ESMTPSA", {"method": name}) for name in ("PLAIN", "LOGIN", "XOAUTH2")},
    "LMTP, STARTTLS": ("LMTPS", {"lmtp": True}),
})
class Nodemailer(ProgramCase):
    PROGRAM = r"""
        const [port, ca, user, pass, options, ...files] = process.argv.slice(1), fs = require('fs'), o = JSON.parse(options);
        const auth = o.method == 'XOAUTH2' ? {type: 'OAuth2', user, accessToken: pass} : o.method ? {user, pass} : undefined;
        const transport = require('nodemailer').createTransport({host: 'localhost', port, name: 'client.example',
            requireTLS: !o.secure, secure: !!o.secure, lmtp: !!o.lmtp, auth, authMethod: o.method,
            tls: {ca: fs.readFileSync(ca)}});
        (async () => {
            for (const file of files)
                await transport.sendMail({envelope: {from: 'a@example.com', to: ['b@example.com']}, raw: fs.readFileSync(file),
                    dsn: o.dsn ? {id: 'x y', return: 'headers', notify: ['success'], recipient: 'b@example.com'} : undefined});
        })().catch(e => { console.error(e); process.exit(1); });
    """

    @classmethod
    def require(cls):
        super().require()
        cls.node = harness.tool("node", "nodejs")
        cls.modules = packages.modules()

    def deliver(self, sink, content, options):
        port = sink.tls_port if options.get("secure") else sink.port
        self.must_run([self.node, "-e", self.PROGRAM, port, sink.ca, USER, PASSWORD, json.dumps(options),
                       self.file("m", content)],
                      env={"NODE_PATH": str(self.modules)})
        if options.get("dsn"):
            self.assertIn("ENVID=x+20y", sink.envelopes()[-1]["parameters"])
        return content


@matrix.ways("OpenSMTPD's smtp", TO_MAILSINK, "octet for octet, CRLF for LF", {
    "STARTTLS": ("ESMTPS", "smtp+tls"),
    "TLS": ("ESMTPS", "smtps"),
    "LMTP": ("LMTP", "lmtp"),
})
class OpenSmtpd(ProgramCase):
    @classmethod
    def require(cls):
        super().require()
        cls.smtp = packages.program("bin/smtp", "opensmtpd")

    def deliver(self, sink, content, scheme):
        port = sink.tls_port if scheme == "smtps" else sink.port
        self.must_run([self.smtp, "-C", "-H", "client.example", "-F", "a@example.com", "-s", f"{scheme}://localhost:{port}",
                       "b@example.com"],
                      stdin=messages.with_lf(content), env=packages.libraries())
        return content


@matrix.ways("aiosmtplib", TO_MAILSINK, "octet for octet", {
    "STARTTLS, verified": ("ESMTPS", "start_tls"),
    "TLS, verified": ("ESMTPS", "use_tls"),
    "STARTTLS, AUTH": ("ESMTPSA", "start_tls", USER),
})
class Aiosmtplib(ProgramCase):
    PROGRAM = """
import aiosmtplib, asyncio, sys
port, ca, how, user, password, file = sys.argv[1:]
login = {"username": user, "password": password} if user else {}
asyncio.run(aiosmtplib.send(open(file, "rb").read(), sender="a@example.com", recipients=["b@example.com"],
                            hostname="localhost", port=int(port), cert_bundle=ca, start_tls=how == "start_tls",
                            use_tls=how == "use_tls", timeout=15, **login))
"""

    @classmethod
    def require(cls):
        super().require()
        cls.library = packages.program("aiosmtplib/__init__.py", "python3-aiosmtplib").parents[1]

    def deliver(self, sink, content, how, user=""):
        port = sink.tls_port if how == "use_tls" else sink.port
        self.must_run([sys.executable, "-c", self.PROGRAM, port, sink.ca, how, user, PASSWORD, self.file("m", content)],
                      env={"PYTHONPATH": str(self.library)})
        return content


@matrix.ways("Perl's Net::SMTP", TO_MAILSINK, "octet for octet", {
    "STARTTLS, verified": ("ESMTPS", 0),
    "TLS, verified": ("ESMTPS", 1),
})
class NetSmtp(ProgramCase):
    PROGRAM = r"""
        my ($port, $ca, $tls, $file) = @ARGV;
        my %trust = (SSL_ca_file => $ca, SSL_verifycn_name => "localhost");
        my $smtp = Net::SMTP->new("localhost", Port => $port, Hello => "client.example", Timeout => 15, SSL => $tls, %trust)
            or die $@;
        $tls or $smtp->starttls(%trust) or die $@;
        open my $in, "<:raw", $file or die $!;
        my @lines = <$in>;
        $smtp->mail('a@example.com') && $smtp->to('b@example.com') && $smtp->data(\@lines) or die $smtp->message;
        $smtp->quit or die $smtp->message;
    """

    @classmethod
    def require(cls):
        super().require()
        cls.perl = harness.tool("perl", "perl")
        cls.library = packages.program("IO/Socket/SSL.pm", "libio-socket-ssl-perl").parents[2]

    def deliver(self, sink, content, tls):
        self.must_run([self.perl, "-w", "-MNet::SMTP", "-e", self.PROGRAM, sink.tls_port if tls else sink.port, sink.ca, tls,
                       self.file("perl.eml", content)], env={"PERL5LIB": str(self.library)})
        return content
