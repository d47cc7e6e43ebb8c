"""post delivers over TLS, with AUTH, by BDAT, by LMTP, to servers that people run; and through Exim to mailsink."""

import grp
import json
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile
import time

import harness
import matrix
import messages
import packages
import test_post
from test_tls import PASSWORD, USER, TlsCase

FROM_POST = "from post"
CONTENTS = {name: messages.ALL[name] for name in ("dots", "everything", "base64", "dot-last")}


def login(mechanism):
    return (f"--user={USER}:{PASSWORD}", f"--auth={mechanism}")


class ServerCase(TlsCase):
    """A server with a certificate, that keeps what it gets."""

    contents = CONTENTS

    @classmethod
    def require(cls):
        super().require()
        cls.openssl = harness.tool("openssl", "openssl")

    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(tempfile.mkdtemp(dir=self.scratch))
        self.certificate, self.key = harness.certificate(self.scratch)

    def post_to(self, port, content, *options):
        return self.run_to_end([harness.post, "--host=localhost", f"--port={port}", "--from=a@example.com", "--to=b@example.com",
                                "--name=client.example", f"--ca={self.certificate}", *options, self.file("post.eml", content)])

    def must_post(self, port, content, *options):
        outcome = self.post_to(port, content, *options)
        self.assertEqual(outcome.code, 0, outcome.err.decode())

    def answers(self, port):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as peer:
                return peer.recv(3) == b"220"
        except OSError:
            return False

    def check_way(self, way, *options):
        port = self.server(way)
        for n, (name, content) in enumerate(self.contents.items()):
            with self.subTest(message=name):
                self.must_post(port, content, *options)
                self.same((self.directory / f"{n:06}.eml").read_bytes(), content, "the server's content against post's")
                told = json.loads((self.directory / f"{n:06}.json").read_text())
                self.assertEqual((told["tls"], told["login"]), ("TLS" in way, USER if "--user" in str(options) else None))
                self.assertEqual((told["from"], told["to"]), ("a@example.com", ["b@example.com"]))
        if "--user" in str(options):
            self.assertEqual(self.post_to(port, messages.DOTS, *options, f"--user={USER}:wrong").code, 1)


@matrix.ways("aiosmtpd", FROM_POST, "octet for octet", {
    "STARTTLS, verified": ("--tls=required",),
    "STARTTLS if offered": ("--tls=if-offered",),
    **{f"STARTTLS, {name}": ("--tls=required", *login(name)) for name in ("PLAIN", "LOGIN")},
})
class Aiosmtpd(ServerCase):
    @classmethod
    def require(cls):
        super().require()
        cls.python = test_post.interpreter()

    def server(self, way):
        script = pathlib.Path(__file__).parent / "aiosmtpd_server.py"
        program = self.program([self.python, script, self.directory, f"--tls={self.certificate},{self.key},{USER},{PASSWORD}"])
        return int(program.wait_for(lambda: program.out().endswith(b"\n") and program.out(), "its port"))


@matrix.ways("nodemailer's smtp-server", FROM_POST, "octet for octet", {
    "STARTTLS, verified": ("--tls=required",),
    "TLS, verified": ("--tls=implicit",),
    **{f"STARTTLS, {name}": ("--tls=required", *login(name)) for name in ("PLAIN", "LOGIN", "XOAUTH2")},
    "LMTP": ("--lmtp",),
    "LMTP, STARTTLS, PLAIN": ("--lmtp", "--tls=required", *login("PLAIN")),
})
class SmtpServer(ServerCase):
    @classmethod
    def require(cls):
        super().require()
        cls.node = harness.tool("node", "nodejs")
        cls.modules = packages.modules()

    def server(self, way):
        options = {"secure": way.startswith("TLS"), "lmtp": way.startswith("LMTP")}
        program = self.program([self.node, pathlib.Path(__file__).parent / "smtp_server.js", self.directory, self.key, self.certificate, USER,
                                PASSWORD, json.dumps(options)], env={"NODE_PATH": str(self.modules)})
        return int(program.wait_for(lambda: program.out().endswith(b"\n") and program.out(), "its port"))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@matrix.ways("Exim", f"{FROM_POST}, on to mailsink", "octet for octet", {
    "STARTTLS, verified, on with STARTTLS, BDAT": ("--tls=required",),
    "STARTTLS, BDAT, on with STARTTLS, BDAT": ("--tls=required", "--bdat"),
    "STARTTLS, small chunks, on with STARTTLS, BDAT": ("--tls=required", "--bdat=999"),
    "STARTTLS, PLAIN, BDAT, DSN, on with STARTTLS, BDAT, DSN": ("--tls=required", "--bdat", "--notify=success", "--envid=x", *login("PLAIN")),
})
class Exim(ServerCase):
    """Debian's exim4-daemon-light insists on a user Debian-exim: nss_wrapper gives it one."""

    CONFIGURATION = """
primary_hostname = exim.example
spool_directory = {spool}
log_file_path = {spool}/%slog
exim_user = Debian-exim
exim_group = Debian-exim
never_users =
keep_environment =
queue_only = true
acl_smtp_rcpt = accept_all
tls_advertise_hosts = *
tls_certificate = {certificate}
tls_privatekey = {key}
prdr_enable = true
dsn_advertise_hosts = *
received_header_text =
message_size_limit = 64M
begin acl
accept_all:
  accept
begin routers
all:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = out
begin transports
out:
  driver = smtp
  port = {sink}
  hosts_require_tls = *
  tls_verify_hosts =
  tls_try_verify_hosts =
  message_linelength_limit = 2000
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
"""

    @classmethod
    def require(cls):
        super().require()
        cls.exim = packages.program("usr/sbin/exim4", "exim4-daemon-light")
        cls.wrapper = packages.program(f"usr/lib/{packages.triplet()}/libnss_wrapper.so", "libnss-wrapper")

    def start(self):
        self.sink_behind = self.secure_sink()
        spool = self.scratch / "spool"
        spool.mkdir()
        root = os.geteuid() == 0
        user, group = (65534, 65534) if root else (os.geteuid(), os.getegid())
        if root:
            os.chown(spool, user, group)
            os.chown(self.key, user, group)
        everybody = [":".join(map(str, (u.pw_name, "x", u.pw_uid, u.pw_gid, "", "/", "/bin/false"))) for u in pwd.getpwall()]
        passwd = self.file("passwd", "\n".join([*everybody, f"Debian-exim:x:{user}:{group}::/:/bin/false", ""]).encode())
        groups = self.file("group", "\n".join([*(f"{g.gr_name}:x:{g.gr_gid}:" for g in grp.getgrall()), f"Debian-exim:x:{group}:", ""]).encode())
        self.environment = packages.libraries() | {"LD_PRELOAD": str(self.wrapper), "NSS_WRAPPER_PASSWD": str(passwd), "NSS_WRAPPER_GROUP": str(groups)}
        configuration = self.file("exim.conf", self.CONFIGURATION.format(
            spool=spool, certificate=self.certificate, key=self.key, sink=self.sink_behind.port, user=USER, password=PASSWORD).encode())
        self.command = [self.exim, "-C", configuration]
        for _ in range(5):
            port = free_port()
            daemon = self.program([*self.command, "-bdf", "-oX", f"127.0.0.1.{port}", "-oP", self.scratch / "pid"], env=self.environment)
            deadline = time.monotonic() + harness.PATIENCE
            while daemon.process.poll() is None and time.monotonic() < deadline:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    return port
                except OSError:
                    time.sleep(0.02)
        self.fail(f"Exim does not start:\n{daemon.err().decode(errors='replace')}")

    def check_way(self, way, *options):
        port = self.start()
        for content in self.contents.values():
            self.must_post(port, content, *options)
        self.must_run([*self.command, "-qff"], env=self.environment)
        self.same_set(self.sink_behind.contents(), list(self.contents.values()), "mailsink's files against what post was given")
        for told in self.sink_behind.envelopes():
            self.assertEqual((told["with"], told["helo"], told["to"]), ("ESMTPS", "exim.example", ["b@example.com"]))
            self.assertEqual(told["to_parameters"], {"b@example.com": "NOTIFY=SUCCESS"} if "--notify=success" in options else {})
        log = (self.scratch / "spool/mainlog").read_text()
        self.assertEqual(log.count(" K S=") if "--bdat" in str(options) else len(self.contents), len(self.contents), "chunks that came")
        self.assertEqual(log.count(" K C="), len(self.contents), "chunks that went on")
