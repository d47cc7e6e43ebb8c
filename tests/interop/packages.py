"""Programs out of packages, without installing them: those of Debian, with the libraries that the machine lacks, and those of
npm. Several mail servers live side by side so, and none is started or replaces another."""

import base64
import fcntl
import hashlib
import io
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sysconfig
import tarfile
import urllib.request

import harness

_ENOUGH_ROUNDS = 6  # how deep a chain of missing libraries may be

# npm: the version, and what it must be.
_MODULES = {
    "base32.js": ("0.1.0", "n3TkB02ixgBOhTvANakDb4xaMXnYUVkNoRFJjQflcqMQhyEKxEHdj3E6N8t8sUQ0mjH/3/JxzlXuz3ul/J90pQ=="),
    "ipv6-normalize": ("1.0.1", "Bm6H79i01DjgGTCWjUuCjJ6QDo1HB96PT/xCYuyJUP9WFbVDrLSbG4EZCvOCun2rNswZb0c3e4Jt/ws795esHA=="),
    "nodemailer": ("6.9.15", "AHf04ySLC6CIfuRtRiEYtGEXgRfa6INgWGluDhnxTZhHSKvrBu7lc1VVchQ0d8nPc4cFaZoPq8vkyNoZr0TpGQ=="),
    "punycode.js": ("2.3.1", "uxFIHU0YlHYhDQtV4R9J6a52SLx28BCjT+4ieh7IGbgwVJWO+km431c4yRlREUAsAmt/uMjQUyQHNEPf0M39CA=="),
    "smtp-server": ("3.13.6", "dqbSPKn3PCq3Gp5hxBM99u7PET7cQSAWrauhtArJbc+zrf5xNEOjm9+Ob3lySySrRoIEvNE0dz+w2H/xWFJNRw=="),
}


def cache():
    return pathlib.Path(harness.postfix_cache)


def root():
    return cache() / "root"


def triplet():
    return sysconfig.get_config_var("MULTIARCH") or f"{platform.machine()}-linux-gnu"


def libraries():
    folders = [root() / "usr/lib" / triplet(), root() / "lib" / triplet(), root() / "usr/lib/postfix", root() / "usr/lib/dovecot"]
    return {"LD_LIBRARY_PATH": ":".join(map(str, folders))}


def program(name, *packages):
    """A file of these packages of Debian's, by the end of its path; fetched on first use, with all that is in the packages."""
    cache().mkdir(parents=True, exist_ok=True)
    with open(cache() / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # ctest may start several groups at once
        if not all(_list(package).exists() for package in packages):
            _need_apt(name)
            _unpack(packages)
        found = next((root() / path for package in packages for path in _list(package).read_text().splitlines()
                      if path.endswith("/" + name)), None)
        if not found:
            raise harness.Missing(f"there is no {name} in {', '.join(packages)}")
        if _missing_libraries(found):
            _fetch_libraries(found, packages)
    return found


def modules():
    """The folder with the modules of npm's."""
    folder = cache() / "node_modules"
    folder.mkdir(parents=True, exist_ok=True)
    with open(cache() / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name, (version, integrity) in _MODULES.items():
            if (folder / name / version).exists():
                continue
            address = f"https://registry.npmjs.org/{name}/-/{name}-{version}.tgz"
            try:
                octets = urllib.request.urlopen(address, timeout=60).read()
            except OSError as failure:
                raise harness.Missing(f"{address} cannot be had: {failure}")
            if base64.b64encode(hashlib.sha512(octets).digest()).decode() != integrity:
                raise harness.Missing(f"{address} is not what it was")
            shutil.rmtree(folder / name, ignore_errors=True)
            with tarfile.open(fileobj=io.BytesIO(octets)) as archive:
                archive.extractall(folder / "new")
            next((folder / "new").iterdir()).rename(folder / name)
            shutil.rmtree(folder / "new")
            (folder / name / version).touch()
    return folder


def npm(name, version, until):
    """The folder of a program of npm's, with what it needs; nothing of that is newer than the date."""
    folder = cache() / f"npm-{name}-{version}"
    found = folder / "node_modules" / name
    npm = shutil.which("npm")
    if not npm:
        raise harness.Unavailable("npm is not installed")   # Debian's brings some 300 packages
    folder.mkdir(parents=True, exist_ok=True)
    with open(cache() / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "whole").exists():
            done = subprocess.run([npm, "install", f"--prefix={folder}", f"--before={until}", "--omit=optional",
                                   "--ignore-scripts", "--no-audit", "--no-fund", f"{name}@{version}"],
                                  capture_output=True, text=True, timeout=120)
            if done.returncode != 0:
                raise harness.Missing(f"npm install {name}@{version} failed:\n{done.stderr}")
            (folder / "whole").touch()
    return found


def _list(package):
    """The names of what is in it; there as soon as it is unpacked."""
    return cache() / "unpacked" / package


def _need_apt(what):
    for command in ("apt-get", "apt-cache", "dpkg"):
        if not shutil.which(command):
            raise harness.Missing(f"{command} is needed to fetch {what}")


def _fetch_libraries(path, packages):
    _need_apt(path.name)
    tried = set(packages)
    level = list(packages)
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
    listing = subprocess.run(["ldd", path], capture_output=True, text=True, timeout=20, env=os.environ | libraries()).stdout
    return re.findall(r"(\S+) => not found", listing)


def _library_packages(names):
    """The lib* packages that these depend on, the C library aside: a second one would not agree with the loader."""
    listing = subprocess.run(["apt-cache", "depends", "--important", *names], capture_output=True, text=True,
                             timeout=60).stdout
    return sorted(set(re.findall(r"Depends: (lib[a-z0-9.+-]+)", listing)) - {"libc6"})


def _unpack(packages):
    downloads = cache() / "download"
    shutil.rmtree(downloads, ignore_errors=True)
    downloads.mkdir()
    (cache() / "unpacked").mkdir(exist_ok=True)
    fetched = subprocess.run(["apt-get", "download", *packages], cwd=downloads, capture_output=True, text=True,
                             timeout=120)
    archives = list(downloads.glob("*.deb"))
    if fetched.returncode != 0 or not archives:
        raise harness.Missing(f"apt-get download {' '.join(packages)} failed; is apt-get update due?\n{fetched.stderr}")
    for archive in archives:
        subprocess.run(["dpkg", "-x", archive, root()], check=True, timeout=60)
        contents = subprocess.run(["dpkg", "-c", archive], check=True, capture_output=True, text=True, timeout=60).stdout
        names = [line.split(None, 5)[5].partition(" -> ")[0].removeprefix("./") for line in contents.splitlines()]
        _list(archive.name.partition("_")[0]).write_text("".join(name + "\n" for name in names))
    shutil.rmtree(downloads)
