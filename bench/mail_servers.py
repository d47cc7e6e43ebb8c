"""Exim and Postfix for end_to_end.py, each in a place of its own (tests/interop/installed.py). They take a message, and drop it: Exim when
its content has come, without a delivery; Postfix by its discard transport, out of its queue. Spool and queue are in memory, where there
is such a thing. For the load, what limits connections is turned off."""

import contextlib
import os
import pathlib

import harness
import installed
import packages
from postfix import set_up

EXIM = """
spool_directory = /var/spool/exim
log_file_path = /var/spool/exim/%slog
exim_user = Debian-exim
exim_group = Debian-exim
never_users =
keep_environment =
host_lookup =
acl_smtp_rcpt = accept_all
acl_smtp_data = drop_all
tls_advertise_hosts = *
tls_certificate = {certificate}
tls_privatekey = {key}
smtp_accept_max = 1000
smtp_accept_queue_per_connection = 0
smtp_connect_backlog = 1024
begin acl
accept_all:
  accept
drop_all:
  discard
"""

POSTFIX = """
compatibility_level = 3.6
import_environment = LD_LIBRARY_PATH MAIL_CONFIG
myhostname = relay.example
mydestination =
alias_maps =
local_recipient_maps =
maillog_file = /dev/stdout
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
relay_transport = discard:
default_transport = discard:
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
default_process_limit = 300
in_flow_delay = 0
"""
SERVICES = """
discard unix - - n - - discard
"""


class Family(installed.Server):
    """A server that does its work in processes of its own."""

    def cpu(self):
        """Of all of them, and of those that have ended; in ticks of the clock."""
        times, parents = {}, {}
        for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = path.read_text().rpartition(")")[2].split()
                parents[int(path.parent.name)] = int(fields[1])
                times[int(path.parent.name)] = sum(map(int, fields[11:15]))
        mine = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in mine} - mine:
            mine |= more
        return sum(times.get(pid, 0) for pid in mine) / os.sysconf("SC_CLK_TCK")


def exim(folder, port, certificate, key):
    packages.program("sbin/exim4", "exim4-daemon-light")
    place = installed.Place(folder / "exim", ("Debian-exim",))
    place.owned(place.folder / "spool/exim", "Debian-exim")
    configuration = folder / "exim.conf"
    configuration.write_text(EXIM.format(certificate=certificate, key=key))
    return Family(place.command("exim4", "-C", configuration, "-bdf", "-oX", f"127.0.0.1.{port}", "-oP", "/run/exim.pid"),
                  folder, packages.libraries())


def postfix(folder, port, certificate, key):
    master = packages.program("sbin/master", "postfix")
    place = installed.Place(folder / "postfix", ("postfix", "postdrop"))
    settings = folder / "postfix.settings"
    set_up(place, settings, POSTFIX, SERVICES, port=port, certificate=certificate, key=key)
    return Family(place.command(installed.seen(master), "-i"), folder, packages.libraries() | {"MAIL_CONFIG": str(settings)})


SERVERS = {"Exim": exim, "Postfix": postfix}


def start(name, folder, port, certificate, key):
    """Raises harness.Missing where it cannot run."""
    installed.require()
    try:
        return SERVERS[name](folder, port, certificate, key)
    except (OSError, AssertionError) as wrong:
        raise harness.Missing(f"{name}: {wrong}") from wrong
