#!/usr/bin/env python3
"""Contract tests of explain: explain_test.py PATH_TO_EXPLAIN

Every item is run with --chunk of none, 1, 2, 3, 7 and 4096 octets, and all answers must be the same. In an item "¦"
stands in front of the octet at fault. In what is expected, ABSENT stands for a key that must not be there.
"""
import json
import os
import re
import subprocess
import sys
import unicodedata

EXPLAIN = sys.argv[1] if len(sys.argv) == 2 else sys.exit(__doc__)
HERE = os.path.dirname(os.path.abspath(__file__))
CHUNKS = [None, 1, 2, 3, 7, 4096]
ABSENT = object()
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}

checks = 0
faults = []


def check(ok, what):
    global checks
    checks += 1
    if not ok:
        faults.append(what)


def run(arguments, octets=b""):
    try:
        p = subprocess.run([EXPLAIN, *arguments], input=octets, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           env=ENVIRONMENT, timeout=20)
    except subprocess.TimeoutExpired:
        sys.exit(f"FAILED explain {' '.join(arguments)} does not end")
    return p.returncode, p.stdout, p.stderr


# Escapes, by another hand than explain's.
def unescape(item):
    names = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}

    def one(m):
        text = m.group(0)
        if len(text) == 1:
            return text.encode()
        return bytes([int(text[2:], 16)]) if text[1] == "x" else names[text[1]]

    return b"".join(one(m) for m in re.finditer(r"\\x[0-9A-Fa-f]{2}|\\[rnt0\\]|.", item, re.S))


def shown(octets):
    out = ""
    at = 0
    while at < len(octets):
        for size in (4, 3, 2, 1):
            try:
                c = octets[at:at + size].decode()
            except UnicodeDecodeError:
                continue
            if len(c) == 1:
                break
        else:
            c, size = None, 1
        named = {"\r": "\\r", "\n": "\\n", "\t": "\\t", "\0": "\\0", "\\": "\\\\"}
        if c in named:
            out += named[c]
        elif c is None or unicodedata.category(c)[0] == "C":
            out += "".join("\\x%02X" % o for o in octets[at:at + size])
        else:
            out += c
        at += size
    return out


def columns(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def good(item, **expected):
    return item, {"ok": True, **expected}


def bad(item, error, reply=None, **expected):
    expected = {"ok": False, "error": error, **expected}
    if "¦" in item:
        before, after = item.split("¦")
        item = before + after
        expected["at"] = len(unescape(before))
    if reply is not None:
        expected["reply"] = reply
    return item, expected


def same(expected, actual, what):
    for key, value in expected.items():
        if value is ABSENT:
            check(key not in actual, f"{what}: {key!r} must be absent: {actual}")
        elif key == "reply" and isinstance(value, str) and value.endswith("*"):
            check(str(actual.get(key)).startswith(value[:-1]), f"{what}: reply {value}: {actual}")
        else:
            check(key in actual and actual[key] == value and type(actual[key]) is type(value),
                  f"{what}: {key} should be {value!r}: {actual}")


def objects(arguments, octets):
    """The JSON objects, the same for every chunk."""
    first = None
    for chunk in CHUNKS:
        extra = [] if chunk is None else [f"--chunk={chunk}"]
        code, out, err = run(["--json", *extra, *arguments], octets)
        check(code == 0, f"{arguments} {extra}: exit status {code}: {err.decode()}")
        if first is None:
            first = out
        elif out != first:
            for a, b in zip(first.splitlines(), out.splitlines()):
                check(a == b, f"{arguments} {extra}: {b.decode()}\n  without --chunk: {a.decode()}")
            check(out == first, f"{arguments} {extra}: another output")
    try:
        return [json.loads(line) for line in first.decode().splitlines()]
    except ValueError as e:
        check(False, f"{arguments}: not JSON: {e}: {first!r}")
        return []


L64, L65, L63 = "a" * 64, "a" * 65, "b" * 63
LONG_DOMAIN = ".".join([L63] * 4)  # 255 octets

COMMANDS = [
    # EHLO, HELO
    good("EHLO client.example", verb="EHLO", domain="client.example", literal=ABSENT, tolerated=ABSENT),
    good("ehlo client.example\\r\\n", verb="EHLO", domain="client.example"),
    good("Helo a", verb="HELO", domain="a"),
    good("EHLO [192.0.2.1]", domain="[192.0.2.1]", literal=True),
    good("EHLO [IPv6:2001:db8::1]", domain="[IPv6:2001:db8::1]", literal=True),
    good("EHLO [tag:content]", domain="[tag:content]", literal=True),
    good("HELO [192.0.2.1]", verb="HELO", literal=True),
    good("EHLO a--b.1.2  \\t", domain="a--b.1.2"),
    bad("EHLO¦", "missing_argument", "501 5.5.4 *", blame="malformed"),
    bad("EHLO¦ \\r\\n", "missing_argument"),
    bad("EHLO ¦-a.example", "bad_domain", "501 5.5.4 *", verb="EHLO"),
    bad("EHLO a-¦.example", "bad_domain"),
    bad("EHLO a.example.¦", "bad_domain"),
    bad("EHLO a¦_b", "bad_domain"),
    bad("EHLO a¦ b", "bad_domain"),
    bad("EHLO [1.2.3¦]", "bad_address_literal"),
    bad("EHLO [192.0.2.25¦6]", "bad_address_literal"),
    bad("EHLO j¦\u00f6rg.example", "non_ascii"),
    # MAIL
    good("MAIL FROM:<ann@example.org>", verb="MAIL", path="<ann@example.org>", local="ann", host="example.org",
         parameters=ABSENT, null=ABSENT, route=ABSENT, postmaster=ABSENT, tolerated=ABSENT),
    good("mail from:<ann@example.org>\\r\\n", verb="MAIL", path="<ann@example.org>"),
    good("MAIL FROM:<>", path="<>", null=True, local=ABSENT, host=ABSENT),
    good("MAIL FROM:<> SIZE=0", parameters={"SIZE": 0}),
    good("MAIL FROM:<a@b> SIZE=1024 BODY=8BITMIME", parameters={"SIZE": 1024, "BODY": "8BITMIME"}),
    good("MAIL FROM:<a@b> size=18446744073709551615", parameters={"SIZE": 18446744073709551615}),
    good("MAIL FROM:<a@b> body=7bit", parameters={"BODY": "7BIT"}),
    good("MAIL FROM:<a@b> X-FOO=bar y-bar", parameters={"X-FOO": "bar", "Y-BAR": True}),
    good("MAIL FROM:<j\u00f6rg@example.org> SMTPUTF8", local="j\u00f6rg", parameters={"SMTPUTF8": True}),
    good("MAIL FROM:<@a.example,@b.example:c@d.example>", route=["a.example", "b.example"], local="c", host="d.example",
         path="<@a.example,@b.example:c@d.example>"),
    good('MAIL FROM:<"a b\\\\"c"@d>', local='"a b\\"c"', host="d"),
    good('MAIL FROM:<""@d>', local='""'),
    good("MAIL FROM:<Postmaster@d>", local="Postmaster", postmaster=ABSENT),
    good("MAIL FROM:<a@[192.0.2.1]>", host="[192.0.2.1]", literal=True),
    good(f"MAIL FROM:<{L64}@d>", local=L64),
    good("SEND FROM:<a@b>", verb="SEND"),
    good("SOML FROM:<a@b>", verb="SOML"),
    good("SAML FROM:<a@b>", verb="SAML"),
    bad("MAIL¦", "missing_argument", "501 5.5.4 *", verb="MAIL"),
    bad("MAIL ¦<a@b>", "expected_from"),
    bad("MAIL ¦TO:<a@b>", "expected_from"),
    bad("MAIL FROM¦ :<a@b>", "expected_from"),
    bad("MAIL FROM:¦ <a@b>", "expected_path", '501 5.1.7 "<" should begin a path here'),
    bad("MAIL FROM:¦a@b", "expected_path"),
    bad("MAIL FROM:¦", "expected_path"),
    bad("MAIL FROM:<a@b¦", "unclosed_path"),
    bad("MAIL FROM:<a¦>", "missing_domain"),
    bad("MAIL FROM:<Postmaster¦>", "missing_domain"),
    bad("MAIL FROM:<a@b>¦x", "unexpected_argument"),
    bad("MAIL FROM:<a@b> ¦=1", "bad_parameter", "501 5.5.4 *"),
    bad("MAIL FROM:<a@b> SIZE=¦", "bad_parameter"),
    bad("MAIL FROM:<a@b> SIZE¦", "bad_parameter_value"),
    bad("MAIL FROM:<a@b> SIZE=1¦x", "bad_parameter_value"),
    bad("MAIL FROM:<a@b> SIZE=1844674407370955161¦6", "number_too_large", "552 5.3.4 *", blame="limit"),
    bad("MAIL FROM:<a@b> BODY=¦9BIT", "bad_parameter_value"),
    bad("MAIL FROM:<a@b> SIZE=1 ¦size=2", "duplicate_parameter"),
    bad("MAIL FROM:<a@b> SMTPUTF8¦=1", "bad_parameter_value"),
    bad("MAIL FROM:<j¦\u00f6rg@b>", "non_ascii", "553 5.6.7 *"),
    bad("MAIL FROM:<a¦\\xFF@b> SMTPUTF8", "bad_utf8"),
    bad('MAIL FROM:<"a¦', "bad_quoted_string"),
    bad("MAIL FROM:<a.¦.b@c>", "bad_local_part"),
    bad("MAIL FROM:<a¦\\x07b@c>", "bad_local_part"),
    bad(f"MAIL FROM:<{L64}¦a@d>", "local_part_too_long", "501 5.1.7 *", blame="limit"),
    bad(f"MAIL FROM:<a@{LONG_DOMAIN}¦b>", "domain_too_long"),
    bad("MAIL FROM:<@a¦>", "bad_route"),
    bad("MAIL FROM:<@a:¦>", "bad_local_part"),
    # RCPT
    good("RCPT TO:<bob@example.org>", verb="RCPT", path="<bob@example.org>", local="bob", host="example.org"),
    good("RCPT TO:<Postmaster>", path="<Postmaster>", postmaster=True, local="Postmaster", host=ABSENT),
    good("rcpt to:<pOSTMASTER>", path="<pOSTMASTER>", postmaster=True),
    good("RCPT TO:<a@b> NOTIFY=NEVER", parameters={"NOTIFY": "NEVER"}),
    bad("RCPT TO:<¦>", "null_path", "501 5.1.3 *"),
    bad("RCPT TO:<bob@exa¦_mple.org>", "bad_domain", "501 5.1.3 *"),
    bad("RCPT TO:<bob@b>¦;x", "unexpected_argument"),
    bad("RCPT ¦FROM:<a@b>", "expected_to"),
    bad("RCPT TO:<bob¦\u00e9@example.org>", "non_ascii", "553 5.6.7 *"),
    # the others
    good("DATA", verb="DATA"), good("RSET", verb="RSET"), good("QUIT\\r\\n", verb="QUIT"), good("TURN", verb="TURN"),
    good("quit  ", verb="QUIT"),
    good("NOOP", verb="NOOP", argument=ABSENT),
    good("NOOP what ever", argument="what ever"),
    good("HELP", verb="HELP", argument=ABSENT), good("HELP MAIL", argument="MAIL"),
    good("VRFY smith", verb="VRFY", argument="smith"),
    good("VRFY smith@example.org", argument="smith@example.org"),
    good("EXPN \u4eba SMTPUTF8", verb="EXPN", argument="\u4eba", parameters={"SMTPUTF8": True}),
    bad("VRFY¦", "missing_argument", verb="VRFY"),
    bad("VRFY ¦\u4eba", "non_ascii", "553 5.6.7 *"),
    bad("VRFY ¦\\xFF SMTPUTF8", "bad_utf8"),
    bad("DATA ¦x", "unexpected_argument", "501 5.5.4 *"),
    bad("QUIT ¦now", "unexpected_argument"),
    bad("RSET ¦x", "unexpected_argument"),
    bad("¦HELLO x", "unknown_verb", "500 5.5.2 no such command", verb="HELLO", argument="x", blame="malformed"),
    bad("¦MAILFROM:<a@b>", "unknown_verb", verb="MAILFROM:<a@b>", argument=""),
    bad("¦", "empty_line", "500 5.5.2 *"),
    bad("¦  \\r\\n", "empty_line"),
    bad("¦GET / HTTP/1.1", "http_request", "421 4.7.0 *"),
    bad("¦Host: a.example", "http_request"),
    # framing
    bad("NOOP¦\\n", "bare_lf", "500 5.5.2 *"),
    bad("NOOP¦\\r", "bare_cr"),
    bad("NOOP a¦\\rb\\r\\n", "bare_cr"),
    bad("NOOP a¦\\0b", "nul_octet"),
    bad("NOOP\\r\\n¦QUIT\\r\\n", "unexpected_argument"),
    bad("NOOP " + "x" * 2043 + "¦xxx", "line_too_long", "500 5.5.2 *", blame="limit"),
    good("NOOP " + "x" * 2041, verb="NOOP"),
]

LENIENT = [
    good("MAIL FROM: <ann@example.org> SIZE=1", path="<ann@example.org>", parameters={"SIZE": 1},
         tolerated=["space_after_colon"]),
    good("MAIL FROM:ann@example.org", path="<ann@example.org>", local="ann", tolerated=["missing_brackets"]),
    good("RCPT TO:<drozd>", path="<drozd>", local="drozd", host=ABSENT, tolerated=["missing_domain"]),
    good("RCPT TO:<@A, @B: c@d>", path="<@A,@B:c@d>", route=["A", "B"], tolerated=["spaces_in_route"]),
    good("RCPT TO:<a@[IPv6:1:2:3:4:5:6:7::]>", tolerated=["ipv6_single_group"]),
    good("RCPT TO:<a@b_c.example>", host="b_c.example", tolerated=["underscore_in_domain"]),
    good("RCPT TO:<a@b.example.>", host="b.example.", tolerated=["trailing_dot"]),
    good("RCPT TO:<a..b@c>", local="a..b", tolerated=["loose_dots"]),
    good("RCPT TO:<j\u00f6rg@c>", local="j\u00f6rg", tolerated=["utf8_without_smtputf8"]),
    good("NOOP\\n", verb="NOOP", tolerated=["bare_lf_line"]),
    good("EHLO a_b", domain="a_b", tolerated=["underscore_in_domain"]),
    good("RCPT TO:<a@b>", tolerated=ABSENT),
    bad("RCPT TO:<a¦\\xFF@c>", "bad_utf8"),
    bad("RCPT TO:¦", "expected_path"),
]

ONE_RULE = [  # --lenient=loose_dots,trailing_dot
    good("RCPT TO:<.a.@b.>", tolerated=["trailing_dot", "loose_dots"]),
    bad("RCPT TO:¦ <a@b>", "expected_path"),
    bad("RCPT TO:<a@b¦_c>", "bad_domain"),
]

UTF8 = [  # --smtputf8
    good("RCPT TO:<j\u00f6rg@b\u00fccher.example>", local="j\u00f6rg", host="b\u00fccher.example", tolerated=ABSENT),
    bad("EHLO b¦\u00fccher.example", "non_ascii"),
    bad("RCPT TO:<¦\\xC0\\x80@b>", "bad_utf8"),
]

PATHS = [
    good("<a@b>", path="<a@b>", local="a", host="b", verb=ABSENT),
    good("<>", path="<>", null=True), good("<Postmaster>", postmaster=True),
    good("<@x.example:a@b>", route=["x.example"], path="<@x.example:a@b>"),
    good('<"\\x20"@b>', local='" "'),
    good("<a@[IPv6:::]>", host="[IPv6:::]", literal=True),
    bad("¦", "expected_path"), bad("¦a@b", "expected_path"), bad("<a@b>¦ ", "unexpected_argument"),
    bad("<a@b¦", "unclosed_path"), bad("<@¦>", "bad_domain"),
    bad("<a@[300¦.1.1.1]>", "bad_address_literal"), bad("<a@[1.30¦0.1.1]>", "bad_address_literal"),
    bad("<a@[IPv6:1¦]>", "bad_address_literal"), bad("<\\x20>", "bad_local_part", at=1),
]

MAILBOXES = [
    good("a.b@c.example", local="a.b", unquoted="a.b", host="c.example", kind="domain"),
    good('"a\\\\@b"@c', local='"a\\@b"', unquoted="a@b", kind="domain"),
    good('"a\\@b"@c', local='"a\\@b"', unquoted="a@b"),
    good('""@c', local='""', unquoted=""),
    good("a@[192.0.2.1]", host="[192.0.2.1]", kind="ipv4"),
    good("a@[IPv6:::1]", kind="ipv6"), good("a@[X-y:z]", kind="general"),
    bad("a¦", "missing_domain"), bad("a@¦", "bad_domain"), bad("¦@b", "bad_local_part"), bad("a¦ b@c", "bad_local_part"),
    bad("<a@b>", "bad_local_part", at=0), bad('"a"¦b@c', "bad_local_part"), bad("a@b¦>", "bad_domain"),
]

REPLIES = [
    ("250 2.1.0 ok\\r\\n", {"replies": [{"code": 250, "enhanced": "2.1.0", "lines": ["2.1.0 ok"]}], "rest": "empty", "consumed": 14, "error": ABSENT}),
    ("250-a\\r\\n250-\\r\\n250 b\\r\\n", {"replies": [{"code": 250, "lines": ["a", "", "b"]}], "rest": "empty", "consumed": 20}),
    ("250\\r\\n", {"replies": [{"code": 250, "lines": [""]}], "rest": "empty"}),
    ("220 a\\r\\n250 b\\r\\n354", {"replies": [{"code": 220, "lines": ["a"]}, {"code": 250, "lines": ["b"]}], "rest": "need_more", "consumed": 14}),
    ("250-half\\r\\n", {"replies": [], "rest": "need_more", "consumed": 0}),
    ("250 x\\r", {"replies": [], "rest": "need_more", "consumed": 0}),
    ("", {"replies": [], "rest": "empty", "consumed": 0}),
    ("550 5.1.1 no\\r\\n", {"replies": [{"code": 550, "enhanced": "5.1.1", "lines": ["5.1.1 no"]}]}),
    ("550 2.1.1 no\\r\\n", {"replies": [{"code": 550, "lines": ["2.1.1 no"]}]}),
    ("250 \u00e9t\u00e9\\r\\n", {"replies": [{"code": 250, "lines": ["\u00e9t\u00e9"], "plain": False}]}),
    ("¦650 x\\r\\n", {"replies": [], "rest": "failed", "error": "bad_reply_code"}),
    ("2¦60 x\\r\\n", {"rest": "failed", "error": "bad_reply_code"}),
    ("250¦x\\r\\n", {"rest": "failed", "error": "bad_reply_separator"}),
    ("250 a¦\\n250 b\\r\\n", {"rest": "failed", "error": "bare_lf"}),
    ("250 a¦\\rb\\r\\n", {"rest": "failed", "error": "bare_cr"}),
    ("250 a¦\\0\\r\\n", {"rest": "failed", "error": "nul_octet"}),
    ("250 ok\\r\\n250-a\\r\\n25¦1 b\\r\\n", {"replies": [{"code": 250, "lines": ["ok"]}], "rest": "failed", "consumed": 8, "error": "mixed_reply_codes"}),
    ("250 " + "x" * 2042 + "\\r\\n", {"rest": "empty", "consumed": 2048}),
    ("250 " + "x" * 2043 + "\\r\\n", {"rest": "failed", "error": "reply_too_long", "at": 2046}),
]

ANSWERS = [
    good("250-mx.example Hello\\r\\n250-SIZE 1000\\r\\n250-AUTH PLAIN LOGIN\\r\\n250 pipelining\\r\\n", domain="mx.example",
         greet="Hello", capabilities={"SIZE": 1000, "AUTH": ["PLAIN", "LOGIN"], "PIPELINING": True}),
    good("250 mx.example", domain="mx.example", capabilities={}),
    good("250-a\\r\\n250 SIZE", capabilities={"SIZE": True}),
    good("250-a\\r\\n250 SIZE 0", capabilities={"SIZE": 0}),
    good("250-[192.0.2.1]\\r\\n250-AUTH=LOGIN\\r\\n250 HELP", domain="[192.0.2.1]", capabilities={"HELP": True}, passed_over=["AUTH=LOGIN"]),
    good("250-a\\r\\n250-SIZE 1\\r\\n250 size 2", capabilities={"SIZE": 2}),
    bad("¦550 no\\r\\n", "bad_reply_class"), bad("250-half¦", "need_more"), bad("¦EHLO", "bad_reply_code"),
    bad("250 a\\r\\n¦250 b\\r\\n", "unexpected_reply"), bad("250 a¦\\n", "bare_lf"),
]

FLAGS = {"bare_cr": False, "bare_lf": False, "nul": False, "long_line": False}
CONTENTS = [
    ("Hello\\r\\n.\\r\\n", {"end": True, "consumed": 10, "body": "Hello\\r\\n", **FLAGS, "error": ABSENT}),
    (".\\r\\n", {"end": True, "consumed": 3, "body": ""}),
    (".\\r\\nQUIT\\r\\n", {"end": True, "consumed": 3, "body": ""}),
    ("", {"end": False, "consumed": 0, "body": ""}),
    ("..\\r\\n.a\\r\\n.\\r\\n", {"end": True, "body": ".\\r\\na\\r\\n", "consumed": 11}),
    ("a.\\r\\n", {"end": False, "body": "a.\\r\\n", "consumed": 4}),
    ("a\\r\\n.\\r", {"end": False, "body": "a\\r\\n", "consumed": 3}),
    ("a¦\\n.\\r\\nb\\r\\n.\\r\\n", {"end": True, "body": "a\\n.\\r\\nb\\r\\n", **FLAGS, "bare_lf": True, "error": "bare_lf"}),
    ("a\\r\\n.¦\\nb\\r\\n", {"end": False, "bare_lf": True, "error": "bare_lf"}),
    ("a¦\\r.\\r\\r\\n.\\r\\n", {"end": True, **FLAGS, "bare_cr": True, "error": "bare_cr", "reply": "554 5.6.0 *"}),
    ("a\\0\\r\\n.\\r\\n", {"end": True, "body": "a\\0\\r\\n", **FLAGS, "nul": True}),
    ("x" * 998 + "\\r\\n.\\r\\n", {"end": True, "long_line": False}),
    ("x" * 999 + "\\r\\n.\\r\\n", {"end": True, "long_line": True, "error": ABSENT}),
    ("\\\\ \u00e9 \\xFF\\r\\n.\\r\\n", {"end": True, "body": "\\\\ \u00e9 \\xFF\\r\\n"}),
]
NORMALIZED = [("a\\nb\\rc\\r\\n.\\r\\n", {"end": True, "body": "a\\r\\nb\\r\\nc\\r\\n", "bare_cr": True, "bare_lf": True, "error": ABSENT})]
PASSED = [("a\\n.\\r\\n.\\r\\n", {"end": True, "body": "a\\n.\\r\\n", "bare_lf": True, "error": ABSENT})]

MESSAGES = [
    good("Hello\\r\\n", wire="Hello\\r\\n.\\r\\n"), good("Hello", wire="Hello\\r\\n.\\r\\n"), good("", wire=".\\r\\n"),
    good(".\\r\\n..\\r\\n.a", wire="..\\r\\n...\\r\\n..a\\r\\n.\\r\\n"), good("a.b\\r\\n", wire="a.b\\r\\n.\\r\\n"),
    good("\\0\\xFF", wire="\\0\\xFF\\r\\n.\\r\\n"),
    bad("a¦\\nb", "bare_lf", wire=ABSENT, blame="malformed"), bad("a¦\\rb", "bare_cr", wire=ABSENT),
    bad("a\\r\\nb¦\\r", "bare_cr", wire=ABSENT), bad("a¦\\r\\r\\n", "bare_cr"), bad("abcdef¦\\r\\rb", "bare_cr"),
]
MESSAGES_NORMALIZED = [good("a\\nb\\rc\\r", wire="a\\r\\nb\\r\\nc\\r\\n.\\r\\n"), good(".\\n.\\r.", wire="..\\r\\n..\\r\\n..\\r\\n.\\r\\n")]

NOTHING = {"wire": ABSENT}
WRITES = [
    good("MAIL\t<a@b>", wire="MAIL FROM:<a@b>\\r\\n"), good("mail\t<>\tSIZE=1\tBODY=7BIT", wire="MAIL FROM:<> SIZE=1 BODY=7BIT\\r\\n"),
    good("MAIL\\t<a@b>\\tSIZE=1", wire="MAIL FROM:<a@b> SIZE=1\\r\\n"),
    good("MAIL\t<j\u00f6rg@b>\tSMTPUTF8", wire="MAIL FROM:<j\u00f6rg@b> SMTPUTF8\\r\\n"),
    good("SOML\t<a@b>", wire="SOML FROM:<a@b>\\r\\n"),
    good("RCPT\t<a@b>", wire="RCPT TO:<a@b>\\r\\n"), good("RCPT\t<Postmaster>\tX=1", wire="RCPT TO:<Postmaster> X=1\\r\\n"),
    good("EHLO\tme.example", wire="EHLO me.example\\r\\n"), good("HELO\t[192.0.2.1]", wire="HELO [192.0.2.1]\\r\\n"),
    good("VRFY\tsmith", wire="VRFY smith\\r\\n"), good("NOOP", wire="NOOP\\r\\n"), good("HELP\ta b", wire="HELP a b\\r\\n"),
    good("DATA", wire="DATA\\r\\n"), good("QUIT", wire="QUIT\\r\\n"), good("RSET", wire="RSET\\r\\n"),
    good("REPLY\t250\t2.1.0\tok", wire="250 2.1.0 ok\\r\\n"), good("REPLY\t354\t\tgo", wire="354 go\\r\\n"),
    bad("MAIL\t<a@b>\\r\\nRCPT TO:<c@d>", "unsafe_octet", blame="misuse", **NOTHING), bad("MAIL\t<a@b>\tX=\\0", "unsafe_octet", **NOTHING),
    bad("MAIL\t<a@b> SIZE=1", "unexpected_argument", **NOTHING), bad("MAIL\ta@b", "expected_path", **NOTHING), bad("MAIL", "expected_path"),
    bad("MAIL\t<j\u00f6rg@b>", "non_ascii", **NOTHING), bad("MAIL\t<a@b>\tSIZE=x", "bad_parameter_value", **NOTHING),
    bad("RCPT\t<>", "null_path", **NOTHING), bad("RCPT\t<a@b>\tX=\\n", "unsafe_octet"), bad("EHLO\ta b", "bad_domain"), bad("EHLO", "missing_argument"),
    bad("VRFY", "missing_argument"), bad("VRFY\ta\\r\\nQUIT", "unsafe_octet", **NOTHING), bad("NOOP\ta ", "bad_value"),
    bad("DATA\tx", "unexpected_argument", **NOTHING), bad("FOO\tx", "unknown_verb", **NOTHING), bad("", "unknown_verb"),
    bad("REPLY\t999\t\tx", "bad_value"), bad("REPLY\tx\t\tx", "bad_value"), bad("REPLY\t250\t5.1.0\tx", "bad_status"),
    bad("REPLY\t250\t2.x\tx", "bad_status"), bad("REPLY\t354\t2.0.0\tx", "bad_status"), bad("REPLY\t250\t\ta\\nb", "unsafe_octet", **NOTHING),
]

ITEMS = [
    (["command"], COMMANDS), (["--lenient", "command"], LENIENT),
    (["--lenient=loose_dots,trailing_dot", "command"], ONE_RULE), (["--smtputf8", "command"], UTF8),
    (["path"], PATHS), (["--lenient", "path"], [good("a@b", path="<a@b>", tolerated=["missing_brackets"])]),
    (["mailbox"], MAILBOXES), (["--lenient", "mailbox"], [good("joe", host=ABSENT, kind=ABSENT, tolerated=["missing_domain"])]),
    (["reply"], REPLIES),
    (["--lenient", "reply"], [("250-a\\r\\n251 b\\r\\n", {"replies": [{"code": 251, "lines": ["a", "b"], "tolerated": ["mixed_reply_codes"]}]})]),
    (["ehlo"], ANSWERS), (["content"], CONTENTS), (["--bare=normalize", "content"], NORMALIZED), (["--bare=pass", "content"], PASSED),
    (["encode"], MESSAGES), (["--bare=normalize", "encode"], MESSAGES_NORMALIZED), (["write"], WRITES),
]


def marked(item, expected):
    """Items that are no good() or bad() may hold the mark as well."""
    if "¦" in item:
        before, after = item.split("¦")
        return before + after, {**expected, "at": len(unescape(before))}
    return item, expected


def caret_column(text):
    """The column of the caret in what is shown for one item, and the line above it."""
    above = ""
    for line in text.splitlines():
        if line.lstrip(" ").startswith("^ "):
            return len(line) - len(line.lstrip(" ")), above
        above = line
    return None, above


def test_items():
    count = 0
    for arguments, cases in ITEMS:
        cases = [marked(*case) for case in cases]
        answers = objects(arguments, "".join(item + "\n" for item, _ in cases).encode())
        check(len(answers) == len(cases), f"{arguments}: {len(answers)} answers to {len(cases)} items")
        for (item, expected), answer in zip(cases, answers):
            count += 1
            what = f"{' '.join(arguments)}: {item[:80]}"
            same(expected, answer, what)
            failed = answer.get("ok") is False
            check(not failed or "error" in answer and answer.get("blame") in ("malformed", "limit", "sequence", "misuse"), f"{what}: {answer}")
            if failed and arguments[-1] in ("command", "path", "mailbox"):
                check(re.match(r"[45]\d\d [45]\.\d+\.\d+ \S", answer.get("reply", "")), f"{what}: no good reply: {answer}")
            test_caret(arguments, item, answer, what)
    check(count >= 120, f"only {count} items")
    return count


def test_caret(arguments, item, answer, what):
    if arguments[-1] == "write":
        return
    code, out, _ = run(arguments, item.encode() + b"\n")
    text = out.decode()
    column, above = caret_column(text)
    check(code == 0 and text.endswith("\n\n") and "\x1b" not in text, f"{what}: for people: {text!r}")
    if "error" not in answer:
        check(arguments[0].startswith("--bare") or column is None, f"{what}: a caret without an error:\n{text}")
        return
    octets = unescape(item)
    width = columns(shown(octets))
    check(column is not None, f"{what}: no caret:\n{text}")
    if width <= 98 and column is not None:
        check(above == shown(octets), f"{what}: shown as {above!r}, not {shown(octets)!r}")
        check(column == columns(shown(octets[:answer["at"]])), f"{what}: caret in column {column}, at {answer['at']}:\n{text}")
    else:
        check(columns(above) <= 100 and "\u2026" in above, f"{what}: not cut off:\n{text}")
    check(answer["error"] in text or answer["error"] == "need_more", f"{what}: error without its name:\n{text}")
    check("reply" not in answer or answer["reply"] in text, f"{what}: the reply is not shown:\n{text}")


def test_cut_carets():
    """In a line that is cut off on the left the caret must still point at the octet at fault."""
    for n in (90, 100, 150, 700):
        _, out, _ = run(["command"], b"NOOP " + b"x" * n + b"\\0" + b"y" * 300 + b"\n")
        column, above = caret_column(out.decode())
        check(column is not None and above[column:column + 2] == "\\0", f"cut caret after {n}: {out.decode()}")


def crlf(text):
    return text.replace("\n", "\r\n").encode()


def transcript(name):
    with open(os.path.join(HERE, "transcripts", name), "rb") as f:
        return f.read()


def matches(arguments, octets, expected):
    got = objects(arguments, octets)
    what = f"{' '.join(arguments)}: {octets[:60]!r}"
    check(len(got) == len(expected), f"{what}: {len(got)} events, not {len(expected)}:\n  " + "\n  ".join(map(str, got)))
    for want, event in zip(expected, got):
        same(want, event, what)


def command(verb, reply, **more):
    return {"event": "command", "verb": verb, "reply": reply, **more}


def refused(error, at, reply, **more):
    return {"event": "refused", "error": error, "at": at, "reply": reply, **more}


def end(state, messages, fatal=False, **more):
    return {"event": "end", "state": state, "messages": messages, "fatal": fatal, **more}


def test_sessions():
    ok_rcpt = command("RCPT", "250 2.1.5 Recipient OK", tolerated=ABSENT)
    sender_ok = command("MAIL", "250 2.1.0 Sender OK", tolerated=ABSENT)
    go = command("DATA", "354 Start mail input; end with <CRLF>.<CRLF>")
    bye = command("QUIT", "221 2.0.0 Closing the channel")
    accepted = "250 2.6.0 Message accepted"
    hello = command("EHLO", "250-server.example\r\n250-SIZE 67108864\r\n250-8BITMIME\r\n250-PIPELINING\r\n"
                            "250-ENHANCEDSTATUSCODES\r\n250-SMTPUTF8\r\n250-HELP\r\n250-VRFY\r\n250 EXPN")
    helo = command("HELO", "250 server.example")
    matches(["session"], transcript("mit.txt"), [
        helo, sender_ok, ok_rcpt, ok_rcpt, ok_rcpt, go,
        {"event": "message", "octets": 123, "recipients": 3, "reply": accepted, "error": ABSENT}, bye, end("closed", 1, unread=ABSENT)])
    matches(["session"], transcript("telnet.txt"), [
        helo, refused("expected_path", 10, "501 5.1.7 *", verb="MAIL", blame="malformed"),
        refused("bad_sequence", 0, "503 5.5.1 *", verb="RCPT", blame="sequence"), refused("bad_sequence", 0, "503 5.5.1 *"),
        refused("bad_sequence", 0, "503 5.5.1 *", verb="DATA"), refused("unknown_verb", 0, "500 5.5.2 *", verb=ABSENT),
        refused("unknown_verb", 0, "500 5.5.2 *"), bye, end("closed", 0)])
    matches(["--lenient", "session"], transcript("telnet.txt"), [
        helo, command("MAIL", "250 2.1.0 Sender OK", tolerated=["space_after_colon"]),
        command("RCPT", "250 2.1.5 Recipient OK", tolerated=["space_after_colon", "missing_brackets"]),
        command("RCPT", "250 2.1.5 Recipient OK", tolerated=["space_after_colon", "missing_domain"]), go,
        {"event": "message", "octets": 16, "recipients": 2, "reply": accepted}, bye, end("closed", 1)])
    matches(["--lenient=space_after_colon", "session"], transcript("telnet.txt")[:70], [  # cut off in its third line
        helo, command("MAIL", "250 2.1.0 Sender OK", tolerated=["space_after_colon"]), end("mail", 0, unread=18)])
    matches(["session"], transcript("mistakes.txt"), [
        hello, sender_ok, ok_rcpt, refused("bad_domain", 22, "501 5.1.3 *"), refused("expected_path", 8, "501 5.1.3 *"),
        refused("bad_quoted_string", 31, "501 5.1.3 *"), refused("bad_address_literal", 26, "501 5.1.3 *"),
        refused("unknown_parameter", 31, "555 5.5.4 *", verb="RCPT"), refused("non_ascii", 10, "553 5.6.7 *"),
        refused("bad_sequence", 0, "503 5.5.1 *", verb="MAIL"), refused("unknown_verb", 0, "500 5.5.2 *"), go,
        {"event": "message", "octets": 65, "recipients": 1, "reply": accepted}, refused("bad_sequence", 0, "503 5.5.1 *"),
        refused("unexpected_argument", 5, "501 5.5.4 *", verb="RSET"), command("RSET", "250 2.0.0 OK"), sender_ok, ok_rcpt, go,
        {"event": "message", "octets": 60, "recipients": 1, "error": "bare_lf", "reply": "554 5.6.0 *"},
        refused("message_too_large", 31, "552 5.3.4 *", blame="limit"), command("VRFY", "252 2.1.5 *"),
        refused("not_implemented", 0, "502 5.5.1 *", verb="TURN"), bye, end("closed", 1, unread=6)])
    envelope = "EHLO a\nMAIL FROM:<b@c>\nRCPT TO:<d@e>\nDATA\n"
    opened = [hello, sender_ok, ok_rcpt, go]
    matches(["session"], b"", [end("greeted", 0)])
    matches(["session"], b"NOOP", [end("greeted", 0, unread=4)])
    matches(["session"], crlf(envelope), opened + [end("data", 0)])
    matches(["session"], crlf(envelope + "x\n."), opened + [end("data", 0, unread=1)])
    matches(["session"], crlf(envelope + ".\n"), opened + [{"event": "message", "octets": 0, "recipients": 1, "reply": accepted}, end("ready", 1)])
    matches(["session"], crlf(envelope + "a\n") + b".\nb\r\n.\r\nQUIT\r\n",
            opened + [{"event": "message", "error": "bare_lf", "recipients": 1, "octets": 7}, bye, end("closed", 0)])
    for octets in (b".\n.\r\n", b"\n.\n", b".\rQUIT\r\n", b"\r.\r\n", b"\n.\r\n"):  # no leniency ends a message
        for options in ([], ["--lenient"]):
            matches([*options, "session"], crlf(envelope + "a\n") + octets, opened + [end("data", 0)])
    matches(["--lenient=bare_lf_line", "session"], b"EHLO a\nNOOP\nQUIT\n", [hello, command("NOOP", "250 2.0.0 OK"), bye, end("closed", 0)])
    matches(["session"], b"EHLO a\nNOOP\r\nQUIT\r\n", [refused("bare_lf", 6, "500 5.5.2 *"), bye, end("closed", 0)])
    matches(["session"], b"GET / HTTP/1.1\r\nHost: a\r\n", [refused("http_request", 0, "421 4.7.0 *"), end("closed", 0, True, unread=9)])
    matches(["session"], b"FOO\r\n" * 60, [refused("unknown_verb", 0, "500 5.5.2 *")] * 49 +
            [refused("too_many_errors", 0, "421 4.7.0 *"), end("closed", 0, True, unread=50)])
    matches(["session"], b"NOOP " + b"x" * 3000 + b"\r\nQUIT\r\n", [refused("line_too_long", 2048, "500 5.5.2 *"), bye, end("closed", 0)])
    matches(["session"], crlf("EHLO a\nMAIL FROM:<\u00f6@b> SMTPUTF8\nRCPT TO:<\u00fc@b>\nEXPN x\nSEND FROM:<a@b>\nRSET\nSOML FROM:<a@b>\n"),
            [hello, sender_ok, ok_rcpt, command("EXPN", "252 2.1.5 *"), refused("bad_sequence", 0, "503 5.5.1 *", verb="SEND"),
             command("RSET", "250 2.0.0 OK"), command("SOML", "250 2.1.0 Sender OK"), end("mail", 0)])


def test_clients():
    def send(wire):
        return {"event": "send", "wire": wire}

    def reply(to, code, **more):
        return {"event": "reply", "to": to, "code": code, **more}

    def last(delivered, state, fatal=False, **more):
        return {"event": "end", "delivered": delivered, "state": state, "fatal": fatal, **more}

    hello, helo, mail = send("EHLO client.example\\r\\n"), send("HELO client.example\\r\\n"), send("MAIL FROM:<ann@client.example>\\r\\n")
    rcpt, data, quit = send("RCPT TO:<bob@server.example>\\r\\n"), send("DATA\\r\\n"), send("QUIT\\r\\n")
    letter = send("From: Ann <ann@client.example>\\r\\nTo: Bob <bob@server.example>\\r\\nSubject: A line with a dot\\r\\n\\r\\n"
                  "Dear Bob, the next line begins with a dot.\\r\\n..profile is a file of mine.\\r\\n.\\r\\n")
    greeting = reply("greeting", 220, lines=["mx"])
    bye = [reply("end of content", 250, enhanced="2.0.0"), quit, reply("QUIT", 221), last(True, "closed", unread=ABSENT)]
    tail = "250 2.0.0 queued\n221 bye\n"

    matches(["client"], crlf("220 mx\n250 mx\n250 ok\n250 ok\n354 go\n" + tail),
            [greeting, hello, reply("EHLO", 250), mail, reply("MAIL", 250), rcpt, reply("RCPT", 250), data, reply("DATA", 354), letter, *bye])
    for options in (["--pipeline"], ["--pipeline", "--tls=may"]):
        matches([*options, "client"], crlf("220 mx\n250-mx\n250-SIZE 1000\n250 PIPELINING\n250 ok\n250 ok\n354 go\n" + tail),
                [greeting, hello, reply("EHLO", 250, lines=["mx", "SIZE 1000", "PIPELINING"]),
                 send("MAIL FROM:<ann@client.example> SIZE=165\\r\\nRCPT TO:<bob@server.example>\\r\\nDATA\\r\\n"),
                 reply("MAIL", 250), reply("RCPT", 250), reply("DATA", 354), letter, *bye])
    matches(["--pipeline", "client"], crlf("220 mx\n250 mx\n"), [greeting, hello, reply("EHLO", 250), mail, last(False, "ready", awaits="MAIL")])
    matches(["client"], crlf("220 mx\n502 what\n250 mx\n250 ok\n550 5.1.1 no\n221 bye\n"),
            [greeting, hello, reply("EHLO", 502), helo, reply("HELO", 250), mail, reply("MAIL", 250), rcpt,
             reply("RCPT", 550, enhanced="5.1.1", lines=["5.1.1 no"]), quit, reply("QUIT", 221), last(False, "closed")])
    matches(["client"], crlf("220 mx\n421 busy\n"), [greeting, hello, reply("EHLO", 421), last(False, "closed")])
    matches(["client"], crlf("220 mx\n450 busy\n221 bye\n"), [greeting, hello, reply("EHLO", 450), quit, reply("QUIT", 221), last(False, "closed")])
    matches(["client"], crlf("220 mx\n500 a\n500 b\n221 bye\n"),
            [greeting, hello, reply("EHLO", 500), helo, reply("HELO", 500), quit, reply("QUIT", 221), last(False, "closed")])
    matches(["client"], crlf("554 go away\n221 bye\n"), [reply("greeting", 554), quit, reply("QUIT", 221), last(False, "closed")])
    matches(["--pipeline", "client"], crlf("220 mx\n250-mx\n250 PIPELINING\n250 ok\n550 no\n354 go\n554 nobody\n221 bye\n"),
            [greeting, hello, reply("EHLO", 250), send("MAIL FROM:<ann@client.example>\\r\\nRCPT TO:<bob@server.example>\\r\\nDATA\\r\\n"),
             reply("MAIL", 250), reply("RCPT", 550), reply("DATA", 354), send(".\\r\\n"), reply("end of content", 554),
             quit, reply("QUIT", 221), last(False, "closed")])
    matches(["client"], crlf("220 mx\n250 mx\n250 ok\n250 ok\n354 go\n451 later\n221 bye\n"),
            [greeting, hello, reply("EHLO", 250), mail, reply("MAIL", 250), rcpt, reply("RCPT", 250), data, reply("DATA", 354), letter,
             reply("end of content", 451), quit, reply("QUIT", 221), last(False, "closed")])
    matches(["client"], crlf("220 mx\n250 mx\n2x0 ok\n"), [greeting, hello, reply("EHLO", 250), mail, last(False, "ready", True, error="bad_reply_code", at=17)])
    matches(["client"], crlf("220 mx\n250 mx\n354 hm\n"), [greeting, hello, reply("EHLO", 250), mail, last(False, "ready", True, error="bad_reply_class")])
    matches(["client"], crlf("220 mx\n250-a\n251 b\n"), [greeting, hello, last(False, "greeted", True, error="mixed_reply_codes")])
    matches(["--lenient", "client"], crlf("220 mx\n250-a\n250 b\n"), [greeting, hello, reply("EHLO", 250), mail, last(False, "ready", awaits="MAIL")])
    matches(["client"], crlf("220 mx\n250-mx\n250 SIZE 10\n221 bye\n"),
            [greeting, hello, reply("EHLO", 250), {"event": "error", "error": "message_too_large"}, quit, reply("QUIT", 221), last(False, "closed")])
    matches(["client"], b"", [last(False, "connected", awaits="greeting")])
    matches(["client"], b"HTTP/1.1 400 Bad Request\r\n", [last(False, "connected", True, error="bad_reply_code", at=0)])


def test_table():
    code, out, _ = run(["table", "--json"])
    rows = [json.loads(line) for line in out.decode().splitlines()]
    check(code == 0 and len(rows) >= 40, f"table --json: {len(rows)} rows")
    cells = {(r["state"], r["event"]): (r["accepted"], r["refused"]) for r in rows}
    check(len(cells) == len(rows), "table: two rows for one cell")
    for cell, then in {("ready", "MAIL"): ("mail", "ready"), ("rcpt", "DATA"): ("data", "rcpt"), ("mail", "RSET"): ("ready", "mail"),
                       ("data", "end of content"): ("ready", "ready"), ("connected", "greeting"): ("greeted", "refused")}.items():
        check(cells.get(cell) == then, f"table: {cell} leads to {cells.get(cell)}, not {then}")
    check(("greeted", "MAIL") not in cells and ("mail", "DATA") not in cells, "table: cells that must be absent")
    _, out, _ = run(["table"])
    lines = out.decode().splitlines()
    check(lines[0].split() == ["connected", "greeted", "ready", "mail", "rcpt", "data", "refused"], f"table: {lines[0]}")
    check(max(map(len, lines)) <= 100 and re.search(r"^DATA +\. +\. +\. +\. +data", out.decode(), re.M), "table: text")
    _, dot, _ = run(["table", "--dot"])
    check(dot.startswith(b"digraph") and dot.rstrip().endswith(b"}") and b'ready -> mail [label="MAIL"];' in dot, "table --dot")
    _, mermaid, _ = run(["table", "--mermaid"])
    check(mermaid.startswith(b"stateDiagram-v2\n") and b"    rcpt --> data: DATA\n" in mermaid, "table --mermaid")


def test_usage():
    for arguments, word in [([], "mode"), (["frobnicate"], "frobnicate"), (["--frobnicate", "command"], "--frobnicate"),
                            (["command", "a", "b"], "too many"), (["command", "/no/such/file"], "/no/such/file"),
                            (["--chunk=0", "reply"], "--chunk"), (["--chunk", "reply"], "--chunk"), (["--chunk=x", "reply"], "--chunk"),
                            (["--chunk=99999999999999999999", "reply"], "--chunk"),
                            (["--lenient=typo", "command"], "space_after_colon"), (["--lenient=loose_dots,", "command"], "loose_dots"),
                            (["--lenient=", "command"], "loose_dots"), (["--json=1", "command"], "--json"), (["--lmtp", "session"], "LMTP"),
                            (["--tls=must", "client"], "STARTTLS"), (["--tls=no", "client"], "--tls"), (["--auth", "client"], "AUTH"),
                            (["--auth=ann:secret", "client"], "AUTH"), (["--pipeline", "session"], "client"), (["--dot", "command"], "table"),
                            (["--dot", "--json", "table"], "--dot"), (["--bare=keep", "content"], "--bare"), (["--bare=pass", "session"], "--bare"),
                            (["--lenient=loose_dots,bare_lf_line", "session"], "rule"), (["table", "file"], "too many")]:
        code, out, err = run(arguments)
        check(code == 2 and out == b"" and word.encode() in err and b"--help" in err, f"{arguments}: {code} {out!r} {err!r}")
    for arguments in (["--help"], ["-h"], ["command", "--help"]):
        code, out, err = run(arguments)
        text = out.decode()
        check(code == 0 and err == b"" and text.startswith("usage: explain") and len(text.splitlines()) <= 60, f"{arguments}: {text}")
        check(all(mode in text for mode in "command path mailbox reply ehlo content encode write session client table".split()), "--help: modes")
        check(len(re.findall(r"^  .*\| explain", text, re.M)) == 3 and max(map(len, text.splitlines())) <= 100, "--help: three examples")
    code, out, _ = run(["--version"])
    check(code == 0 and re.match(rb"explain \(ehlo \d+\.\d+\.\d+\)\n$", out), f"--version: {out!r}")
    mit = os.path.join(HERE, "transcripts", "mit.txt")
    check(run(["--json", "session", mit])[1] == run(["session", "-", "--json"], transcript("mit.txt"))[1], "FILE and - must agree")
    check(run(["--json", "command"], b"NOOP\r\nQUIT")[1].count(b'"ok":true') == 2, "items may end with CRLF; the last one with nothing")
    check(run(["--json", "command"], b"") == (0, b"", b""), "no items, no objects")


def test_people():
    text = run(["session"], transcript("mit.txt"))[1].decode()
    for line in ("  S: 220 server.example ESMTP ready", "  C: HELO usc.edu", "  C:   Subject: Blah", "  C:   ..etc. etc. etc.", "  C: .",
                 "  S: 250 2.6.0 Message accepted", "  end: state closed, 1 message accepted"):
        check(line in text.splitlines(), f"session for people lacks {line!r}:\n{text}")
    lines = run(["session"], transcript("mistakes.txt"))[1].decode().splitlines()
    i = lines.index("  C: RCPT TO:<carol@server..example>")
    check(lines[i + 1].index("^") == 5 + 22 and lines[i + 2].startswith("  S: 501 5.1.3 "), f"session caret: {lines[i:i + 3]}")
    check(run(["session"], transcript("mistakes.txt"))[1] == run(["--chunk=3", "session"], transcript("mistakes.txt"))[1], "session: chunk for people")
    text = run(["client"], crlf("220 mx\n250-mx\n25x ok\n"))[1].decode()
    check("  S: 25x ok\n       ^ a reply code should stand here" in text, f"client for people:\n{text}")
    text = run(["command"], b"MAIL FROM: <ann@example.org>\n")[1].decode()
    check("--lenient=space_after_colon would read it" in text, f"no hint:\n{text}")
    text = run(["command"], b"MAIL FROM:<ann@example.org> SIZE=10\n")[1].decode()
    check(text == "MAIL FROM:<ann@example.org> SIZE=10\n  verb        MAIL\n  path        <ann@example.org>\n  local       ann\n"
                  "  host        example.org\n  parameters  SIZE=10\n\n", f"aligned fields:\n{text}")


def test_colours():
    try:
        import pty
        master, slave = pty.openpty()
    except (ImportError, OSError):
        return
    for environment, coloured in ((ENVIRONMENT, True), ({**ENVIRONMENT, "NO_COLOR": "1"}, False)):
        subprocess.run([EXPLAIN, "command"], input=b"HELLO\n", stdout=slave, env=environment, timeout=20)
        out = os.read(master, 4096)
        check((b"\x1b[" in out) == coloured and b"unknown_verb" in out, f"colours, NO_COLOR={not coloured}: {out!r}")
    os.close(slave)
    os.close(master)


def main():
    count = test_items()
    for test in (test_cut_carets, test_sessions, test_clients, test_table, test_usage, test_people, test_colours):
        try:
            test()
        except Exception as e:  # a test that stumbles has failed; the others go on
            check(False, f"{test.__name__}: {e!r}")
    for fault in faults[:40]:
        print("FAILED", fault)
    print(f"explain_test: {count} items, {checks} checks, {len(faults)} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
