"""Servers that can run only where they are installed, with users of their own. Each runs in a mount namespace in which its
packages lie over /usr, its users are known, and the host is relay.example; nothing of it is seen outside or outlives it."""

import contextlib
import grp
import os
import pathlib
import pwd
import shutil
import signal
import subprocess

import harness
import packages

NAME = "relay.example"
_FIRST_ID = 61000  # of users and groups; Debian gives these to nobody

_NAMESPACE = ["unshare", "--mount", "--uts", "--pid", "--fork", "--mount-proc"]

# $1: what is unpacked; $2: what is put in place; $3: the host's name; then the command.
_SETTLE = """set -e
mount -t overlay none -o lowerdir=$2/usr:$1/usr:/usr /usr
for file in passwd group hosts; do mount --bind $2/$file /etc/$file; done
mount --bind $2/spool /var/spool
mount --bind $2/lib /var/lib
mount --bind $2/run /run
echo $3 >/proc/sys/kernel/hostname
shift 3
exec "$@"
"""


class Place:
    """Where a server of these packages is installed, in a folder of a test."""

    def __init__(self, folder, users):
        self.folder = folder
        for name in ("usr", "spool", "lib", "run"):
            (folder / name).mkdir(parents=True)
        ids = {name: _FIRST_ID + n for n, name in enumerate(users)}
        people = [(u.pw_name, u.pw_uid, u.pw_gid) for u in pwd.getpwall() if u.pw_name not in ids]
        groups = [(g.gr_name, g.gr_gid) for g in grp.getgrall() if g.gr_name not in ids]
        people += [(name, number, number) for name, number in ids.items()]
        groups += ids.items()
        (folder / "passwd").write_text("".join(f"{name}:x:{user}:{group}::/:/bin/false\n" for name, user, group in people))
        (folder / "group").write_text("".join(f"{name}:x:{number}:\n" for name, number in groups))
        (folder / "hosts").write_text(f"127.0.0.1 localhost {NAME}\n")
        self.ids = ids

    def owned(self, path, user, mode=0o700):
        path.mkdir(parents=True, exist_ok=True)
        os.chown(path, self.ids.get(user, 0), self.ids.get(user, 0))
        path.chmod(mode)
        return path

    def command(self, *words):
        return [*_NAMESPACE, "sh", "-c", _SETTLE, "sh", packages.root(), self.folder, NAME, *words]


class Server(harness.Program):
    """One that runs in such a place, as its first process: when that ends, so do all others."""

    def kill(self):
        me = self.process.pid
        with contextlib.suppress(OSError):
            for child in pathlib.Path(f"/proc/{me}/task/{me}/children").read_text().split():
                os.kill(int(child), signal.SIGKILL)
        super().kill()


def seen(path):
    """Where it is in a place."""
    return pathlib.Path("/") / path.relative_to(packages.root())


def require():
    """Whether this machine lets such a place be made."""
    if os.geteuid() != 0:
        raise harness.Unavailable("servers that have users of their own can be run by root only")
    tried = shutil.which("unshare") and subprocess.run([*_NAMESPACE, "true"], capture_output=True, timeout=harness.PATIENCE)
    if not tried or tried.returncode != 0:
        raise harness.Unavailable("a mount namespace cannot be made (unshare, Debian package util-linux)")
