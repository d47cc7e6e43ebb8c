"""Postfix's smtp-source and smtp-sink."""

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
