#!/usr/bin/env python3
"""Meson's WrapDB: make_wrap.py ARCHIVE URL >ehlo.wrap

The wrap of a release, whose archive has one folder, ehlo-VERSION, and is to be fetched from URL.
"""
import hashlib
import pathlib
import sys

archive, url = (pathlib.Path(sys.argv[1]), sys.argv[2]) if len(sys.argv) == 3 else sys.exit(__doc__)
folder = archive.name.removesuffix(".tar.gz")
print(f"""[wrap-file]
directory = {folder}
source_url = {url}
source_filename = {archive.name}
source_hash = {hashlib.sha256(archive.read_bytes()).hexdigest()}

[provide]
dependency_names = ehlo, ehlo-c""")
