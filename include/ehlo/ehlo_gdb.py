"""ehlo's values in gdb, as ehlo/format.hpp prints them: `source .../include/ehlo/ehlo_gdb.py`, by hand or in .gdbinit.

    (gdb) print mail.from
    $1 = <ann@client.example>
    (gdb) print result
    $2 = bad_domain at 12
    (gdb) print server
    $3 = rcpt {extended, tls}, 2 recipients = {...}
"""
import re

import gdb
import gdb.printing

_OURS = re.compile(r"^ehlo::v\d+::target_\w+::(?:detail::)?(.*)$")


def _plain(type_):
    return type_.strip_typedefs().unqualified()


def _name(type_):
    """Without the inline namespaces; None for what is not ehlo's."""
    found = _OURS.match(_plain(type_).tag or _plain(type_).name or "")
    return found and found[1]


def _space(type_):
    """The namespace that the type's own is in, with its inline namespaces."""
    return re.match(r"ehlo::v\d+::target_\w+::", _plain(type_).name)[0]


def _members(value):
    return [f.name for f in _plain(value.type).fields() if f.name]


def _octets(data, size):
    if size == 0 or int(data) == 0:
        return ""
    text = bytes(gdb.selected_inferior().read_memory(int(data), min(size, 4096))).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text) + ("..." if size > 4096 else "")


def _view(view):
    """A std::string_view, whichever library's it is: a pointer and a number."""
    fields = [view[f] for f in _plain(view.type).fields() if not f.is_base_class and not f.artificial and hasattr(f, "bitpos")]
    data = next(f for f in fields if f.type.strip_typedefs().code == gdb.TYPE_CODE_PTR)
    return _octets(data, int(next(f for f in fields if f.type.strip_typedefs().code != gdb.TYPE_CODE_PTR)))


def _enumerators(type_):
    return {f.enumval: f.name.rpartition("::")[2] for f in _plain(type_).fields()}


def _enum(value):
    return _enumerators(value.type).get(int(value), f"{int(value)}, which is no {_name(value.type)}")


def _set(bits, enum):
    names = _enumerators(enum)
    return "{" + ", ".join(names.get(i, str(i)) for i in range(64) if int(bits) >> i & 1) + "}"


def _failure(f):
    return f"{_enum(f['code'])} at {int(f['at'])}"


def _status(s):
    return f"{int(s['class_digit'])}.{int(s['subject'])}.{int(s['detail'])}"


def _path(p):
    text = _octets(p["data_"], int(p["size_"]))
    return text if text.startswith("<") else f"<{text}>"


def _reply(r):
    if int(r["code"]) == 0:
        return "later"
    status = _status(r["enhanced"]) if int(r["enhanced"]["class_digit"]) else ""
    return " ".join(filter(None, [str(int(r["code"])), status, _view(r["text"])]))


def _mailbox(m):
    domain = _view(m["domain"]["text"])
    return _view(m["local_part"]) + ("@" + domain if domain else "")


def _session(s):
    facts = _set(s["known_"], gdb.lookup_type(_space(s.type) + "fact"))
    count = int(s["recipients_"])
    return f"{_enum(s['where_'])} {facts}" + (f", {count} recipient{'s' if count != 1 else ''}" if count else "")


def _session_in(value, depth=4):
    """The session that a server, a client, an observer or a relay holds: the first that is met."""
    level = [value]
    for _ in range(depth):
        below = []
        for v in level:
            if (_name(v.type) or "").startswith("basic_session<"):
                return v
            if _plain(v.type).code == gdb.TYPE_CODE_STRUCT:
                below += [v[f] for f in _plain(v.type).fields() if hasattr(f, "bitpos") and not f.artificial]
        level = below
    return None


class _Said:
    """A value that is told in a line."""

    def __init__(self, value, say):
        self.value, self.say = value, say

    def to_string(self):
        return self.say(self.value)


class _Machine:
    """Where it is, and all that it holds."""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        session = _session_in(self.value)
        return _session(session) if session is not None else None

    def children(self):
        for field in _plain(self.value.type).fields():
            if not field.artificial and hasattr(field, "bitpos"):
                yield field.name, self.value[field]


class _Result:
    """A value or a failure."""

    def __init__(self, value):
        self.value = value

    def chosen(self):
        if "ok_" in _members(self.value):
            return self.value["value_" if self.value["ok_"] else "failure_"]
        kind = _enum(self.value["kind_"])
        return {"ready": self.value["value_"], "failed": self.value["failure_"]}.get(kind)

    def to_string(self):
        chosen = self.chosen()
        if chosen is None:
            return f"more is needed, {int(self.value['consumed'])} consumed"
        return _failure(chosen) if _name(chosen.type) == "failure" else chosen.format_string()


_SAID = {
    "failure": _failure, "status": _status, "path": _path, "reply": _reply, "mailbox": _mailbox,
    "host": lambda h: _view(h["text"]),
    "reply_view": lambda r: _view(r["text_"]),
    "source_route": lambda r: _view(r["text_"]), "parameter_range": lambda r: _view(r["text_"]), "xtext": lambda x: _view(x["text_"]),
    "capability": lambda c: " ".join(filter(None, [_view(c["keyword"]), _view(c["parameters"])])),
    "parameter_list": lambda p: _octets(p["data_"], int(p["length_"])),
    "mail_parameters": lambda p: _octets(p["data_"], int(p["length_"])),
    "rcpt_parameters": lambda p: _octets(p["data_"], int(p["length_"])),
    "command_line": lambda c: " ".join(filter(None, [_view(c["name"]), _view(c["arguments"])])),
    "cmd::hello": lambda c: f"{_enum(c['verb'])} {_view(c['name']['text'])}",
    "writer": lambda w: _octets(w["data_"], int(w["size_"])) + (f" (failed: {_failure(w['failure_'])})" if w["failed_"] else ""),
}
_SETS = {"leniency": "rule", "extensions": "extension", "mechanisms": "mechanism", "client_attributes": "client_attribute", "parameter_ids": "parameter_id"}
_MACHINES = ("server_with<", "basic_server<", "client_with<", "observer_with<", "relay_with<", "observer", "relay")


def _printer_of(value):
    name = _name(value.type)
    if not name:
        return None
    if _plain(value.type).code == gdb.TYPE_CODE_ENUM:
        return _Said(value, _enum)
    if name in _SAID:
        return _Said(value, _SAID[name])
    if name in _SETS and "bits" in _members(value):
        enum = gdb.lookup_type(_space(value.type) + _SETS[name])
        return _Said(value, lambda v: _set(v["bits"], enum))
    if name.startswith("set_of<"):
        enum = _plain(value.type).template_argument(0)
        return _Said(value, lambda v: _set(v["bits"], enum))
    if name.startswith("basic_session<"):
        return _Said(value, _session)
    if name.startswith(("result<", "progress<")):
        return _Result(value)
    if name.startswith(_MACHINES) and _session_in(value) is not None:
        return _Machine(value)
    return None


class _Ehlo(gdb.printing.PrettyPrinter):
    def __call__(self, value):
        return _printer_of(value)


gdb.printing.register_pretty_printer(gdb.current_objfile(), _Ehlo("ehlo"), replace=True)
