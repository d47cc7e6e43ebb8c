"""Mail servers that relay: post sends to them, and they send on to mailsink."""

import os
import re
import shutil

import installed
import matrix
import messages
import packages
import postfix
import test_envelopes
from test_servers import FROM_POST, ServerCase, free_port, login
from test_tls import PASSWORD, USER

RELAYED = f"{FROM_POST}, on to mailsink"
AFTER_RECEIVED = "octet for octet, after the Received line it adds"
NO_FINAL_LINE_END = "no final line end, by BDAT"
HARD = test_envelopes.CASES | {NO_FINAL_LINE_END: ("a@example.com", ["b@example.com"], messages.DOTS[:-2])}
_ADDED = re.compile(rb"\A(?:(?:Received|Authentication-Results): [^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*)+")


def carries(who, *without):
    """Decorates a relay: the hard envelopes and contents go through it, but for these."""
    names = [name for name in HARD if name not in without]

    def decorate(case):
        def test(self):
            self.check_envelopes(names)
        case.test_hard = test
        matrix.rows.append((who, RELAYED, ", ".join(names), "as given, after the lines it adds"))
        return case
    return decorate


class RelayCase(ServerCase):
    """A server with users of its own, in a place of its own. way: how it is spoken with, and how it goes on."""

    contents = {name: content for name, content in messages.ALL.items() if content}
    users = ()

    @classmethod
    def require(cls):
        super().require()
        installed.require()
        packages.program("saslpasswd2", "sasl2-bin", "libsasl2-modules", "libsasl2-modules-db")

    def setUp(self):
        super().setUp()
        self.place = installed.Place(self.scratch / "place", self.users)
        self.port = free_port()

    def in_place(self, *words):
        server = installed.Server(self.place.command(*words), self.scratch, packages.libraries() | self.environment())
        self.addCleanup(server.kill)
        return server

    def environment(self):
        return {}

    def start(self):
        """Starts the server on self.port; it sends on to self.behind."""
        raise NotImplementedError

    def know_user(self, configuration, owner):
        """Cyrus SASL's: a file that says where the passwords are, and the passwords."""
        configuration.parent.mkdir(parents=True, exist_ok=True)
        database = self.place.folder / "lib/sasldb"
        configuration.write_text("pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: /var/lib/sasldb\n"
                                 "mech_list: PLAIN LOGIN SCRAM-SHA-256\n")
        self.must_run(self.place.command("saslpasswd2", "-p", "-c", "-f", "/var/lib/sasldb", "-u", installed.NAME, USER),
                      stdin=PASSWORD.encode(), env=packages.libraries())
        database.chmod(0o600)
        os.chown(database, self.place.ids.get(owner, 0), 0)

    def check_way(self, way, *options):
        onward = way.partition("on with ")[2]
        self.lmtp = "LMTP" in onward
        self.behind = self.secure_sink(*(["--lmtp"] if self.lmtp else []))
        self.relay = self.start()
        self.relay.wait_for(lambda: self.answers(self.port), f"answer on port {self.port}")
        for content in self.contents.values():
            self.must_post(self.port, content, *options)
        self.relay.wait_for(lambda: len(self.behind.files()) == len(self.contents), f"{len(self.contents)} messages that went on")
        kept = [_ADDED.sub(b"", content) for content in self.behind.contents()]
        self.same_set(kept, list(self.contents.values()), "mailsink's files against what post was given")
        said_as = ("LMTP" if self.lmtp else "ESMTP") + ("S" if "STARTTLS" in onward else "")
        for told in self.behind.envelopes():
            self.assertEqual((told["with"], told["helo"], told["from"], told["to"]),
                             (said_as, installed.NAME, "a@example.com", ["b@example.com"]))
        if "--user" in str(options):
            self.assertEqual(self.post_to(self.port, messages.DOTS, *options, f"--user={USER}:wrong").code, 1)


    def check_envelopes(self, names):
        self.lmtp = False
        # Postfix says ORCPT=rfc822;+E4+BA+80@..., against RFC 3461 4.2.
        self.behind = self.secure_sink("--max-recipients=2000", "--tolerate=wide_orcpt")
        self.relay = self.start()
        self.relay.wait_for(lambda: self.answers(self.port), f"answer on port {self.port}")
        for name in names:
            with self.subTest(name=name):
                self.check_envelope(*HARD[name])

    def check_envelope(self, sender, to, content):
        before = len(self.behind.envelopes())

        def told():
            return self.behind.envelopes()[before:]
        bdat = [] if content.endswith(b"\r\n") else ["--bdat"]
        self.must_post(self.port, content, *bdat, f"--from={sender}", to=to)
        self.relay.wait_for(lambda: sum(len(line["to"]) for line in told()) >= len(to), f"{len(to)} recipients")
        reached = [address for line in told() for address in line["to"]]
        self.assertEqual(sorted(reached), sorted(address.rpartition(":")[2] for address in to))
        for line in told():
            self.assertEqual(line["from"], sender.rpartition(":")[2])
            kept = (self.behind.directory / line["file"]).read_bytes()
            self.same(_ADDED.sub(b"", kept), content + b"\r\n" * bool(bdat), "mailsink's file against what post was given")


@carries("OpenSMTPD", "UTF-8 addresses", "5 MiB with NUL", NO_FINAL_LINE_END)
@matrix.ways("OpenSMTPD", RELAYED, AFTER_RECEIVED, {
    "in the clear, on with STARTTLS": (),
    "in the clear, on with LMTP": (),
})
class OpenSmtpd(RelayCase):
    """Debian's 6.8.0p2 cannot serve TLS beside OpenSSL 3 (OpenSMTPD/OpenSMTPD#1171), and cuts lines at NUL."""

    users = ("opensmtpd", "opensmtpq")
    CONFIGURATION = """
smtp max-message-size 64M
smtp limit max-rcpt 2000
listen on 127.0.0.1 port {port} hostname relay.example
action out relay host {scheme}://127.0.0.1:{behind} {more}
match from any for any action out
"""

    @classmethod
    def require(cls):
        super().require()
        packages.program("sbin/smtpd", "opensmtpd")

    def start(self):
        self.place.owned(self.place.folder / "lib/opensmtpd/empty", "root", 0o755)
        self.place.owned(self.place.folder / "spool/smtpd", "root", 0o711)
        scheme, more = ("lmtp", "") if self.lmtp else ("smtp+tls", "tls no-verify")
        configuration = self.CONFIGURATION.format(port=self.port, scheme=scheme, more=more, behind=self.behind.port)
        return self.in_place("smtpd", "-d", "-f", self.file("smtpd.conf", configuration.encode()))


class PostfixCase(RelayCase):
    users = ("postfix", "postdrop")
    SETTINGS = """
compatibility_level = 3.6
import_environment = LD_LIBRARY_PATH MAIL_CONFIG
myhostname = relay.example
mydestination =
alias_maps =
local_recipient_maps =
maillog_file = /dev/stdout
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_host_lookup = native
relay_transport = {on}
default_transport = {on}
smtp_tls_security_level = encrypt
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = relay.example
smtpd_relay_restrictions = permit_mynetworks, reject
message_size_limit = 67108864
smtpd_recipient_limit = 2000
"""
    SERVICES = """
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
scache unix - - n - 1 scache
"""

    @classmethod
    def require(cls):
        super().require()
        cls.master = packages.program("sbin/master", "postfix")

    def environment(self):
        return {"MAIL_CONFIG": str(self.scratch / "postfix")}

    def start(self):
        folder = self.scratch / "postfix"
        on = f"{'lmtp:inet' if self.lmtp else 'smtp'}:[127.0.0.1]:{self.behind.port}"
        postfix.set_up(self.place, folder, self.SETTINGS, self.SERVICES, port=self.port, on=on, certificate=self.certificate, key=self.key)
        self.know_user(folder / "sasl/smtpd.conf", "postfix")
        return self.in_place(installed.seen(self.master), "-i")


@carries("Postfix")
@matrix.ways("Postfix", RELAYED, AFTER_RECEIVED, {
    "STARTTLS, verified, on with STARTTLS": ("--tls=required",),
    "STARTTLS, BDAT, DSN, on with STARTTLS": ("--tls=required", "--bdat", "--notify=success", "--envid=x"),
    "STARTTLS, small chunks, on with LMTP": ("--tls=required", "--bdat=999"),
    **{f"STARTTLS, {name}, on with STARTTLS": ("--tls=required", *login(name)) for name in ("PLAIN", "LOGIN", "SCRAM-SHA-256")},
})
class Postfix(PostfixCase):
    pass


@carries("sendmail", "UTF-8 addresses", NO_FINAL_LINE_END)
@matrix.ways("sendmail", RELAYED, AFTER_RECEIVED, {
    "STARTTLS, verified, on with STARTTLS": ("--tls=required",),
    "STARTTLS, DSN, on with STARTTLS": ("--tls=required", "--notify=success", "--envid=x"),
    **{f"STARTTLS, {name}, on with STARTTLS": ("--tls=required", *login(name)) for name in ("PLAIN", "LOGIN")},
})
class Sendmail(RelayCase):
    users = ("smmta", "smmsp", "mail")
    MACROS = """divert(-1)
include(`{macros}/m4/cf.m4')
VERSIONID(`ehlo')
define(`confDOMAIN_NAME', `relay.example')
OSTYPE(`linux')
define(`SMART_HOST', `relay:[127.0.0.1]')
define(`RELAY_MAILER_ARGS', `TCP $h {behind}')
define(`QUEUE_DIR', `/var/spool/mqueue')
define(`STATUS_FILE', `/var/lib/status')
define(`confPID_FILE', `/run/sendmail.pid')
define(`confSERVER_CERT', `/var/lib/cert.pem')
define(`confSERVER_KEY', `/var/lib/key.pem')
define(`confCACERT', `/var/lib/cert.pem')
define(`confCACERT_PATH', `/etc/ssl/certs')
define(`confTO_IDENT', `0')
define(`confBAD_RCPT_THROTTLE', `0')
define(`confREFUSE_LA', `1000')
define(`confQUEUE_LA', `1000')
define(`confDELAY_LA', `0')
define(`confMAX_MESSAGE_SIZE', `0')
define(`confAUTH_MECHANISMS', `PLAIN LOGIN')
TRUST_AUTH_MECH(`PLAIN LOGIN')
FEATURE(`promiscuous_relay')
FEATURE(`accept_unresolvable_domains')
FEATURE(`nocanonify')
FEATURE(`no_default_msa')
DAEMON_OPTIONS(`Port={port}, Addr=127.0.0.1, Name=MTA')
MAILER(`smtp')
"""

    @classmethod
    def require(cls):
        super().require()
        cls.sendmail = packages.program("libexec/sendmail/sendmail", "sendmail-bin", "sendmail-base", "sendmail-cf", "m4")
        cls.macros = packages.program("m4/cf.m4", "sendmail-cf").parents[1]

    def start(self):
        self.place.owned(self.place.folder / "spool/mqueue", "root")
        macros = self.file("relay.mc", self.MACROS.format(macros=self.macros, behind=self.behind.port, port=self.port).encode())
        for path in (self.certificate, self.key):
            shutil.copy(path, self.place.folder / "lib")  # a folder that others can write to is none for it
        self.know_user(self.place.folder / "usr/lib/sasl2/Sendmail.conf", "root")
        done = self.must_run(self.place.command("m4", f"-D_CF_DIR_={self.macros}/", macros), env=packages.libraries())
        configuration = self.file("relay.cf", done.out)
        return self.in_place(installed.seen(self.sendmail), f"-C{configuration}", "-bD")
