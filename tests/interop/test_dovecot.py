"""post delivers to Dovecot by LMTP, and through Dovecot's submission server to mailsink."""


import installed
import matrix
import messages
import packages
from test_servers import FROM_POST, ServerCase, free_port, login
from test_tls import PASSWORD, USER

CONFIGURATION = """
protocols = lmtp submission
base_dir = /run/dovecot
state_dir = /var/lib/dovecot
log_path = {scratch}/log
mail_location = maildir:{scratch}/mail
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
import_environment = LD_LIBRARY_PATH
auth_mechanisms = plain login scram-sha-256
submission_relay_host = 127.0.0.1
submission_relay_port = {sink}
submission_relay_ssl = starttls
submission_relay_ssl_verify = no
hostname = dovecot.example
postmaster_address = postmaster@example.com
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={uid} home={scratch}/mail allow_all_users=yes
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service submission-login {{
  inet_listener submission {{
    address = 127.0.0.1
    port = {submission}
  }}
}}
"""


class DovecotCase(ServerCase):
    @classmethod
    def require(cls):
        super().require()
        installed.require()
        packages.program("sbin/dovecot", "dovecot-core", "dovecot-lmtpd", "dovecot-submissiond")

    def start(self):
        # Its own certificate differs from what mailsink, behind it, makes for itself.
        self.sink_behind = self.secure_sink("--tolerate=auth_not_a_mailbox")  # it says AUTH=ann at MAIL
        place = installed.Place(self.scratch / "place", ("dovecot", "dovenull", "vmail"))
        place.owned(self.scratch / "mail", "vmail")
        self.lmtp, self.submission = free_port(), free_port()
        configuration = self.file("dovecot.conf", CONFIGURATION.format(
            scratch=self.scratch, uid=place.ids["vmail"], certificate=self.certificate, key=self.key, sink=self.sink_behind.port,
            password=PASSWORD, lmtp=self.lmtp, submission=self.submission).encode())
        server = installed.Server(place.command("dovecot", "-F", "-c", configuration), self.scratch, packages.libraries())
        self.addCleanup(server.kill)
        for port in (self.lmtp, self.submission):
            server.wait_for(lambda: self.answers(port), f"answer on port {port}")


@matrix.ways("Dovecot's LMTP", FROM_POST, "octet for octet, after the lines it adds; LF for CRLF in its files", {
    "LMTP": ("--lmtp",),
    "LMTP, STARTTLS, verified": ("--lmtp", "--tls=required"),
    "LMTP, STARTTLS, BDAT": ("--lmtp", "--tls=required", "--bdat=999"),
})
class Lmtp(DovecotCase):
    def check_way(self, way, *options):
        self.start()
        for n, (name, content) in enumerate(self.contents.items()):
            with self.subTest(message=name):
                self.must_post(self.lmtp, content, *options)
                newest = max((self.scratch / "mail/new").iterdir(), key=lambda path: path.stat().st_mtime_ns)
                kept = newest.read_bytes()
                added, content = kept[:-len(messages.with_lf(content))], messages.with_lf(content)
                self.assertTrue(added.startswith(b"Return-Path: <a@example.com>\nDelivered-To: b@example.com\nReceived: "), added)
                self.assertEqual(b" with LMTPS\n" in added, "TLS" in way, added)
                self.same(kept[len(added):], content, "Dovecot's file against post's")


@matrix.ways("Dovecot's submission", f"{FROM_POST}, on to mailsink", "octet for octet, after the Received line it adds", {
    **{f"STARTTLS, {name}, on with STARTTLS": ("--tls=required", *login(name)) for name in ("PLAIN", "LOGIN", "SCRAM-SHA-256")},
    "STARTTLS, SCRAM-SHA-256, BDAT, on with STARTTLS": ("--tls=required", "--bdat=999", *login("SCRAM-SHA-256")),
})
class Submission(DovecotCase):
    def check_way(self, way, *options):
        self.start()
        for name, content in self.contents.items():
            with self.subTest(message=name):
                self.must_post(self.submission, content, *options)
                told = self.sink_behind.envelopes()[-1]
                self.assertEqual((told["with"], told["to"]), ("ESMTPS", ["b@example.com"]))
                kept = (self.sink_behind.directory / told["file"]).read_bytes()
                added = kept[:-len(content)]
                self.assertRegex(added, rb"\AReceived: from client\.example [^\r\n]*\r\n(\t[^\r\n]*\r\n)*\Z")
                self.same(kept[len(added):], content, "mailsink's file against post's")
        self.assertEqual(self.post_to(self.submission, messages.DOTS, *options, f"--user={USER}:wrong").code, 1)
        self.assertEqual(self.post_to(self.submission, messages.DOTS, "--tls=required").code, 1)
