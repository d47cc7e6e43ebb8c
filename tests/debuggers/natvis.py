#!/usr/bin/env python3
"""Makes and checks include/ehlo/ehlo.natvis, which shows ehlo's values in Visual Studio: natvis.py [--write]. There is none to try it with
here; so each member that it names must be one of the class, and each enumerator one of the enum."""
import pathlib
import re
import sys
import xml.etree.ElementTree as xml
from xml.sax.saxutils import escape, quoteattr

ROOT = pathlib.Path(__file__).resolve().parents[2]
NATVIS = ROOT / "include/ehlo/ehlo.natvis"
# EHLO_TARGET of config.hpp with MSVC and with clang-cl: /arch decides.
TARGETS = ["target_plain", "target_plain_avx", "target_plain_avx2", "target_plain_avx512", "target_plain_sse2"]
SCHEMA = "http://schemas.microsoft.com/vstudio/debugger/natvis/2010"

# A type: the texts that it is shown as, each with the condition for it; and what is seen when it is opened.
TYPES = {
    "failure": [("", "{code,en} at {at}")],
    "status": [("class_digit == 0", "none"), ("", "{(int)class_digit}.{subject}.{detail}")],
    "reply": [("code == 0", "later"), ("enhanced.class_digit == 0", "{code} {text}"), ("", "{code} {enhanced} {text}")],
    "reply_view": [("", "{text_}")],
    "source_route": [("", "{text_}")],
    "xtext": [("", "{text_}")],
    "path": [("size_ == 0", "<>"), ("", "{data_,[size_]sb}")],
    "host": [("", "{text}")],
    "mailbox": [("", "{local_part}@{domain}")],
    "command_line": [("", "{name} {arguments}")],
    "parameter_list": [("", "{data_,[length_]sb}")],
    "capability": [("", "{keyword} {parameters}")],
    "writer": [("failed_", "{data_,[size_]sb}, failed: {failure_}"), ("", "{data_,[size_]sb}")],
    "result<*>": [("ok_", "{value_}"), ("", "{failure_}")],
    "progress<*>": [("kind_ == kind::need_more", "more is needed, {consumed} consumed"), ("kind_ == kind::ready", "{value_}"), ("", "{failure_}")],
    "basic_session<*>": [("", "{where_,en}, {recipients_} recipients")],
    "detail::server_of<*>": [("", "{core_.order}")],
}
OPENED = {
    "result<*>": '<ExpandedItem Condition="ok_">value_</ExpandedItem>',
    "progress<*>": '<ExpandedItem Condition="kind_ == kind::ready">value_</ExpandedItem>',
}
SETS = {"set_of<*>": "$T1", "leniency": "rule", "extensions": "extension", "mechanisms": "mechanism", "client_attributes": "client_attribute"}


def list_of(enum):
    space = "" if enum.startswith("$") else "ehlo::v0::{target}::"
    return ('<CustomListItems><Variable Name="i" InitialValue="0"/><Loop Condition="i &lt; 64"><If Condition="((unsigned __int64)bits &gt;&gt; i) &amp; 1">'
            f"<Item>({space}{enum})i,en</Item></If><Exec>i++</Exec></Loop></CustomListItems>")


def made():
    out = ['<?xml version="1.0" encoding="utf-8"?>', "<!-- ehlo's values in Visual Studio. Made by tests/debuggers/natvis.py -->", f'<AutoVisualizer xmlns="{SCHEMA}">']
    for name, texts in (TYPES | {name: [("bits == 0", "{{}}"), ("", "a set")] for name in SETS}).items():
        by_target = name in SETS and not SETS[name].startswith("$")   # what it holds is named in it
        for targets in [[t] for t in TARGETS] if by_target else [TARGETS]:
            out.append(f"  <Type Name={quoteattr(f'ehlo::v0::{targets[0]}::{name}')}>")
            out += [f"    <AlternativeType Name={quoteattr(f'ehlo::v0::{t}::{name}')}/>" for t in targets[1:]]
            out += [f"    <DisplayString{f' Condition={quoteattr(condition)}' if condition else ''}>{escape(text)}</DisplayString>" for condition, text in texts]
            opened = OPENED.get(name) or (name in SETS and list_of(SETS[name]).replace("{target}", targets[0]))
            out += [f"    <Expand>{opened}</Expand>"] if opened else []
            out.append("  </Type>")
    return "\n".join([*out, "</AutoVisualizer>", ""])


def body_of(headers, name):
    """What stands between the braces of a class (of all of that name: seen::reply is another one)."""
    bodies = ""
    for found in re.finditer(rf"^(?:class|struct) (?:\[\[.*?\]\] )?(?:EHLO_\w+ )?{name}\b[^;{{]*{{", headers, re.M):
        at, depth = found.end(), 1
        while depth:
            depth += {"{": 1, "}": -1}.get(headers[at], 0)
            at += 1
        bodies += re.sub(r"//.*", "", headers[found.end():at - 1])
    return bodies


def faults():
    headers = "\n".join(p.read_text() for p in sorted((ROOT / "include/ehlo").rglob("*.hpp")))
    if not NATVIS.exists() or NATVIS.read_text() != made():
        yield f"{NATVIS} is not what natvis.py makes: natvis.py --write"
    tree = xml.fromstring(made())
    used = 0
    for kind in tree:
        space, name = re.fullmatch(r"(ehlo::v\d+::target_\w+)::(?:detail::)?(\w+)(?:<\*>)?", kind.get("Name")).groups()
        version = space.split("::")[1]
        if f"namespace ehlo::inline {version}::inline EHLO_TARGET" not in headers:
            yield f"{space} is not the namespace of the headers"
        body = body_of(headers, name)
        if name in SETS and re.search(rf"^using {name} = set_of<", headers, re.M):
            continue   # shown as that
        if not body:
            yield f"there is no class {name}"
        texts = [e.get("Condition") for e in kind.iter() if e.get("Condition")] + [m for e in kind.iter(f"{{{SCHEMA}}}DisplayString") for m in re.findall(r"{([^{}]+)}", e.text)]
        texts += [e.text for tag in ("ExpandedItem", "Item") for e in kind.iter(f"{{{SCHEMA}}}{tag}")]
        for text in texts:
            for cast in re.findall(r"\(ehlo::v\d+::\w+::(\w+)\)", text):
                if not re.search(rf"enum class {cast}\b", headers):
                    yield f"{name}: there is no enum {cast}"
            text = re.sub(r"\([^()]*\)|\$T\d|,\[?(?=en|sb)(?:en|sb)|\]sb", " ", text.replace("(unsigned __int64)bits", "bits"))
            for path in re.findall(r"(?<![\w.:])[a-z_]\w*(?:(?:\.|::)\w+)*", text):
                if path == "i":
                    continue
                first, *rest = re.split(r"\.|::", path)
                used += 1
                if not re.search(rf"\b{first}\b", body):
                    yield f"{name} has no member {first}"
                for part in rest:
                    if not re.search(rf"\b{part}\b", headers):
                        yield f"{name}: there is no {path}"
    if used < 40:
        yield f"only {used} members were looked for"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        NATVIS.write_text(made())
    all_faults = list(dict.fromkeys(faults()))
    print("\n".join(all_faults) or f"{len(TYPES) + len(SETS)} types are right")
    sys.exit(bool(all_faults))
