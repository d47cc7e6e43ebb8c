"""post delivers to Exim, and Exim to mailsink: in chunks, and with PRDR where that is offered."""

import matrix
import packages
import wire
from test_relays import NO_FINAL_LINE_END, RELAYED, RelayCase, carries
from test_servers import login
from test_tls import PASSWORD, USER


@carries("Exim", "UTF-8 addresses", NO_FINAL_LINE_END)
@matrix.ways("Exim", RELAYED, "octet for octet, after the Received line it adds", {
    "STARTTLS, verified, on with STARTTLS, BDAT": ("--tls=required",),
    "STARTTLS, BDAT, on with STARTTLS, BDAT": ("--tls=required", "--bdat"),
    "STARTTLS, small chunks, on with STARTTLS, BDAT": ("--tls=required", "--bdat=999"),
    "STARTTLS, PLAIN, BDAT, DSN, on with STARTTLS, BDAT, DSN":
        ("--tls=required", "--bdat", "--notify=success", "--envid=x", *login("PLAIN")),
})
class Exim(RelayCase):
    users = ("Debian-exim",)
    CONFIGURATION = """
spool_directory = /var/spool/exim
log_file_path = /var/spool/exim/%slog
exim_user = Debian-exim
exim_group = Debian-exim
never_users =
keep_environment =
acl_smtp_rcpt = accept_all
tls_advertise_hosts = *
tls_certificate = {certificate}
tls_privatekey = {key}
prdr_enable = true
dsn_advertise_hosts = *
recipients_max = 2000
smtp_accept_queue_per_connection = 0
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
  port = {behind}
  hosts_require_tls = *
  tls_verify_hosts =
  tls_try_verify_hosts =
  message_linelength_limit = 2000
  max_rcpt = 2000
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
        packages.program("sbin/exim4", "exim4-daemon-light")

    def start(self):
        self.spool = self.place.owned(self.place.folder / "spool/exim", "Debian-exim")
        for path in (self.certificate, self.key):
            path.chmod(0o644)  # for its user, too
        configuration = self.file("exim.conf", self.CONFIGURATION.format(
            certificate=self.certificate, key=self.key, behind=self.behind.port, user=USER, password=PASSWORD).encode())
        return self.in_place("exim4", "-C", configuration, "-bdf", "-oX", f"127.0.0.1.{self.port}", "-oP", "/run/exim.pid")

    def check_way(self, way, *options):
        super().check_way(way, *options)
        notify = {"b@example.com": "NOTIFY=SUCCESS"} if "--notify=success" in options else {}
        for told in self.behind.envelopes():
            self.assertEqual(told["to_parameters"], notify)
        log = self.spool / "mainlog"
        self.relay.wait_for(lambda: log.read_text().count(" K C=") == len(self.contents), "messages that went on in chunks")
        if "--bdat" in str(options):
            self.assertEqual(log.read_text().count(" K S="), len(self.contents), "messages that came in chunks")

    def check_envelopes(self, names):
        super().check_envelopes(names)
        with wire.Peer(self.behind.port) as peer:
            peer.code()
            peer.send(b"EHLO client.example\r\n")
            offered = any(line[4:] == b"PRDR" for line in peer.reply()[1])
        for told in self.behind.envelopes():
            self.assertEqual("PRDR" in told["parameters"].split(), offered and len(told["to"]) > 1, told["parameters"])
