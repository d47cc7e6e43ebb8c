"""Postfix's smtp-source and smtp-sink without installing Postfix.

As an installed package it starts a mail server and displaces whichever is there. So the package is downloaded and
unpacked into a cache directory, together with those of its libraries that the machine lacks.
"""

import fcntl
import os
import pathlib
import platform
import pwd
import re
import shutil
import subprocess
import sysconfig

import harness

_ENOUGH_ROUNDS = 6  # how deep a chain of missing libraries may be


def _cache():
    return pathlib.Path(harness.postfix_cache)


def _root():
    return _cache() / "root"


def _triplet():
    return sysconfig.get_config_var("MULTIARCH") or f"{platform.machine()}-linux-gnu"


def environment():
    """What the tools need: their libraries, and an empty main.cf, so that no system's settings leak in."""
    folders = [_root() / "usr/lib" / _triplet(), _root() / "lib" / _triplet(), _root() / "usr/lib/postfix"]
    return {"LD_LIBRARY_PATH": ":".join(map(str, folders)), "MAIL_CONFIG": str(_cache() / "config")}


def tool(name):
    """The path of smtp-source or smtp-sink, fetched on first use."""
    path = _root() / "usr/sbin" / name
    _cache().mkdir(parents=True, exist_ok=True)
    with open(_cache() / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # ctest may start several groups at once
        if not path.exists() or _missing_libraries(path):
            _fetch(path)
    return path


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


def _fetch(path):
    (_cache() / "config").mkdir(exist_ok=True)
    (_cache() / "config/main.cf").touch()
    for command in ("apt-get", "apt-cache", "dpkg"):
        if not shutil.which(command):
            raise harness.Missing(f"{command} is needed to fetch Postfix's {path.name}")
    _unpack(["postfix"])
    tried = {"postfix"}
    level = ["postfix"]
    for _ in range(_ENOUGH_ROUNDS):
        missing = _missing_libraries(path)
        if not missing:
            return
        level = [name for name in _library_packages(level) if name not in tried]
        if not level:
            break
        _unpack(level)
        tried.update(level)
    raise harness.Missing(f"{path.name} lacks {', '.join(missing)}")


def _missing_libraries(path):
    listing = subprocess.run(["ldd", path], capture_output=True, text=True, timeout=20,
                             env=os.environ | environment()).stdout
    return re.findall(r"(\S+) => not found", listing)


def _library_packages(names):
    """The lib* packages that these depend on, the C library aside: a second one would not agree with the loader."""
    listing = subprocess.run(["apt-cache", "depends", "--important", *names], capture_output=True, text=True,
                             timeout=60).stdout
    return sorted(set(re.findall(r"Depends: (lib[a-z0-9.+-]+)", listing)) - {"libc6"})


def _unpack(packages):
    downloads = _cache() / "download"
    shutil.rmtree(downloads, ignore_errors=True)
    downloads.mkdir()
    fetched = subprocess.run(["apt-get", "download", *packages], cwd=downloads, capture_output=True, text=True,
                             timeout=120)
    archives = list(downloads.glob("*.deb"))
    if fetched.returncode != 0 or not archives:
        raise harness.Missing(f"apt-get download {' '.join(packages)} failed; is apt-get update due?\n{fetched.stderr}")
    for archive in archives:
        subprocess.run(["dpkg", "-x", archive, _root()], check=True, timeout=60)
    shutil.rmtree(downloads)
