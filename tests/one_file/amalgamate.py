#!/usr/bin/env python3
"""Makes one header of all: amalgamate.py [HEADER...] >ehlo.hpp

The headers of include/ehlo that are named (default: ehlo.hpp) and all that they include, in the order in which a compiler meets them.
An opt-in header is named beside it: amalgamate.py ehlo.hpp scram.hpp. The same tree gives the same octets.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HEADERS = ROOT / "include/ehlo"
OWN = re.compile(r"\s*#\s*include\s*<ehlo/(.+?)>")
SYSTEM = re.compile(r"#\s*include\s*<(.+?)>")


def parts(names):
    """The headers in the order in which they are met, and the system headers that they include whatever the compiler."""
    texts, system = {}, set()

    def take(name):
        if name in texts:
            return
        texts[name] = None  # its place comes after those that it includes
        lines, depth = [], 0
        for line in (HEADERS / name).read_text(encoding="utf-8").splitlines():
            if line.strip() == "#pragma once":
                continue
            if own := OWN.match(line):
                take(own[1])
                continue
            if re.match(r"\s*#\s*if", line):
                depth += 1
            elif re.match(r"\s*#\s*endif", line):
                depth -= 1
            # config.hpp judges the compiler before anything of its library is read, and reads what it needs for that.
            elif depth == 0 and name != "config.hpp" and (other := SYSTEM.match(line)):
                system.add(other[1])
                continue
            lines.append(line)
        texts[name] = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
        order.append(name)

    order = []
    for name in names:
        take(name)
    return [(name, texts[name]) for name in order], sorted(system)


def amalgamate(names):
    headers, system = parts(names)
    config = dict(headers)["config.hpp"]
    version = re.search(r' version = "(.+?)"', (HEADERS / "version.hpp").read_text(encoding="utf-8"))[1]
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8").strip()
    macros = sorted(set(re.findall(r"^\s*#\s*define (\w+)", config, re.M)) - {"EHLO_UNSUPPORTED"})
    out = [f"// ehlo {version}: SMTP for C++20 in one header, made of {len(headers)} by tests/one_file/amalgamate.py. Do not edit.", "//"]
    out += [f"// {line}".rstrip() for line in licence.splitlines()]
    out += ["#ifndef EHLO_ONE_FILE", "#define EHLO_ONE_FILE", ""]
    for name, text in headers:
        out += [f"// ==== {name}", "", text, ""]
        if name == "config.hpp":
            out += [f"#include <{s}>" for s in system] + [""]
    out += ["// ==== the end", ""] + [f"#undef {m}" for m in macros] + ["", "#endif  // EHLO_ONE_FILE"]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    if any(a.startswith("-") for a in sys.argv[1:]):
        sys.exit(__doc__)
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    sys.stdout.write(amalgamate(sys.argv[1:] or ["ehlo.hpp"]))
