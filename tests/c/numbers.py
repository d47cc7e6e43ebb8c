#!/usr/bin/env python3
"""The enumerations of the C interface are those of the headers: numbers.py [--write]

Compares include/ehlo/ehlo_numbers.h with what the headers say; --write makes it anew.
"""
import pathlib
import re
import sys

HEADERS = pathlib.Path(__file__).resolve().parent.parent.parent / "include/ehlo"
TARGET = HEADERS / "ehlo_numbers.h"
# The enum, what its numbers begin with, and the first of them.
ENUMS = [
    ("errc", "ERROR", 1), ("blame", "BLAME", 0), ("verb", "VERB", 0), ("state", "STATE", 0), ("event", "EVENT", 0),
    ("fact", "FACT", 0), ("extension", "EXTENSION", 0), ("rule", "RULE", 0), ("mechanism", "MECHANISM", 0),
    ("body", "BODY", 0), ("path_kind", "PATH", 0), ("host_kind", "HOST", 0), ("want", "WANT", 0), ("service", "SERVICE", 0),
    ("early_octets", "EARLY", 0), ("bare_octets", "BARE", 0), ("tls_use", "TLS", 0), ("verdict", "VERDICT", 0),
    ("direction", "DIRECTION", 0), ("sight", "SIGHT", 0), ("awaits", "AWAITS", 0), ("departure", "DEPARTURE", 0),
    ("outcome", "OUTCOME", 0), ("dot_line", "DOT_LINE", 0),
]


def enumerators(name, text):
    """(enumerator, what is said of it)"""
    match = re.search(rf"^enum class {name} : std::uint8_t \{{(.*?)\}};", text, re.M | re.S)
    if not match:
        sys.exit(f"there is no enum class {name} : std::uint8_t")
    found = []
    for line in match[1].splitlines():
        code, _, said = line.partition("//")
        said = re.sub(r"^/<? *", "", said) if said.startswith("/") else ""
        names = re.findall(r"\w+", code)
        found += [(n, said if len(names) == 1 else "") for n in names]
    return [(n, s) for n, s in found if not re.fullmatch(r"own\d", n)]


def header():
    out = ["/* The numbers of the C interface, made of the enumerations of the C++ headers by tests/c/numbers.py. Included by ehlo.h. */",
           "#ifndef EHLO_NUMBERS_H", "#define EHLO_NUMBERS_H"]
    text = "".join(p.read_text(encoding="utf-8") for p in sorted(HEADERS.rglob("*.hpp")))
    for name, prefix, first in ENUMS:
        all = enumerators(name, text)
        c_name = {"errc": "error"}.get(name, name)
        out += ["", f"enum ehlo_{c_name} {{" + (" /* 0: no error */" if first else "")]
        if first:
            out.append("    EHLO_OK = 0,")
        width = max(len(n) for n, _ in all)
        for number, (n, said) in enumerate(all, first):
            comma = "," if number - first < len(all) - 1 else ""
            code = f"    EHLO_{prefix}_{n.upper()} = {number}{comma}"
            out.append(f"{code:<{width + len(prefix) + 16}} /* {said} */" if said else code)
        out.append("};")
    return "\n".join([*out, "", "#endif", ""])


made = header()
if sys.argv[1:] == ["--write"]:
    TARGET.write_text(made, encoding="utf-8")
elif sys.argv[1:]:
    sys.exit(__doc__)
elif TARGET.read_text(encoding="utf-8") != made:
    sys.exit("include/ehlo/ehlo_numbers.h is not what the headers say: tests/c/numbers.py --write; and count EHLO_ABI up in ehlo.h")
else:
    print(f"{made.count(' = ')} numbers")
