"""The C interface from Python, by ctypes: python_test.py LIBRARY

Names and numbers agree, addresses are parsed, and a server is driven whose handler is written in Python.
"""
import ctypes
import pathlib
import re
import sys
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_size_t, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p, create_string_buffer

INCLUDE = pathlib.Path(__file__).resolve().parent.parent.parent / "include/ehlo"
NUMBERS = {n: int(v) for n, v in re.findall(r"^    EHLO_(\w+) = (\d+)", (INCLUDE / "ehlo_numbers.h").read_text(), re.M)}
ehlo = ctypes.CDLL(sys.argv[1])
ehlo.ehlo_name.restype = ehlo.ehlo_version.restype = ehlo.ehlo_error_message.restype = c_char_p


class Text(Structure):
    _fields_ = [("data", c_void_p), ("size", c_size_t)]

    def __bytes__(self):
        return ctypes.string_at(self.data, self.size) if self.data else b""


def text(octets):
    return Text(ctypes.cast(ctypes.c_char_p(octets), c_void_p), len(octets))


class Buffer(Structure):
    _fields_ = [("data", c_void_p), ("capacity", c_size_t), ("size", c_size_t)]


class Failure(Structure):
    _fields_ = [("error", c_uint32), ("at", c_uint32)]


class Path(Structure):
    _fields_ = [("text", Text), ("local_part", Text), ("domain", Text), ("tolerated", c_uint64), ("kind", c_uint8), ("domain_kind", c_uint8)]


class Command(Structure):
    _fields_ = [("tolerated", c_uint64), ("size", c_uint64), ("argument", Text), ("path", Path), ("parameters", Text), ("initial_response", Text),
                ("verb", c_uint8), ("has_size", c_uint8), ("body", c_uint8), ("smtputf8", c_uint8), ("last", c_uint8)]


class Reply(Structure):
    _fields_ = [("text", Text), ("code", c_uint16), ("status", c_uint16 * 3)]


class Step(Structure):
    _fields_ = [("consumed", c_size_t), ("produced", c_size_t), ("want", c_uint32)]


class Layout(Structure):
    _fields_ = [(n, c_uint32) for n in "abi command reply reply_view server_options handler seen settings server client observer".split()]


class Handler(Structure):
    _fields_ = [("connected", c_void_p), ("command", CFUNCTYPE(None, c_void_p, POINTER(Command), POINTER(Reply))),
                ("content", CFUNCTYPE(None, c_void_p, Text)), ("end_of_content", CFUNCTYPE(None, c_void_p, c_void_p, POINTER(Reply))),
                ("abandoned", c_void_p), ("auth", c_void_p), ("answered", c_void_p), ("mechanisms", c_uint32)]


ehlo.ehlo_get_layout.restype = POINTER(Layout)
ehlo.ehlo_parse_path.restype = ehlo.ehlo_make_reply.restype = ehlo.ehlo_settings_init.restype = ehlo.ehlo_server_init.restype = Failure
ehlo.ehlo_server_advance.restype = Step
layout = ehlo.ehlo_get_layout().contents
checks = 0


def check(right, what):
    global checks
    checks += 1
    if not right:
        sys.exit(f"FAILED: {what}")


# Each number of the header has the name of its enumerator, where it has one.
KINDS = "ERROR BLAME VERB STATE EVENT FACT EXTENSION RULE MECHANISM WANT DIRECTION DEPARTURE OUTCOME DOT_LINE".split()
SPELT_ALIKE = {"ERROR", "BLAME", "STATE", "FACT", "RULE", "WANT", "DEPARTURE", "OUTCOME", "DOT_LINE"}
for kind, prefix in enumerate(KINDS):
    all = {n.removeprefix(prefix + "_"): v for n, v in NUMBERS.items() if n.startswith(prefix + "_")}
    all = {n: v for n, v in all.items() if not (prefix == "EXTENSION" and n.startswith("X_"))}
    check(len(all) >= 2, f"numbers of {prefix}")
    names = {n: ehlo.ehlo_name(kind, v).decode() for n, v in all.items()}
    check(len(set(names.values())) == len(names), f"{prefix}: {names}")
    check(ehlo.ehlo_name(kind, 1000) == b"", f"{prefix} 1000")
    for n, said in names.items():
        check(said != "" or n == "UNKNOWN", f"{prefix}_{n} has no name")
        if prefix in SPELT_ALIKE:
            check(said == n.lower(), f"{prefix}_{n} is called {said}")
        elif prefix in ("VERB", "EXTENSION") and "_" not in n and n not in ("UNKNOWN", "VERBOSE", "RRVS"):
            check(said.upper() == n, f"{prefix}_{n} is called {said}")
errors = [v for n, v in NUMBERS.items() if n.startswith("ERROR_")]
check(all and min(errors) == 1 and sorted(errors) == list(range(1, len(errors) + 1)), "errors are counted from 1")
for e in errors:
    check(len(ehlo.ehlo_error_message(e)) > 5, f"error {e} says nothing")
check(ehlo.ehlo_name(0, len(errors) + 1) == b"", "the header lacks an error")

check(layout.command == ctypes.sizeof(Command) and layout.reply == ctypes.sizeof(Reply) and layout.handler == ctypes.sizeof(Handler), "layout")
path = Path()
source = b'<"Ann B"@example.org>'
check(ehlo.ehlo_parse_path(text(source), None, byref(path)).error == 0, "a path")
check((bytes(path.local_part), bytes(path.domain)) == (b'"Ann B"', b"example.org"), "its parts")
bad = ehlo.ehlo_parse_path(text(b"<ann@exa_mple.org>"), None, byref(path))
check((bad.error, bad.at) == (NUMBERS["ERROR_BAD_DOMAIN"], 8), "a bad path")

# A server whose handler is Python.
said = []
stored = bytearray()


@Handler._fields_[1][1]
def on_command(context, command, answer):
    c = command.contents
    said.append((c.verb, bytes(c.path.text) or bytes(c.argument)))
    if c.verb == NUMBERS["VERB_RCPT"]:
        check(ehlo.ehlo_make_reply(answer, c_char_p(YES)).error == 0, "a reply")


@Handler._fields_[2][1]
def on_content(context, octets):
    stored.extend(bytes(octets))


@Handler._fields_[3][1]
def on_end(context, message, answer):
    check(ehlo.ehlo_make_reply(answer, c_char_p(YES)).error == 0, "a reply")


YES = b"250 2.0.0 yes"  # borrowed until it is written
NAME = b"mx.example"
handler = Handler(None, on_command, on_content, on_end, None, None, None, 0)
options, settings, server = (create_string_buffer(n) for n in (layout.server_options, layout.settings, layout.server))
ehlo.ehlo_server_options_init(options)
check(ehlo.ehlo_settings_init(settings, options).error == 0, "settings")
check(ehlo.ehlo_server_init(server, settings, text(NAME)).error == 0, "a server")
room = create_string_buffer(4096)
out = Buffer(ctypes.cast(room, c_void_p), len(room), 0)
unread = b""
for octets in (b"", b"EHLO a.example\r\nMAIL FROM:<a@b>\r\n", b"RCPT TO:<c@d>\r\nDATA\r\n", b"..x\r\n.\r\nQUIT\r\n"):
    unread += octets
    step = ehlo.ehlo_server_advance(server, text(unread), byref(out), byref(handler), None)
    unread = unread[step.consumed:]
replies = [line[:4] for line in room.raw[:out.size].decode().splitlines()]
check([r for r in replies if r[3] == " "] == ["220 ", "250 ", "250 ", "250 ", "354 ", "250 ", "221 "], replies)
check(bytes(stored) == b".x\r\n" and step.want == NUMBERS["WANT_CLOSE"], stored)
check([s for v, s in said] == [b"a.example", b"<a@b>", b"<c@d>", b""], said)
print(f"{checks} checks by ctypes, version {ehlo.ehlo_version().decode()}")
