"""Postfix: its smtp-source and smtp-sink, and how a server of it is set up in a place (installed.py)."""

import os
import pwd

import harness
import packages


def environment():
    """What the tools need: their libraries, and an empty main.cf, so that no system's settings leak in."""
    return packages.libraries() | {"MAIL_CONFIG": str(packages.cache() / "config")}


def tool(name):
    """The path of smtp-source or smtp-sink, fetched on first use."""
    found = packages.program(name, "postfix")
    (packages.cache() / "config").mkdir(exist_ok=True)
    (packages.cache() / "config/main.cf").touch()
    return found


def user_option():
    """smtp-sink insists on giving up root, and on -u only then."""
    if os.geteuid() != 0:
        return []
    for name in ("nobody", "daemon", "root"):
        try:
            return ["-u", pwd.getpwnam(name).pw_name]
        except KeyError:
            pass
    raise harness.Missing("smtp-sink needs some user to run as")


# What each server has in its master.cf, whatever it delivers by.
SERVICES = """
{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def set_up(place, folder, settings, services, **facts):
    """Makes the queue of a server in a place, and main.cf and master.cf in the folder, from the two texts."""
    place.owned(folder, "root", 0o755)
    queue = place.owned(place.folder / "spool/postfix", "root", 0o755)
    for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop", "private", "saved", "trace"):
        place.owned(queue / name, "postfix")
    place.owned(queue / "public", "postfix", 0o755)
    place.owned(queue / "pid", "root", 0o755)
    place.owned(place.folder / "lib/postfix", "postfix")
    for name, text in (("main.cf", settings), ("master.cf", SERVICES + services.lstrip())):
        (folder / name).write_text(text.format(folder=folder, **facts).lstrip())
        os.utime(folder / name, (0, 0))  # each of its programs waits while they are new
