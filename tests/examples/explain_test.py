#!/usr/bin/env python3
"""Contract tests of explain: explain_test.py PATH_TO_EXPLAIN
"""
import base64
import json
import os
import re
import subprocess
import sys
import time
import unicodedata

import explaining
from explaining import ABSENT, CHUNKS, ENVIRONMENT, check, few, marked, objects, run, same, unescape

EXPLAIN = explaining.program = sys.argv[1] if len(sys.argv) == 2 else sys.exit(__doc__)
HERE = os.path.dirname(os.path.abspath(__file__))


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
    item, expected = marked(item, {"ok": False, "error": error, **expected})
    if reply is not None:
        expected["reply"] = reply
    return item, expected


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
    good("RCPT TO:<a@b> NOTIFY=NEVER", parameters={"NOTIFY": ["NEVER"]}),
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

def b64(text):
    return base64.b64encode(text.encode()).decode()


X255, CERTIFIER = "x" * 255, "A" * 27
SCRAM = "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"

VERBS = [
    good("LHLO client.example", verb="LHLO", domain="client.example"), good("lhlo [192.0.2.1]", verb="LHLO", literal=True),
    bad("LHLO¦", "missing_argument", "501 5.5.4 *", verb="LHLO"), bad("LHLO a¦_b", "bad_domain"),
    good("starttls\\r\\n", verb="STARTTLS", argument=ABSENT), bad("STARTTLS ¦now", "unexpected_argument", "501 5.5.4 *"),
    good("AUTH PLAIN", verb="AUTH", mechanism="PLAIN", initial=ABSENT, decoded=ABSENT),
    good("auth plain AHQAcA==", mechanism="PLAIN", initial="AHQAcA==", decoded={"initial": "\0t\0p"}),
    good("AUTH EXTERNAL =", mechanism="EXTERNAL", initial="=", decoded=ABSENT),
    good(f"AUTH SCRAM-SHA-256 {b64(SCRAM)}", initial=b64(SCRAM), decoded={"initial": SCRAM}),
    good("AUTH X_FOO-1", mechanism="X_FOO-1"), good("AUTH " + "A" * 20, mechanism="A" * 20),
    bad("AUTH¦", "missing_argument", "501 5.5.4 *", verb="AUTH"), bad("AUTH PLA¦.IN", "bad_mechanism", "501 5.5.4 *"),
    bad("AUTH " + "A" * 20 + "¦A", "bad_mechanism"), bad("AUTH ¦=", "bad_mechanism"), bad("AUTH PLAIN ¦==", "bad_base64", "501 5.5.2 *"),
    bad("AUTH PLAIN AHQAcA=¦", "bad_base64"), bad("AUTH PLAIN AHQA¦ cA==", "bad_base64"), bad("AUTH PLAIN AHQAcB¦==", "bad_base64", at=16),
    bad("AUTH CRAM-MD5 ¦AAAA", "unexpected_initial_response", "501 5.7.0 *"),
    good("BDAT 0", verb="BDAT", size=0, last=False), good("bdat 1000 last", size=1000, last=True),
    good("BDAT 18446744073709551615 LAST", size=18446744073709551615),
    bad("BDAT¦", "missing_argument", "501 5.5.4 *"), bad("BDAT ¦-1", "bad_number", "501 5.5.4 *"), bad("BDAT 1¦x", "bad_number"),
    bad("BDAT ¦LAST", "bad_number"), bad("BDAT 5 LA¦TE", "unexpected_argument"),
    bad("BDAT 1844674407370955161¦6", "number_too_large", "501 5.5.4 *", blame="limit"),
    good("BURL imap://x/y", verb="BURL", argument="imap://x/y", last=False), good("burl imap://x/y last", argument="imap://x/y", last=True),
    bad("BURL¦", "missing_argument"), bad("BURL ¦//x", "bad_url", "501 5.5.4 *"), bad("BURL imap¦", "bad_url"), bad("BURL imap:¦", "bad_url"),
    bad("BURL imap://x ¦y", "unexpected_argument"), bad("BURL imap://x¦\\x07", "bad_url"),
    good("ETRN a.example", verb="ETRN", argument="a.example", option=ABSENT), good("ETRN @a.example", argument="a.example", option="@"),
    good("ETRN #queue:1", argument="queue:1", option="#"),
    bad("ETRN¦", "missing_argument"), bad("ETRN @¦", "missing_argument"), bad("ETRN a¦ b", "unexpected_argument"),
    good("ATRN", verb="ATRN", argument=ABSENT, domains=ABSENT),
    good("ATRN a.example,b.example", argument="a.example,b.example", domains=["a.example", "b.example"]),
    bad("ATRN a.example,¦", "bad_domain", "501 5.5.4 *"), bad("ATRN localhost¦", "bad_domain"), bad("ATRN a.example,b¦_c.example", "bad_domain"),
    good("XCLIENT NAME=spike.example ADDR=192.0.2.1 PORT=25", verb="XCLIENT", decoded=ABSENT,
         parameters={"NAME": "spike.example", "ADDR": "192.0.2.1", "PORT": "25"}),
    good("xclient name=a+20b addr=[unavailable]", parameters={"NAME": "a+20b", "ADDR": "[unavailable]"}, decoded={"NAME": "a b"}),
    good(f"XCLIENT LOGIN={X255}", parameters={"LOGIN": X255}),
    bad("XCLIENT¦", "missing_argument"), bad("XCLIENT ¦IDENT=x", "unknown_attribute", "501 5.5.4 *"), bad("XCLIENT NAME=a ¦FOO=b", "unknown_attribute"), bad("XCLIENT NAME¦", "bad_parameter"),
    bad("XCLIENT NAME=¦", "bad_parameter"), bad("XCLIENT NAME=a ¦name=b", "duplicate_parameter"), bad("XCLIENT NAME=a+¦zz", "bad_parameter_value"),
    bad(f"XCLIENT LOGIN={X255}¦x", "bad_parameter_value"),
    good("XFORWARD IDENT=1A SOURCE=REMOTE", verb="XFORWARD", parameters={"IDENT": "1A", "SOURCE": "REMOTE"}),
    bad("XFORWARD ¦LOGIN=x", "unknown_attribute"), bad("XFORWARD HELO=a ¦=b", "bad_parameter"),
    good("VERB", verb="VERB", argument=ABSENT), good("verb on", verb="VERB", argument="on"), bad("VERB ¦\u00e9", "non_ascii"),
    good("ONEX", verb="ONEX"), bad("ONEX ¦x", "unexpected_argument"), bad("TURN ¦x", "unexpected_argument"),
    bad("SEND ¦TO:<a@b>", "expected_from"), bad("SOML FROM:¦a@b", "expected_path", "501 5.1.7 *"), bad("SAML FROM:<a¦>", "missing_domain"),
    bad("NOOP ¦\u00e9", "non_ascii"), bad("HELP a¦\\0", "nul_octet"), bad("EXPN¦", "missing_argument", verb="EXPN"),
    bad("HELO ¦ usc.edu", "bad_domain"),
]

MAIL, RCPT = "MAIL FROM:<a@b> ", "RCPT TO:<a@b> "
PARAMETERS = [
    good(MAIL + "SIZE=00000000000000000001", parameters={"SIZE": 1}), bad(MAIL + "SIZE=00000000000000000000¦1", "bad_parameter_value"),
    good(MAIL + "body=binarymime", parameters={"BODY": "BINARYMIME"}),
    good(MAIL + "ret=full", parameters={"RET": "FULL"}, decoded=ABSENT), good(MAIL + "RET=HDRS", parameters={"RET": "HDRS"}),
    bad(MAIL + "RET=¦NONE", "bad_parameter_value"), bad(MAIL + "RET¦", "bad_parameter_value"),
    good(MAIL + "ENVID=QQ314159", parameters={"ENVID": "QQ314159"}, decoded=ABSENT),
    good(MAIL + "ENVID=QQ+20314+2B", parameters={"ENVID": "QQ+20314+2B"}, decoded={"ENVID": "QQ 314+"}),
    bad(MAIL + "ENVID=a+¦zz", "bad_xtext", "501 5.5.4 *"), bad(MAIL + "ENVID=a+¦0A", "bad_xtext"),
    bad(MAIL + "ENVID=" + "x" * 100 + "¦x", "parameter_too_long", "501 5.5.4 *", blame="limit"),
    good(MAIL + "AUTH=<>", parameters={"AUTH": "<>"}, decoded=ABSENT),
    good(MAIL + "AUTH=a+2Bb@c", parameters={"AUTH": "a+2Bb@c"}, decoded={"AUTH": "a+b@c"}), bad(MAIL + "AUTH=a¦", "bad_parameter_value"),
    good(MAIL + "BY=+120;rt", parameters={"BY": "+120;rt"}), good(MAIL + "BY=-1;N", parameters={"BY": "-1;N"}),
    bad(MAIL + "BY=¦;N", "bad_parameter_value"), bad(MAIL + "BY=1¦", "bad_parameter_value"), bad(MAIL + "BY=0;¦R", "bad_parameter_value"),
    bad(MAIL + "BY=1;NT¦x", "bad_parameter_value"),
    good(MAIL + "HOLDFOR=3600", parameters={"HOLDFOR": 3600}), bad(MAIL + "HOLDFOR=¦0", "bad_parameter_value"),
    good(MAIL + "HOLDUNTIL=2026-01-01T00:00:00Z", parameters={"HOLDUNTIL": "2026-01-01T00:00:00Z"}),
    bad(MAIL + "HOLDUNTIL=2026-02-¦30T00:00:00Z", "bad_date_time", "501 5.5.4 *"),
    bad(MAIL + "HOLDFOR=1 ¦HOLDUNTIL=2026-01-01T00:00:00Z", "conflicting_parameters", "501 5.5.4 *"),
    bad(MAIL + "HOLDFOR=100 ¦BY=10;N", "conflicting_parameters"),
    good(MAIL + "MT-PRIORITY=-9", parameters={"MT-PRIORITY": -9}), good(MAIL + "MT-PRIORITY=0", parameters={"MT-PRIORITY": 0}),
    bad(MAIL + "MT-PRIORITY=1¦0", "bad_parameter_value"), bad(MAIL + "MT-PRIORITY=-¦0", "bad_parameter_value"),
    good(MAIL + f"ENVID=1@x MTRK={CERTIFIER}:60", parameters={"ENVID": "1@x", "MTRK": CERTIFIER + ":60"}),
    bad(MAIL + f"MTRK={CERTIFIER}¦", "conflicting_parameters"), bad(MAIL + "ENVID=1@x MTRK=AAA¦", "bad_parameter_value"),
    good(MAIL + "SOLICIT=org.example:adv,b", parameters={"SOLICIT": ["org.example:adv", "b"]}), bad(MAIL + "SOLICIT=a,¦1", "bad_parameter_value"),
    good(MAIL + "SUBMITTER=a+2Bb@c", decoded={"SUBMITTER": "a+b@c"}), bad(MAIL + "SUBMITTER=¦@b", "bad_parameter_value"),
    good(MAIL + "REQUIRETLS conperm", parameters={"REQUIRETLS": True, "CONPERM": True}),
    good(MAIL + "PRDR", parameters={"PRDR": True}), bad(MAIL + "PRDR¦=1", "bad_parameter_value"),
    bad(MAIL + "REQUIRETLS¦=1", "bad_parameter_value"), bad(MAIL + "CONPERM¦=1", "bad_parameter_value"),
    good(MAIL + "TRANSID=<1.a@b>", parameters={"TRANSID": "<1.a@b>"}), bad(MAIL + "TRANSID=<a¦>", "bad_parameter_value"),
    good(MAIL + "ALT-ADDRESS=a@b", parameters={"ALT-ADDRESS": "a@b"}), good(RCPT + "ALT-ADDRESS=a+2Bb@c", decoded={"ALT-ADDRESS": "a+b@c"}),
    bad(RCPT + "ALT-ADDRESS=a¦", "bad_parameter_value"),
    good(RCPT + "NOTIFY=delay,SUCCESS", parameters={"NOTIFY": ["SUCCESS", "DELAY"]}),
    bad(RCPT + "NOTIFY=NEVER¦,DELAY", "bad_parameter_value"), bad(RCPT + "NOTIFY=SUCCESS,¦NEVER", "bad_parameter_value"),
    bad(RCPT + "NOTIFY=NEVER ¦notify=DELAY", "duplicate_parameter"),
    good(RCPT + "ORCPT=rfc822;Bob+2B1@x", parameters={"ORCPT": "rfc822;Bob+2B1@x"}, decoded={"ORCPT": "rfc822;Bob+1@x"}),
    good(RCPT + "ORCPT=rfc822;bob@x", parameters={"ORCPT": "rfc822;bob@x"}, decoded=ABSENT),
    good(RCPT + "ORCPT=utf-8;j\\\\x{F6}rg@x", parameters={"ORCPT": "utf-8;j\\x{F6}rg@x"}, decoded={"ORCPT": "utf-8;j\u00f6rg@x"}),
    bad(RCPT + "ORCPT=rfc822¦", "bad_parameter_value"), bad(RCPT + "ORCPT=rfc822;a+¦zz", "bad_xtext"),
    good(RCPT + "RRVS=2020-01-01T00:00:00+01:00;C", parameters={"RRVS": "2020-01-01T00:00:00+01:00;C"}),
    bad(RCPT + "RRVS=2020-01-01T00:00:00Z;¦X", "bad_parameter_value"), bad(RCPT + "RRVS=¦x", "bad_date_time"),
    good(RCPT + "CONNEG", parameters={"CONNEG": True}), bad(RCPT + "CONNEG¦=1", "bad_parameter_value"),
    good(RCPT + "SIZE=1 RET", parameters={"SIZE": "1", "RET": True}), good(MAIL + "NOTIFY=what", parameters={"NOTIFY": "what"}),
    good("VRFY smith UTF8REPLY", argument="smith", parameters={"UTF8REPLY": True}),
]

LENIENT = [
    good("HELO  usc.edu", verb="HELO", domain="usc.edu", tolerated=["spaces_after_verb"]),
    good("EHLO [192.0.2.1] relay 7", verb="EHLO", domain="[192.0.2.1]", literal=True, tolerated=["text_after_hello"]),
    good("MAIL   FROM: <a..b@c>\\n", path="<a..b@c>", tolerated=["bare_lf_line", "space_after_colon", "loose_dots", "spaces_after_verb"]),
    good("HELO  a_b\\n", domain="a_b", tolerated=["bare_lf_line", "underscore_in_domain", "spaces_after_verb"]),
    bad("BDAT   1¦x", "bad_number"), bad("RCPT   TO:<a@b>¦x", "unexpected_argument"),
    good("MAIL FROM: <ann@example.org> SIZE=1", path="<ann@example.org>", parameters={"SIZE": 1},
         tolerated=["space_after_colon"]),
    good("MAIL FROM:ann@example.org", path="<ann@example.org>", local="ann", tolerated=["missing_brackets"]),
    good("RCPT TO:postmaster SIZE", path="<postmaster>", postmaster=True, host=ABSENT, tolerated=["missing_brackets"]),
    good("MAIL FROM:Postmaster", path="<Postmaster>", postmaster=ABSENT, tolerated=["missing_brackets", "missing_domain"]),
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
    ("260 x\\r\\n", {"replies": [{"code": 260, "class": "completion", "lines": ["x"]}]}),
    ("2¦x0 x\\r\\n", {"rest": "failed", "error": "bad_reply_code"}),
    ("250¦x\\r\\n", {"rest": "failed", "error": "bad_reply_separator"}),
    ("250 a¦\\n250 b\\r\\n", {"rest": "failed", "error": "bare_lf"}),
    ("250 a¦\\rb\\r\\n", {"rest": "failed", "error": "bare_cr"}),
    ("250 a¦\\0\\r\\n", {"rest": "failed", "error": "nul_octet"}),
    ("250 ok\\r\\n250-a\\r\\n25¦1 b\\r\\n", {"replies": [{"code": 250, "lines": ["ok"]}], "rest": "failed", "consumed": 8, "error": "mixed_reply_codes"}),
    ("250 " + "x" * 2042 + "\\r\\n", {"rest": "empty", "consumed": 2048}),
    ("250 " + "x" * 2043 + "\\r\\n", {"rest": "failed", "error": "reply_too_long", "at": 2046}),
]

PLAIN_KEYWORDS = """8BITMIME PIPELINING ENHANCEDSTATUSCODES SMTPUTF8 HELP VRFY EXPN CHUNKING BINARYMIME DSN STARTTLS RRVS REQUIRETLS MTRK
    CONPERM CONNEG BURL CHECKPOINT ETRN ATRN SUBMITTER UTF8SMTP SEND SOML SAML TURN VERB ONEX PRDR SIZE DELIVERBY NO-SOLICITING""".split()
ANSWERS = [
    good("250-mx.example Hello\\r\\n250-SIZE 1000\\r\\n250-AUTH PLAIN LOGIN\\r\\n250 pipelining\\r\\n", domain="mx.example",
         greet="Hello", capabilities={"SIZE": 1000, "AUTH": ["PLAIN", "LOGIN"], "PIPELINING": True}),
    good("250 mx.example", domain="mx.example", capabilities={}),
    good("250-a\\r\\n250 SIZE", capabilities={"SIZE": True}),
    good("250-a\\r\\n250 SIZE 0", capabilities={"SIZE": 0}),
    good("250-[192.0.2.1]\\r\\n250-AUTH=LOGIN\\r\\n250 HELP", domain="[192.0.2.1]", capabilities={"AUTH": ["LOGIN"], "HELP": True}, passed_over=ABSENT),
    good("250-a\\r\\n250-AUTH PLAIN LOGIN X-FOO\\r\\n250 auth=PLAIN", capabilities={"AUTH": ["PLAIN", "LOGIN", "X-FOO"]}),
    good("250-a\\r\\n" + "".join(f"250-{k}\\r\\n" for k in PLAIN_KEYWORDS) + "250 X-OWN a b",
         capabilities={**{k: True for k in PLAIN_KEYWORDS}, "X-OWN": ["a", "b"]}),
    good("250-a\\r\\n250 LIMITS RCPTMAX=20 FOO=1 MAILMAX=5 RCPTDOMAINMAX=7", capabilities={"LIMITS": {"MAILMAX": 5, "RCPTMAX": 20, "RCPTDOMAINMAX": 7}}),
    good("250-a\\r\\n250 LIMITS RCPTMAX=0 MAILMAX=5", capabilities={"LIMITS": {"MAILMAX": 5}}),
    good("250-a\\r\\n250 LIMITS RCPTMAX==", capabilities={"LIMITS": {}}),
    good("250-a\\r\\n250 DELIVERBY 240", capabilities={"DELIVERBY": 240}), good("250-a\\r\\n250 DELIVERBY", capabilities={"DELIVERBY": True}),
    good("250-a\\r\\n250 FUTURERELEASE 1000 2026-01-01T00:00:00Z",
         capabilities={"FUTURERELEASE": {"max_interval": 1000, "max_date_time": "2026-01-01T00:00:00Z"}}),
    good("250-a\\r\\n250 FUTURERELEASE soon", capabilities={"FUTURERELEASE": True}),
    good("250-a\\r\\n250 MT-PRIORITY MIXER", capabilities={"MT-PRIORITY": "MIXER"}), good("250-a\\r\\n250 MT-PRIORITY", capabilities={"MT-PRIORITY": True}),
    good("250-a\\r\\n250 NO-SOLICITING org.example:a,b", capabilities={"NO-SOLICITING": ["org.example:a", "b"]}),
    good("250-a\\r\\n250 BURL imap imap://x", capabilities={"BURL": ["imap", "imap://x"]}),
    good("250-a\\r\\n250-XCLIENT NAME ADDR IDENT\\r\\n250 XFORWARD name ident", capabilities={"XCLIENT": ["NAME", "ADDR"], "XFORWARD": ["NAME", "IDENT"]}),
    good("250-a\\r\\n250-_x y\\r\\n250 -", capabilities={}, passed_over=["_x y", "-"]),
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
    good("LHLO\tme.example", wire="LHLO me.example\\r\\n"), good("STARTTLS", wire="STARTTLS\\r\\n"), good("ONEX", wire="ONEX\\r\\n"), good("VERB\ton", wire="VERB on\\r\\n"),
    good("AUTH\tplain", wire="AUTH PLAIN\\r\\n"), good("AUTH\tPLAIN\tAHQAcA==", wire="AUTH PLAIN AHQAcA==\\r\\n"), good("AUTH\tEXTERNAL\t=", wire="AUTH EXTERNAL =\\r\\n"),
    bad("AUTH", "bad_mechanism", **NOTHING), bad("AUTH\tPLAIN\tAHQ", "bad_base64", **NOTHING), bad("AUTH\tCRAM-MD5\tAAAA", "unexpected_initial_response", **NOTHING),
    bad("AUTH\tPLAIN\t" + "A" * 500, "line_too_long", **NOTHING), bad("AUTH\tPL\\r\\n", "unsafe_octet", **NOTHING), bad("STARTTLS\tx", "unexpected_argument", **NOTHING),
    good("BDAT\t12", wire="BDAT 12\\r\\n"), good("BDAT\t0\tLAST", wire="BDAT 0 LAST\\r\\n"), bad("BDAT\tx", "bad_number", **NOTHING), bad("BDAT\t1\tLATE", "bad_value", **NOTHING),
    good("BURL\timap://x\tLAST", wire="BURL imap://x LAST\\r\\n"), bad("BURL\tx", "bad_url", **NOTHING), bad("BURL\timap://x LAST", "unexpected_argument", **NOTHING),
    good("ETRN\t@a.example", wire="ETRN @a.example\\r\\n"), bad("ETRN\ta b", "unexpected_argument", **NOTHING),
    good("ATRN", wire="ATRN\\r\\n"), good("ATRN\ta.example", wire="ATRN a.example\\r\\n"), bad("ATRN\ta", "bad_domain", **NOTHING),
    good("XCLIENT\tNAME=a+20b\tPORT=25", wire="XCLIENT NAME=a+20b PORT=25\\r\\n"), bad("XCLIENT\tIDENT=a", "unknown_attribute", **NOTHING),
    good("XFORWARD\tIDENT=a", wire="XFORWARD IDENT=a\\r\\n"), bad("XFORWARD\tNAME=a\\r\\nQUIT", "unsafe_octet", **NOTHING),
    good("RCPT\t<a@b>\tNOTIFY=NEVER\tORCPT=rfc822;a@b", wire="RCPT TO:<a@b> NOTIFY=NEVER ORCPT=rfc822;a@b\\r\\n"), bad("RCPT\t<a@b>\tNOTIFY=MAYBE", "bad_parameter_value", **NOTHING),
    good("MAIL\t<a@b>\tRET=HDRS\tENVID=a+20b", wire="MAIL FROM:<a@b> RET=HDRS ENVID=a+20b\\r\\n"), bad("MAIL\t<a@b>\tENVID=a+zz", "bad_xtext", **NOTHING),
    good("MAIL\ta@b", wire="MAIL FROM:<a@b>\\r\\n"), good("MAIL\t<a@b>", wire="MAIL FROM:<a@b>\\r\\n"), good("mail\t<>\tSIZE=1\tBODY=7BIT", wire="MAIL FROM:<> SIZE=1 BODY=7BIT\\r\\n"),
    good("MAIL\\t<a@b>\\tSIZE=1", wire="MAIL FROM:<a@b> SIZE=1\\r\\n"),
    good("MAIL\t<j\u00f6rg@b>\tSMTPUTF8", wire="MAIL FROM:<j\u00f6rg@b> SMTPUTF8\\r\\n"),
    good("SOML\t<a@b>", wire="SOML FROM:<a@b>\\r\\n"),
    good("RCPT\t<a@b>", wire="RCPT TO:<a@b>\\r\\n"), good("RCPT\t<Postmaster>\tX=1", wire="RCPT TO:<Postmaster> X=1\\r\\n"),
    good("EHLO\tme.example", wire="EHLO me.example\\r\\n"), good("HELO\t[192.0.2.1]", wire="HELO [192.0.2.1]\\r\\n"),
    good("VRFY\tsmith", wire="VRFY smith\\r\\n"), good("NOOP", wire="NOOP\\r\\n"), good("HELP\ta b", wire="HELP a b\\r\\n"),
    good("DATA", wire="DATA\\r\\n"), good("QUIT", wire="QUIT\\r\\n"), good("RSET", wire="RSET\\r\\n"),
    good("REPLY\t250\t2.1.0\tok", wire="250 2.1.0 ok\\r\\n"), good("REPLY\t354\t\tgo", wire="354 go\\r\\n"),
    bad("MAIL\t<a@b>\\r\\nRCPT TO:<c@d>", "unsafe_octet", blame="misuse", **NOTHING), bad("MAIL\t<a@b>\tX=\\0", "unsafe_octet", **NOTHING),
    bad("MAIL\t<a@b> SIZE=1", "unexpected_argument", **NOTHING), bad("MAIL", "expected_path"),
    bad("MAIL\t<j\u00f6rg@b>", "non_ascii", **NOTHING), bad("MAIL\t<a@b>\tSIZE=x", "bad_parameter_value", **NOTHING),
    bad("RCPT\t<>", "null_path", **NOTHING), bad("RCPT\t<a@b>\tX=\\n", "unsafe_octet"), bad("EHLO\ta b", "bad_domain"), bad("EHLO", "missing_argument"),
    bad("VRFY", "missing_argument"), bad("VRFY\ta\\r\\nQUIT", "unsafe_octet", **NOTHING), bad("NOOP\ta ", "bad_value"),
    bad("DATA\tx", "unexpected_argument", **NOTHING), bad("FOO\tx", "unknown_verb", **NOTHING), bad("", "unknown_verb"),
    bad("REPLY\t999\t\tx", "bad_value"), bad("REPLY\tx\t\tx", "bad_value"), bad("REPLY\t250\t5.1.0\tx", "bad_status"),
    bad("REPLY\t250\t2.x\tx", "bad_status"), bad("REPLY\t354\t2.0.0\tx", "bad_status"), bad("REPLY\t250\t\ta\\nb", "unsafe_octet", **NOTHING),
]

ITEMS = [
    (["command"], COMMANDS), (["command"], VERBS), (["command"], PARAMETERS), (["--lenient", "command"], LENIENT),
    (["--lenient=loose_dots,trailing_dot", "command"], ONE_RULE), (["--smtputf8", "command"], UTF8),
    (["path"], PATHS), (["--lenient", "path"], [good("a@b", path="<a@b>", tolerated=["missing_brackets"])]),
    (["mailbox"], MAILBOXES), (["--lenient", "mailbox"], [good("joe", host=ABSENT, kind=ABSENT, tolerated=["missing_domain"])]),
    (["reply"], REPLIES),
    (["--lenient", "reply"], [("250-a\\r\\n251 b\\r\\n", {"replies": [{"code": 251, "lines": ["a", "b"], "tolerated": ["mixed_reply_codes"]}]})]),
    (["ehlo"], ANSWERS), (["content"], CONTENTS), (["--bare=normalize", "content"], NORMALIZED), (["--bare=pass", "content"], PASSED),
    (["encode"], MESSAGES), (["--bare=normalize", "encode"], MESSAGES_NORMALIZED), (["write"], WRITES),
]


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
        texts = texts_of(arguments, [item for item, _ in cases])
        for (item, expected), answer, text in zip(cases, answers, texts):
            count += 1
            what = f"{' '.join(arguments)}: {item[:80]}"
            same(expected, answer, what)
            failed = answer.get("ok") is False
            check(not failed or "error" in answer and answer.get("blame") in ("malformed", "limit", "sequence", "misuse"), f"{what}: {answer}")
            if failed and arguments[-1] in ("command", "path", "mailbox"):
                check(re.match(r"[45]\d\d [45]\.\d+\.\d+ \S", answer.get("reply", "")), f"{what}: no good reply: {answer}")
            if arguments[-1] != "write":
                check_caret(arguments, item, answer, text, what)
    check(count >= 400, f"only {count} items")
    return count


def texts_of(arguments, items):
    """What people are shown for each item: one empty line ends it."""
    code, out, _ = run(arguments, "".join(item + "\n" for item in items).encode())
    texts = out.decode().split("\n\n")
    check(code == 0 and texts.pop() == "" and len(texts) == len(items), f"{arguments}: {len(texts)} texts for {len(items)} items")
    return texts


def check_caret(arguments, item, answer, text, what):
    column, above = caret_column(text)
    check(text and "\x1b" not in text, f"{what}: for people: {text!r}")
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
    offers = "server.example,SIZE 67108864,8BITMIME,PIPELINING,ENHANCEDSTATUSCODES,SMTPUTF8,HELP,VRFY,EXPN,CHUNKING,BINARYMIME,DSN," \
             "STARTTLS,AUTH PLAIN LOGIN SCRAM-SHA-256 XOAUTH2,DELIVERBY,MT-PRIORITY,RRVS,LIMITS RCPTMAX=1000,MTRK,NO-SOLICITING,CONPERM,CONNEG,ETRN," \
             "SUBMITTER,XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT,XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE,PRDR".split(",")
    def offered(lines):
        return command("EHLO", "".join(f"250-{line}\r\n" for line in lines[:-1]) + f"250 {lines[-1]}")

    hello = offered(offers)
    # Dovecot's attributes are named where they are tolerated.
    lenient_hello = offered([line + " SESSION CLIENT-TRANSPORT TTL TIMEOUT FORWARD" if line.startswith("XCLIENT") else line for line in offers])
    lhlo = {**offered(offers[:-1]), "verb": "LHLO"}   # PRDR is not for LMTP
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
        refused("bad_quoted_string", 31, "501 5.1.3 *"), refused("bad_address_literal", 26, "501 5.1.3 *"), ok_rcpt,
        refused("unknown_parameter", 31, "555 5.5.4 *", verb="RCPT"), refused("non_ascii", 10, "553 5.6.7 *"),
        refused("bad_sequence", 0, "503 5.5.1 *", verb="MAIL"), refused("unknown_verb", 0, "500 5.5.2 *"), go,
        {"event": "message", "octets": 65, "recipients": 2, "reply": accepted}, refused("bad_sequence", 0, "503 5.5.1 *"),
        refused("unexpected_argument", 5, "501 5.5.4 *", verb="RSET"), command("RSET", "250 2.0.0 OK"), sender_ok, ok_rcpt, go,
        {"event": "message", "octets": 60, "recipients": 1, "error": "bare_lf", "reply": "554 5.6.0 *"},
        refused("message_too_large", 31, "552 5.3.4 *", blame="limit"), command("VRFY", "252 2.1.5 *"),
        refused("not_implemented", 0, "502 5.5.1 *", verb="TURN"), bye, end("closed", 1, unread=6)])
    envelope = "EHLO a\nMAIL FROM:<b@c>\nRCPT TO:<d@e>\nDATA\n"
    opened = [hello, sender_ok, ok_rcpt, go]
    matches(["session"], b"", [end("greeted", 0)])
    matches(["session"], b"NOOP", [end("greeted", 0, unread=4)])
    matches(["session"], crlf(envelope), opened + [end("content", 0)])
    matches(["session"], crlf(envelope + "x\n."), opened + [end("content", 0, unread=1)])
    matches(["session"], crlf(envelope + ".\n"), opened + [{"event": "message", "octets": 0, "recipients": 1, "reply": accepted}, end("ready", 1)])
    matches(["session"], crlf(envelope + "a\n") + b".\nb\r\n.\r\nQUIT\r\n",
            opened + [{"event": "message", "error": "bare_lf", "recipients": 1, "octets": 7}, bye, end("closed", 0)])
    for octets in (b".\n.\r\n", b"\n.\n", b".\rQUIT\r\n", b"\r.\r\n", b"\n.\r\n"):  # no leniency ends a message
        for options in ([], ["--lenient"]):
            begun = [lenient_hello if options else hello] + opened[1:]
            matches([*options, "session"], crlf(envelope + "a\n") + octets, begun + [end("content", 0)])
    matches(["--lenient=bare_lf_line", "session"], b"EHLO a\nNOOP\nQUIT\n", [hello, command("NOOP", "250 2.0.0 OK"), bye, end("closed", 0)])
    matches(["session"], b"EHLO a\nNOOP\r\nQUIT\r\n", [refused("bare_lf", 6, "500 5.5.2 *"), bye, end("closed", 0)])
    matches(["session"], b"GET / HTTP/1.1\r\nHost: a\r\n", [refused("http_request", 0, "421 4.7.0 *"), end("closed", 0, True, unread=9)])
    matches(["session"], b"FOO\r\n" * 60, [refused("unknown_verb", 0, "500 5.5.2 *")] * 49 +
            [refused("too_many_errors", 0, "421 4.7.0 *"), end("closed", 0, True, unread=50)])
    matches(["session"], b"NOOP " + b"x" * 5000 + b"\r\nQUIT\r\n", [refused("line_too_long", 4096, "500 5.5.2 *"), bye, end("closed", 0)])
    matches(["session"], crlf("EHLO a\nMAIL FROM:<\u00f6@b> SMTPUTF8\nRCPT TO:<\u00fc@b>\nEXPN x\nSEND FROM:<a@b>\nRSET\nSOML FROM:<a@b>\n"),
            [hello, sender_ok, ok_rcpt, command("EXPN", "252 2.1.5 *"), refused("bad_sequence", 0, "503 5.5.1 *", verb="SEND"),
             command("RSET", "250 2.0.0 OK"), command("SOML", "250 2.1.0 Sender OK"), end("mail", 0)])

    # leniency: any set of rules
    ok = command("NOOP", "250 2.0.0 OK")
    matches(["--lenient=loose_dots,bare_lf_line", "session"], b"EHLO a\nMAIL FROM:<.b@c>\r\nRCPT TO: <d@e>\nNOOP\nQUIT\r\n",
            [{**hello, "tolerated": ["bare_lf_line"]}, command("MAIL", "250 2.1.0 Sender OK", tolerated=["loose_dots"]),
             refused("expected_path", 8, "501 5.1.3 *", tolerated=["bare_lf_line"]), {**ok, "tolerated": ["bare_lf_line"]}, bye, end("closed", 0)])
    matches(["--lenient=spaces_after_verb,trailing_dot", "session"], b"EHLO  a.\r\nNOOP   x\r\n",
            [{**hello, "tolerated": ["trailing_dot", "spaces_after_verb"]}, ok, end("ready", 0)])
    matches(["session"], b"EHLO  a\r\nNOOP  x\r\n", [refused("bad_domain", 5, "501 *"), ok, end("greeted", 0)])

    # BDAT: a chunk that is refused is passed over, and never read as commands
    def chunk(octets, last, reply, **more):
        return {"event": "chunk", "octets": octets, "last": last, "reply": reply, **more}

    received = "250 2.0.0 Chunk received"
    matches(["session"], crlf("EHLO a\nBDAT 14\nMAIL FROM:<>\nNOOP\n"), [hello, refused("bad_sequence", 0, "503 5.5.1 *", verb="BDAT"), ok, end("ready", 0)])
    matches(["session"], crlf("EHLO a\nMAIL FROM:<b@c>\nRCPT TO:<d@e>\nBDAT 6 LAST\nRSET\nNOOP\n"),
            [hello, sender_ok, ok_rcpt, chunk(6, True, accepted), {"event": "message", "octets": 6, "recipients": 1, "reply": accepted}, ok, end("ready", 1)])
    matches(["session"], crlf("EHLO a\nMAIL FROM:<b@c>\nRCPT TO:<d@e>\nBDAT 3\n") + b"a\r\nBDAT 0\r\nBDAT 2 LAST\r\n.\n",
            [hello, sender_ok, ok_rcpt, chunk(3, False, received, error=ABSENT), chunk(0, False, received),
             chunk(2, True, "554 5.6.0 *", error="bare_lf"), end("ready", 0)])
    matches(["session"], b"EHLO a\r\nBDAT 0 LAST\r\nNOOP\r\nBDAT 9\r\nab", [hello, refused("bad_sequence", 0, "503 5.5.1 *"), ok, end("ready", 0)])
    matches(["session"], b"EHLO a\r\nBDAT x\r\nNOOP\r\n", [hello, refused("bad_number", 5, "501 5.5.4 *", verb="BDAT"), end("closed", 0, True, unread=6)])
    matches(["session"], b"EHLO a\r\nBDAT\r\nNOOP\r\n", [hello, refused("missing_argument", 4, "501 5.5.4 *"), end("closed", 0, True, unread=6)])
    matches(["--lenient", "session"], b"EHLO a\r\nBDAT   x\r\n", [lenient_hello, refused("bad_number", 7, "501 5.5.4 *"), end("closed", 0, True)])
    matches(["session"], crlf("EHLO a\nTURN\nATRN\nBURL x:y LAST\nVERB\nONEX\nETRN x\nXFORWARD NAME=x\nLHLO a\nMAIL FROM:<a@b> HOLDFOR=1\nXCLIENT NAME=x\nMAIL FROM:<>\n"),
            [hello] + [refused("not_implemented", 0, "502 5.5.1 *", verb=v) for v in ("TURN", "ATRN", "BURL", "VERB", "ONEX")] +
            [command("ETRN", "250 *"), command("XFORWARD", "250 *"), refused("unknown_verb", 0, "500 *", verb="LHLO"),
             refused("unknown_parameter", 16, "555 5.5.4 *"), command("XCLIENT", "220 server.example ESMTP ready"),
             refused("bad_sequence", 0, "503 5.5.1 *"), end("greeted", 0)])

    # AUTH: no secret is ever printed; STARTTLS: nothing may come with it
    def authenticated(mechanism):
        return {"event": "authenticated", "mechanism": mechanism, "reply": "235 2.7.0 Authentication succeeded"}

    matches(["session"], crlf("EHLO a\nAUTH PLAIN AGFubgB3cm9uZw==\nAUTH PLAIN AGFubgBoZWxsbw==\n"),
            [hello, command("AUTH", "535 5.7.8 *"), authenticated("PLAIN"), end("ready", 0)])
    matches(["session"], crlf("EHLO a\nAUTH LOGIN\nYW5u\naGVsbG8=\n"),
            [hello, command("AUTH", "334 VXNlcm5hbWU6"), command("AUTH", "334 UGFzc3dvcmQ6"), authenticated("LOGIN"), end("ready", 0)])
    matches(["session"], crlf("EHLO a\nAUTH SCRAM-SHA-256 biwsbj1hbm4scj1hYmM=\n*\n"),
            [hello, command("AUTH", "334 *"), refused("auth_cancelled", 0, "501 5.7.0 *", verb="AUTH"), end("ready", 0)])
    matches(["session"], crlf("EHLO a\nSTARTTLS\n"), [hello, {"event": "starttls"}, end("greeted", 0)])
    matches(["session"], crlf("EHLO a\nSTARTTLS\nRSET\n"), [hello, {"event": "refused", "verb": "STARTTLS", "error": "early_octets", "at": 10, "reply": ABSENT}, end("closed", 0, True)])
    text = run(["session"], crlf("EHLO a\nSTARTTLS\nRSET\n"))[1].decode().splitlines()
    check(text[text.index("  C: STARTTLS\\r\\n") + 1] == " " * 17 + "^ more came with it, in the clear: not to be trusted", f"STARTTLS: {text}")
    secrets = crlf("EHLO a\nAUTH PLAIN AGFubgBoZWxsbw==\nAUTHPLAIN AGFubgBoZWxsbw==\nAUTH LOGIN\nAGFubgBoZWxsbw==\nAUTH XX-1\nAGFubgBoZWxsbw==\nAUTH PLAIN AGFubgBoZWxsbw")
    for options in ([], ["--json"], ["--chunk=3"]):
        said = run([*options, "session"], secrets)[1]
        check(b"AGFubgBo" not in said and b"hello" not in said, f"a secret is shown: {options} {said!r}")

    # RFC 2920 3.1: whom it did not wait for. A file is read at once.
    hasty = crlf("EHLO a\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nDATA\nx\n.\nQUIT\n")
    said = [json.loads(line) for line in run(["--json", "--at-once", "session"], hasty)[1].splitlines()]
    check([e.get("verb", e["event"]) for e in said if "early" in e] == ["EHLO", "DATA"], f"early: {said}")
    check(b"early" not in run(["--json", "session"], hasty)[1], "early, though nobody asked")
    text = run(["--at-once", "session"], hasty)[1].decode().splitlines()
    check([text[i - 1] for i, line in enumerate(text) if "did not wait" in line] == ["  C: EHLO a", "  C: DATA"], f"early:\n{text}")

    # The state after each step. All else is told as ever.
    dialogue = crlf("EHLO a\nRCPT TO:<c@d>\nAUTH PLAIN AGFubgBoZWxsbw==\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nDATA\nx\n.\nQUIT\n")
    facts = ["extended", "authenticated"]
    for arguments, octets, states in [
            (["session"], dialogue, [("greeted", []), ("ready", facts[:1]), ("ready", facts[:1]), ("ready", facts), ("mail", facts), ("rcpt", facts),
                                     ("content", facts), ("ready", facts), ("closed", facts)]),
            (["client"], crlf("220 a\n250 a\n250 a\n550 a\n221 a\n"), [(s, facts[:1] if s != "greeted" else []) for s in ("greeted", "ready", "mail", "mail", "closed")])]:
        for chunked in ([], ["--chunk=7"]):
            said = [json.loads(line) for line in run(["--json", "--states", *chunked, *arguments], octets)[1].splitlines()]
            check([(e["state"], e["known"]) for e in said if e["event"] == "state"] == states, f"states: {said}")
            check([e for e in said if e["event"] != "state"] == [json.loads(line) for line in run(["--json", *arguments], octets)[1].splitlines()], f"states: {said}")
        text = run(["--states", *arguments], octets)[1].decode().splitlines()
        remarks = [f"(state: {state}{'; ' if all_known else ''}{', '.join(all_known)})" for state, all_known in states]
        check([line.strip() for line in text if "(state: " in line] == remarks, f"states: {text}")
        check([line for line in text if "(state: " not in line] == run(arguments, octets)[1].decode().splitlines(), f"states: {text}")

    # PRDR: 353, a reply for each recipient, and one for the message
    def each(octets):
        one = {"event": "recipient", "recipients": 2, "reply": "250 2.1.5 Recipient OK", "octets": ABSENT}
        return [{"event": "prdr", "octets": octets, "recipients": 2, "reply": "353 Replies for each recipient follow"},
                {**one, "recipient": "<d@e>"}, {**one, "recipient": "<f@g>"},
                {"event": "message", "octets": octets, "recipients": 2, "recipient": ABSENT, "reply": accepted}]

    prdr = "EHLO a\nMAIL FROM:<b@c> PRDR\nRCPT TO:<d@e>\nRCPT TO:<f@g>\n"
    begun = [hello, sender_ok, ok_rcpt, ok_rcpt]
    matches(["session"], crlf(prdr + "DATA\nx\n.\nNOOP\n"), begun + [go] + each(3) + [ok, end("ready", 1)])
    matches(["session"], crlf(prdr + "BDAT 3 LAST\nx\nNOOP\n"),
            begun + [chunk(3, True, "353 Replies for each recipient follow")] + each(3) + [ok, end("ready", 1)])
    matches(["session"], crlf(2 * (prdr + "DATA\n.\n")), 2 * (begun + [go] + each(0)) + [end("ready", 2)])
    matches(["session"], crlf(envelope.replace("<b@c>", "<b@c> PRDR") + ".\n"),   # one recipient, one reply
            opened + [{"event": "message", "octets": 0, "recipients": 1, "reply": accepted}, end("ready", 1)])
    matches(["--lmtp", "session"], crlf("LHLO a\nMAIL FROM:<b@c> PRDR\n"), [lhlo, refused("unknown_parameter", 16, "555 *"), end("ready", 0)])

    # LMTP: a reply for each recipient
    def message(path, reply=accepted, **more):
        return {"event": "message", "recipients": 2, "recipient": path, "reply": reply, **more}

    matches(["--lmtp", "session"], transcript("lmtp.txt"), [
        lhlo, refused("bad_sequence", 0, "503 5.5.1 *", verb="BDAT"), sender_ok, ok_rcpt, refused("bad_domain", 22, "501 5.1.3 *"), ok_rcpt, go,
        message("<bob@server.example>", octets=81, error=ABSENT), message("<dave@server.example>", octets=81),
        refused("unknown_verb", 0, "500 *", verb="HELO"), bye, end("closed", 1, unread=ABSENT)])
    lmtp = "LHLO a\nMAIL FROM:<b@c>\nRCPT TO:<d@e>\nRCPT TO:<@x:f@g>\nDATA\n"
    matches(["--lmtp", "session"], crlf(lmtp) + b"a\nb\r\n.\r\nNOOP\r\n", [
        lhlo, sender_ok, ok_rcpt, ok_rcpt, go, message("<d@e>", "554 5.6.0 *", error="bare_lf"),
        message("<@x:f@g>", "554 5.6.0 *", error="bare_lf", octets=5), ok, end("ready", 0)])
    matches(["--lmtp", "session"], crlf(2 * (lmtp + ".\n")), 2 * [lhlo, sender_ok, ok_rcpt, ok_rcpt, go, message("<d@e>", octets=0), message("<@x:f@g>", octets=0)] +
            [end("ready", 2)])
    matches(["--lmtp", "session"], crlf("EHLO a\nLHLO a\nMAIL FROM:<b@c>\nDATA\n"),
            [refused("unknown_verb", 0, "500 *"), lhlo, sender_ok, refused("bad_sequence", 0, "503 5.5.1 *"), end("mail", 0)])


def client_that_hears(reads, *options):
    """What a client says to octets that come in several reads."""
    p = subprocess.Popen([EXPLAIN, "--json", *options, "client"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for octets in reads:
        p.stdin.write(octets)
        p.stdin.flush()
        time.sleep(0.3)
    return [json.loads(line) for line in p.communicate(timeout=20)[0].splitlines()]


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
    lhlo, carol = send("LHLO client.example\\r\\n"), send("RCPT TO:<carol@server.example>\\r\\n")
    here = [greeting, lhlo, reply("LHLO", 250), mail, reply("MAIL", 250), rcpt]
    envelope = "MAIL FROM:<ann@client.example>\\r\\nRCPT TO:<bob@server.example>\\r\\nRCPT TO:<carol@server.example>\\r\\nDATA\\r\\n"
    matches(["--lmtp", "client"], crlf("220 mx\n250 mx\n250 a\n250 b\n250 c\n354 go\n250 d\n452 4.2.2 full\n221 bye\n"),
            here + [reply("RCPT", 250), carol, reply("RCPT", 250), data, reply("DATA", 354), letter,
                    reply("end of content", 250, recipient="<bob@server.example>"),
                    reply("end of content", 452, recipient="<carol@server.example>"), quit, reply("QUIT", 221), last(True, "closed")])
    matches(["--lmtp", "client"], crlf("220 mx\n250 mx\n250 a\n550 b\n250 c\n354 go\n250 d\n221 bye\n"),
            here + [reply("RCPT", 550), carol, reply("RCPT", 250), data, reply("DATA", 354), letter,
                    reply("end of content", 250, recipient="<carol@server.example>"), quit, reply("QUIT", 221), last(True, "closed")])
    matches(["--lmtp", "--pipeline", "client"], crlf("220 mx\n250-mx\n250 PIPELINING\n250 a\n250 b\n250 c\n354 go\n554 d\n"),
            [greeting, lhlo, reply("LHLO", 250), send(envelope), reply("MAIL", 250), reply("RCPT", 250), reply("RCPT", 250), reply("DATA", 354), letter,
             reply("end of content", 554, recipient="<bob@server.example>"), last(False, "content", awaits="end of content")])
    matches(["--lmtp", "client"], crlf("220 mx\n250 mx\n250 a\n550 b\n551 c\n221 bye\n"),
            here + [reply("RCPT", 550), carol, reply("RCPT", 551), quit, reply("QUIT", 221), last(False, "closed")])
    matches(["--lmtp", "client"], crlf("220 mx\n500 what\n221 bye\n"), [greeting, lhlo, reply("LHLO", 500), quit, reply("QUIT", 221), last(False, "closed")])
    # PRDR: a reply for each recipient, and one for the message; or one for all
    prdr = [greeting, hello, reply("EHLO", 250), send("MAIL FROM:<ann@client.example> PRDR\\r\\n"), reply("MAIL", 250), rcpt, reply("RCPT", 250), carol,
            reply("RCPT", 250), data, reply("DATA", 354), letter]
    said = "220 mx\n250-mx\n250 PRDR\n250 a\n250 b\n250 c\n354 go\n"
    matches(["client"], crlf(said + "353 wait\n250 d\n550 e\n250 f\n221 bye\n"),
            prdr + [reply("end of content", 353, recipient=ABSENT), reply("end of content", 250, recipient="<bob@server.example>"),
                    reply("end of content", 550, recipient="<carol@server.example>"), reply("end of content", 250, recipient=ABSENT),
                    quit, reply("QUIT", 221), last(True, "closed")])
    matches(["client"], crlf(said + "250 all\n221 bye\n"),
            prdr + [reply("end of content", 250, recipient=ABSENT), quit, reply("QUIT", 221), last(True, "closed")])
    matches(["client"], crlf(said + "353 wait\n550 d\n450 e\n250 f\n221 bye\n"),
            prdr + [reply("end of content", code) for code in (353, 550, 450, 250)] + [quit, reply("QUIT", 221), last(False, "closed", again=True)])
    matches(["client"], crlf(said + "353 wait\n353 again\n"),
            prdr + [reply("end of content", 353), last(False, "content", True, error="bad_reply_class", unread=11)])
    # RFC 3207: without TLS no mail, if it must be.
    starttls = send("STARTTLS\\r\\n")
    ehlo = [greeting, hello, reply("EHLO", 250)]
    matches(["--tls=must", "--pipeline", "client"], crlf("220 mx\n250-mx\n250 AUTH PLAIN\n221 bye\n250 what\n"),
            ehlo + [{"event": "error", "error": "not_offered"}, quit, reply("QUIT", 221), last(False, "closed", True, error="not_offered", unread=10)])
    matches(["--tls=must", "client"], crlf("220 mx\n502 what\n421 bye\n"),
            [greeting, hello, reply("EHLO", 502), {"event": "error", "error": "not_offered"}, quit, reply("QUIT", 421),
             last(False, "closed", True, error="not_offered")])
    offered = "220 mx\n250-mx\n250 STARTTLS\n"
    matches(["--tls=must", "client"], crlf(offered + "454 not now\n221 bye\n"),
            ehlo + [starttls, reply("STARTTLS", 454), {"event": "error", "error": "tls_required"}, quit, reply("QUIT", 221),
                    last(False, "closed", True, error="tls_required", again=True)])
    matches(["--tls=may", "client"], crlf(offered + "454 not now\n250 ok\n"),
            ehlo + [starttls, reply("STARTTLS", 454), mail, reply("MAIL", 250), rcpt, last(False, "mail", awaits="RCPT")])
    for tls in ("may", "must"):
        matches([f"--tls={tls}", "client"], crlf(offered + "220 go\n"),
                ehlo + [starttls, reply("STARTTLS", 220), hello, last(False, "greeted", awaits="EHLO")])
        matches([f"--tls={tls}", "client"], crlf(offered + "220 go\n250 mx\n"),
                ehlo + [starttls, reply("STARTTLS", 220), last(False, "handshake", True, error="early_octets", at=38, unread=8)])
    matches(["client"], crlf(offered + "250 ok\n"), ehlo + [mail, reply("MAIL", 250), rcpt, last(False, "mail", awaits="RCPT")])
    # What comes in a read of its own is protected.
    said = client_that_hears([crlf(offered + "220 go\n"), crlf("250 mx\n250 ok\n")], "--tls=must")
    for expected, event in zip(ehlo + [starttls, reply("STARTTLS", 220), hello, reply("EHLO", 250), mail, reply("MAIL", 250), rcpt,
                                       last(False, "mail", awaits="RCPT")], said):
        same(expected, event, "a client under TLS")
    check(len(said) == 11, f"a client under TLS: {said}")
    # RFC 4954: the secret is nowhere.
    login = [send("AUTH LOGIN\\r\\n"), reply("AUTH", 334), send("****\\r\\n"), reply("AUTH response", 334), send("****\\r\\n"), reply("AUTH response", 235)]
    for offer, answer, exchange in (
            ("XOAUTH2 LOGIN PLAIN", "235 ok\n", [send("AUTH PLAIN ****\\r\\n"), reply("AUTH", 235)]),
            ("XOAUTH2 LOGIN", "334 VXNlcjo=\n334 UGFzczo=\n235 ok\n", login),
            ("X XOAUTH2", "235 ok\n", [send("AUTH XOAUTH2 ****\\r\\n"), reply("AUTH", 235)])):
        matches(["--auth=ann:secret", "client"], crlf(f"220 mx\n250-mx\n250 AUTH {offer}\n{answer}"),
                ehlo + exchange + [mail, last(False, "ready", awaits="MAIL")])
        for options in (["--json"], []):
            text = run([*options, "--auth=ann:secret", "client"], crlf(f"220 mx\n250-mx\n250 AUTH {offer}\n{answer}"))[1]
            check(b"AUTH" in text and b"secret" not in text and b"c2VjcmV0" not in text and b"AGFub" not in text and b"dXNlcj1" not in text,
                  f"a secret is shown: {text.decode()}")
    matches(["--auth=ann:secret", "client"], crlf("220 mx\n250-mx\n250 AUTH PLAIN\n535 5.7.8 no\n221 bye\n"),
            ehlo + [send("AUTH PLAIN ****\\r\\n"), reply("AUTH", 535), quit, reply("QUIT", 221), last(False, "closed", again=False)])
    matches(["--auth=ann:secret", "client"], crlf("220 mx\n250-mx\n250 AUTH XOAUTH2\n334 e30=\n535 no\n221 bye\n"),
            ehlo + [send("AUTH XOAUTH2 ****\\r\\n"), reply("AUTH", 334), send("\\r\\n"), reply("AUTH response", 535), quit, reply("QUIT", 221),
                    last(False, "closed", again=False)])
    matches(["--auth=ann:secret", "client"], crlf("220 mx\n250-mx\n250 AUTH PLAIN\n334 e30=\n501 no\n221 bye\n"),
            ehlo + [send("AUTH PLAIN ****\\r\\n"), reply("AUTH", 334), send("*\\r\\n"), reply("AUTH response", 501), quit, reply("QUIT", 221),
                    last(False, "closed", again=False)])
    for options, offer, error in ([], "GSSAPI", "not_offered"), (["--tls=may"], "PLAIN", "mechanism_needs_tls"):
        matches([*options, "--auth=ann:secret", "client"], crlf(f"220 mx\n250-mx\n250 AUTH {offer}\n221 bye\n"),
                ehlo + [{"event": "error", "error": error}, quit, reply("QUIT", 221), last(False, "closed", True, error=error)])
    # RFC 3030: nothing in a chunk is stuffed; one refused is not repeated.
    chunk = send("BDAT 165 LAST\\r\\n" + letter["wire"].replace("..profile", ".profile").removesuffix(".\\r\\n"))
    chunks = crlf("220 mx\n250-mx\n250 CHUNKING\n250 ok\n250 ok\n")
    envelope_sent = ehlo + [mail, reply("MAIL", 250), rcpt, reply("RCPT", 250)]
    matches(["--chunking", "client"], chunks + crlf("250 ok\n221 bye\n"),
            envelope_sent + [chunk, reply("end of last chunk", 250), quit, reply("QUIT", 221), last(True, "closed", again=ABSENT)])
    matches(["--chunking", "client"], chunks + crlf("552 no\n221 bye\n"),
            envelope_sent + [chunk, reply("end of last chunk", 552), quit, reply("QUIT", 221), last(False, "closed", again=False)])
    matches(["client"], chunks, envelope_sent + [data, last(False, "rcpt", awaits="DATA")])
    matches(["--chunking", "client"], crlf("220 mx\n250 mx\n250 ok\n250 ok\n"), envelope_sent + [data, last(False, "rcpt", awaits="DATA")])
    # A refusal that nobody asked for ends the session, and is told; any other reply is fatal.
    content = "220 mx\n250 mx\n250 ok\n250 ok\n354 go\n"
    for code, again in ((552, False), (554, False), (451, True), (421, True)):
        matches(["--early=5", "client"], crlf(content + f"{code} 5.3.4 enough\n221 bye\n"),
                envelope_sent + [data, reply("DATA", 354), reply("content", code, text="5.3.4 enough"), last(False, "closed", again=again, unread=9)])
        matches(["--early=2", "client"], crlf(f"220 mx\n250 mx\n{code}-4.4.2 Timeout\n{code} bye\n"),
                ehlo + [reply("shutdown", code, text="4.4.2 Timeout\nbye"), last(False, "closed", again=again, unread=ABSENT)])
    for code in (250, 354):
        matches(["--early=5", "client"], crlf(content + f"{code} ok\n"),
                envelope_sent + [data, reply("DATA", 354), last(False, "content", True, error="unexpected_reply", at=40)])
    matches(["client"], b"", [last(False, "connected", awaits="greeting")])
    matches(["client"], b"HTTP/1.1 400 Bad Request\r\n", [last(False, "connected", True, error="bad_reply_code", at=0)])


# Each limit that can be set: what is just within it, and what is beyond, when it is set to N.
LIMITS = [
    ("--max-local-part", 5, "path", "<abcde@b>", "<abcde¦f@b>", "local_part_too_long"),
    ("--max-local-part", 100, "mailbox", "a" * 100 + "@b", "a" * 100 + "¦a@b", "local_part_too_long"),
    ("--max-domain", 7, "command", "MAIL FROM:<a@b.c.d.e>", "MAIL FROM:<a@b.c.d.e¦f>", "domain_too_long"),
    ("--max-domain", 7, "command", "EHLO b.c.d.e", "EHLO b.c.d.e¦f", "domain_too_long"),
    ("--max-domain", 7, "mailbox", "a@b.c.d.e", "a@b.c.d.e¦f", "domain_too_long"),
    ("--max-path", 10, "path", "<abcd@efg>", "<abcd@efgh¦>", "path_too_long"),
    ("--max-path", 65535, "path", "<" + ",".join(["@" + "b" * 90] * 700) + ":a@b>", None, None),
    ("--max-line", 512, "command", "NOOP " + "x" * 505, "NOOP " + "x" * 507 + "¦x", "line_too_long"),
    ("--max-line", 100000, "command", "NOOP " + "x" * 99993, "NOOP " + "x" * 99995 + "¦x", "line_too_long"),
    ("--max-reply-line", 10, "reply", "250 12 4\\r\\n", "250 12 4¦5\\r\\n", "reply_too_long"),
    ("--max-reply-line", 10, "ehlo", "250-a\\r\\n250 SIZE\\r\\n", "250-a\\r\\n250 SIZE¦S\\r\\n", "reply_too_long"),
    ("--max-reply", 16, "reply", "250-123\\r\\n250 1\\r\\n", "250-123\\r\\n250 1¦2\\r\\n", "reply_too_long"),
    ("--max-reply-lines", 2, "reply", "250-a\\r\\n250 b\\r\\n", "250-a\\r\\n250-b\\r\\n¦250 c\\r\\n", "reply_too_long"),
]


def test_limits():
    in_help = set(re.findall(r"--max-[a-z-]+", run(["--help"])[1].decode()))
    check(in_help == {row[0] for row in LIMITS}, f"limits in --help, and in this test: {in_help}")
    for flag, n, mode, within, beyond, error in LIMITS:
        items = [within] if beyond is None else [within, marked(beyond, {})[0]]
        answers = objects([f"{flag}={n}", mode], "".join(item + "\n" for item in items).encode())
        check("error" not in answers[0], f"{flag}={n} {mode}: {within[:60]}: {answers[0]}")
        if beyond is not None:
            same(marked(beyond, {"error": error, "blame": "limit"})[1], answers[1], f"{flag}={n} {mode}: {beyond[:60]}")
        octets = "".join(item + "\n" for item in items).encode()
        for odd in few((0, 1, 2, 3, 4, 5, 6)):  # too little for anything: still an answer to each item
            check(len(objects([f"{flag}={odd}", mode], octets)) == len(items), f"{flag}={odd} {mode}")
        most = 0xFFFF if flag in ("--max-local-part", "--max-domain", "--max-path", "--max-reply-lines") else 0xFFFFFFFF
        check(len(objects([f"{flag}={most}", mode], octets)) == len(items), f"{flag}={most} {mode}")
        for wrong in few((f"={most + 1}", "", "=", "=x", "=-1", "=1x", "=99999999999999999999")):
            code, out, err = run([flag + wrong, mode])
            check(code == 2 and out == b"" and flag.encode() in err, f"{flag}{wrong} {mode}: {code} {err}")
        code, _, err = run([f"{flag}={n}", "session"])
        check(code == 2 and b"constant of the program" in err, f"{flag} session: {err}")
        code, _, err = run([f"{flag}={n}", "content"])
        check(code == 2 and flag.encode() in err, f"{flag} content: {err}")
    last = objects(["--max-reply-line=10", "client"], b"220 mx.example\r\n")[-1]
    same({"fatal": True, "error": "reply_too_long", "at": 8}, last, "--max-reply-line=10 client")


CLASSES, CATEGORIES = "2345", "0123456789"  # the first and the second digits that are read


def test_reply_codes():
    """Every code from 000 to 999: what is none by RFC 5321 4.2 is fatal, all the rest has a meaning, or a class at least."""
    classes = {"2": "completion", "3": "intermediate", "4": "transient", "5": "permanent"}
    codes = [f"{n:03}" for n in range(1000)]
    answers = objects(["reply"], "".join(f"{code} x\\r\\n\n" for code in codes).encode())
    _, text, _ = run(["reply"], "".join(f"{code} x\\r\\n\n" for code in codes).encode())
    texts = text.decode().split("\n\n")
    named = {row[0] for row in tables_of_reference()["Reply codes"]}
    read = set()
    for code, answer, said in zip(codes, answers, texts):
        if "error" in answer:
            check(answer["error"] == "bad_reply_code" and answer["replies"] == [], f"reply {code}: {answer}")
            continue
        read.add(code)
        expected = {"code": int(code), "lines": ["x"]}
        if code not in named:
            expected["class"] = classes.get(code[0])
            check(f"{code}: positive" in said or f"{code}: {expected['class']} negative" in said, f"reply {code}: {said}")
        check(answer["replies"] == [expected], f"reply {code}: {answer}")
    check(len(answers) == len(texts) - 1 == 1000 and named <= read, "replies of all codes")
    check(read == {c for c in codes if c[0] in CLASSES and c[1] in CATEGORIES}, f"codes that are read: {sorted(read)}")


# The rules that are known to mean something in a mode; there may be more.
RULES_OF = {
    "path": "missing_brackets missing_domain spaces_in_route ipv6_single_group underscore_in_domain trailing_dot loose_dots utf8_without_smtputf8",
    "mailbox": "missing_domain ipv6_single_group underscore_in_domain trailing_dot loose_dots utf8_without_smtputf8",
    "reply": "mixed_reply_codes bare_lf_reply controls_in_reply odd_reply_separator odd_reply_code",
    "ehlo": "mixed_reply_codes", "client": "mixed_reply_codes bare_lf_reply controls_in_reply odd_reply_separator",
    "session": "bare_lf_line space_after_colon missing_brackets missing_domain spaces_in_route ipv6_single_group underscore_in_domain "
               "trailing_dot loose_dots utf8_without_smtputf8 spaces_after_verb text_after_hello",
}


def test_tolerated():
    """Whatever is read by leave of a rule alone is said to be, in every mode that can be given it."""
    found = {mode: set() for mode in [*RULES_OF, "command"]}

    def tolerated(mode, octets, rule):
        strictly, leniently = (objects([*options, mode], octets) for options in ([], [f"--lenient={rule}"]))
        if mode in ("session", "client"):
            strictly, leniently = strictly[:-1], leniently[:-1]
        if mode in ("reply", "session", "client"):  # it is of one of several
            said = [t for answer in leniently for r in [answer, *answer.get("replies", [])] for t in r.get("tolerated", [])]
        else:
            said = leniently[0].get("tolerated", [])
        check(set(said) <= {rule}, f"{mode}: {octets!r} under {rule}: tolerated {said}")
        check("tolerated" not in str(strictly), f"{mode}: {octets!r}: tolerated without leave: {strictly}")
        if strictly != leniently:
            check(said and len(set(said)) == 1, f"{mode}: {octets!r} is read by leave of {rule}, and nothing says so: {leniently}")
            found[mode].add(rule)
        else:
            check(not said, f"{mode}: {octets!r} needs no {rule}, and it is said: {leniently}")

    for name, _, example in tables_of_reference()["Rules of leniency"]:
        rule, example = name.strip("`"), example.strip("`")
        if example[:3].isdigit():
            reply = example if example.endswith("\\n") else example + "\\r\\n"
            tolerated("reply", reply.encode() + b"\n", rule)
            # An answer to EHLO has the code 250.
            if rule != "odd_reply_code":
                tolerated("ehlo", re.sub(r"25\d ", "250 ", reply).replace("250-", "251-" if rule == "mixed_reply_codes" else "250-").encode() + b"\n", rule)
            tolerated("client", b"220 mx\r\n" + unescape(reply), rule)
            continue
        tolerated("command", example.encode() + b"\n", rule)
        octets = unescape(example)
        before = b"" if octets.upper().startswith((b"HELO", b"EHLO")) else b"EHLO a\r\n"
        before += b"MAIL FROM:<>\r\n" if octets.upper().startswith(b"RCPT") else b""
        tolerated("session", before + octets + (b"" if octets.endswith(b"\n") else b"\r\n"), rule)
        if m := re.match("(?:MAIL FROM|RCPT TO):(.*)", example):
            path = m[1]
            tolerated("path", path.encode() + b"\n", rule)
            if path.startswith("<") and not path.startswith("<@"):
                tolerated("mailbox", path[1:-1].encode() + b"\n", rule)
    for mode, known in RULES_OF.items():
        check(set(known.split()) <= found[mode], f"{mode}: no word of {set(known.split()) - found[mode]}")


def test_table():
    code, out, _ = run(["table", "--json"])
    rows = [json.loads(line) for line in out.splitlines()]
    check(code == 0 and len(rows) >= 100, f"table --json: {len(rows)} rows")
    cells = {(r["state"], r["event"]): r for r in rows}
    check(len(cells) == len(rows), "table: two rows for one cell")
    for cell, then in {("ready", "MAIL"): {"accepted": "mail", "refused": "ready", "effect": "begins", "brings": ["smtputf8", "binary", "prdr"], "in_order": True},
                       ("content", "end of content"): {"accepted": "ready", "continued": "content", "refused": "ready", "effect": "delivers", "asked": ["prdr"]},
                       ("rcpt", "DATA"): {"accepted": "content", "refused": "rcpt", "barred": ["binary"], "in_order": True},
                       ("mail", "DATA"): {"accepted": "content", "refused": "mail", "in_order": False},
                       ("ready", "AUTH"): {"accepted": "ready", "continued": "exchange", "needs": ["extended"], "barred": ["authenticated"],
                                           "sets": ["authenticated"], "extension": "AUTH"},
                       ("handshake", "TLS handshake"): {"accepted": "greeted", "refused": "closed", "clears": ["extended", "authenticated"]},
                       ("chunk", "end of chunk"): {"accepted": "chunks", "refused": "spoilt", "extension": "CHUNKING"}}.items():
        check(then.items() <= cells.get(cell, {}).items(), f"table: {cell}: {cells.get(cell)}, not {then}")
    check(("greeted", "MAIL") not in cells and ("ready", "RCPT") not in cells and not any(state == "closed" for state, _ in cells),
          "table: cells that must be absent")
    _, out, _ = run(["table"])
    text = out.decode()
    check(text.split("\n")[0].split() == "in on 2yz 3yz 4yz, 5yz needs does known".split(), f"table: {text[:80]}")
    check(max(map(len, text.splitlines())) <= 160 and re.search(r"^rcpt +DATA +- +content += +not binary$", text, re.M), "table: text")
    check(re.search(r"^mail +DATA \* ", text, re.M), "table: what is out of order is marked")
    _, dot, _ = run(["table", "--dot"])
    check(dot.startswith(b"digraph") and dot.rstrip().endswith(b"}") and b'ready -> mail [label="MAIL"];' in dot, "table --dot")
    _, mermaid, _ = run(["table", "--mermaid"])
    arrows = re.findall(r"^    (\w+) --> (\w+): (.*)$", mermaid.decode(), re.M)
    check(mermaid.startswith(b"stateDiagram-v2\n") and ("rcpt", "content", "DATA [not binary]") in arrows, "table --mermaid")
    check(len({arrow[:2] for arrow in arrows}) == len(arrows) <= 40, "table --mermaid: an arrow for each pair of states, and not too many")


def tables_of_reference():
    code, out, err = run(["reference"])
    text = out.decode()
    check(code == 0 and err == b"" and text.count("<details>") == text.count("</details>") == 7, "reference: seven tables")
    tables = {}
    for title, n, table in re.findall(r"<summary>([^<]*) \((\d+)\)</summary>\n\n(.*?)\n</details>\n", text, re.S):
        rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.splitlines()]
        check(len(rows) == int(n) + 2 and len({len(row) for row in rows}) == 1, f"reference: {title}: {n} rows")
        check(len({row[0] for row in rows}) == len(rows) and all(row[0] for row in rows), f"reference: {title}: a row without a name, or two with one")
        tables[title] = rows[2:]
    return tables


def test_reference():
    """Its tables are those of the library; what they say of leniency and of errors is tried out."""
    tables = tables_of_reference()
    check(list(tables) == ["Verbs", "Parameters of commands", "EHLO keywords", "Reply codes", "Enhanced status codes", "Errors", "Rules of leniency"],
          f"reference: {list(tables)}")
    with open(os.path.join(HERE, "..", "..", "include", "ehlo", "error.hpp")) as f:
        check([row[0] for row in tables["Errors"]] == [f"`{n}`" for n in re.findall(r"^    \{errc::(\w+),", f.read(), re.M)], "reference: errors")
    for row in tables["Verbs"]:
        answer = json.loads(run(["--json", "command"], row[0].encode())[1])
        check(answer["verb"] == row[0] and answer.get("error") in (None, "missing_argument"), f"reference: verb {row[0]}: {answer}")
    for rule, _, example in tables["Rules of leniency"]:
        rule, item = rule.strip("`"), example.strip("`").encode()
        mode = "ehlo" if rule == "blanks_in_ehlo_answer" else "reply" if "repl" in rule else "command"
        item += b"\n" if mode == "command" or item.endswith(b"\\n") else b"\\r\\n\n"
        strictly, leniently = (json.loads(run(["--json", *options, mode], item)[1]) for options in ([], [f"--lenient={rule}"]))
        tolerated = leniently["replies"][0]["tolerated"] if mode == "reply" else leniently.get("tolerated")
        # A client passes over what it cannot read in the answer to EHLO.
        refused = "error" in strictly or (mode == "ehlo" and strictly["capabilities"] != leniently["capabilities"] and "tolerated" not in strictly)
        check(refused and "error" not in leniently and tolerated == [rule], f"reference: {rule}: {strictly} {leniently}")
    replies = {row[0].strip("`"): " ".join(row[3:]) for row in tables["Errors"]}
    for arguments, cases in ITEMS:
        for _, expected in cases if arguments[-1] == "command" else []:
            if "error" in expected and "reply" in expected:
                code = expected["reply"].split(" ")[:2]
                check(" ".join(code) in replies[expected["error"]], f"reference: {expected['error']}: {replies[expected['error']]}, not {code}")


def test_usage():
    for arguments, word in [([], "mode"), (["frobnicate"], "frobnicate"), (["--frobnicate", "command"], "--frobnicate"),
                            (["command", "a", "b"], "too many"), (["command", "/no/such/file"], "/no/such/file"),
                            (["--chunk=0", "reply"], "--chunk"), (["--chunk", "reply"], "--chunk"), (["--chunk=x", "reply"], "--chunk"),
                            (["--chunk=99999999999999999999", "reply"], "--chunk"),
                            (["--lenient=typo", "command"], "space_after_colon"), (["--lenient=loose_dots,", "command"], "loose_dots"),
                            (["--lenient=", "command"], "loose_dots"), (["--json=1", "command"], "--json"), (["--lmtp", "command"], "--lmtp"),
                            (["--at-once", "client"], "session"), (["--at-once=1", "session"], "--at-once"),
                            (["--states", "command"], "watch"),
                            (["--lmtp=1", "session"], "--lmtp"), (["reference", "file"], "too many"), (["--json", "reference"], "Markdown"),
                            (["--tls=no", "client"], "--tls"), (["--auth", "client"], "--auth"),
                            (["--auth=ann", "client"], "--auth"), (["--auth=:secret", "client"], "--auth"), (["--auth=ann:secret", "session"], "client"),
                            (["--early=x", "client"], "--early"), (["--chunking=1", "client"], "--chunking"), (["--tls=may", "session"], "client"), (["--pipeline", "session"], "client"), (["--dot", "command"], "table"),
                            (["--dot", "--json", "table"], "--dot"), (["--bare=keep", "content"], "--bare"), (["--bare=pass", "session"], "--bare"),
                            (["table", "file"], "too many")]:
        code, out, err = run(arguments)
        check(code == 2 and out == b"" and word.encode() in err and b"--help" in err, f"{arguments}: {code} {out!r} {err!r}")
    for arguments in (["--help"], ["-h"], ["command", "--help"]):
        code, out, err = run(arguments)
        text = out.decode()
        check(code == 0 and err == b"" and text.startswith("usage: explain") and len(text.splitlines()) <= 70, f"{arguments}: {text}")
        check(all(mode in text for mode in "command path mailbox reply ehlo content encode write session client table reference".split()), "--help: modes")
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
    lmtp = run(["--lmtp", "session"], transcript("lmtp.txt"))[1]
    for chunk in CHUNKS[1:]:
        check(run(["--lmtp", f"--chunk={chunk}", "session"], transcript("lmtp.txt"))[1] == lmtp, f"LMTP session: chunk {chunk} for people")
    lines = lmtp.decode().splitlines()
    i = lines.index("  C: BDAT 13")
    check(lines[i + 2:i + 5] == ["  C:   these", "  C:   are.", "     (passed over: 13 octets of a chunk)"] and lines[i + 5].startswith("  S: 503 "),
          f"a chunk: {lines[i:i + 8]}")
    i = lines.index("  C: .")
    check(lines[i + 1:i + 5] == ["     (for <bob@server.example>)", "  S: 250 2.6.0 Message accepted", "     (for <dave@server.example>)",
                                 "  S: 250 2.6.0 Message accepted"], f"LMTP: {lines[i:i + 6]}")
    text = run(["session"], b"EHLO a\r\nBDAT 9\r\nab")[1].decode()
    check("  C: BDAT 9\n  C: ab\n       ^ here the client stopped\n\n  end: state ready" in text, f"a chunk cut off:\n{text}")
    text = run(["--lmtp", "client"], crlf("220 mx\n250 mx\n250 a\n550 b\n250 c\n354 go\n250 d\n221 bye\n"))[1].decode()
    check("     (for <carol@server.example>)\n  S: 250 d\n" in text and "delivered to 1 of 2 recipients" in text, f"LMTP client:\n{text}")
    text = run(["client"], crlf("220 mx\n250-mx\n25x ok\n"))[1].decode()
    check("  S: 25x ok\n       ^ a reply code should stand here" in text, f"client for people:\n{text}")
    text = run(["command"], b"MAIL FROM: <ann@example.org>\n")[1].decode()
    check("--lenient=space_after_colon would read it" in text, f"no hint:\n{text}")
    for mode in ("reply", "ehlo"):
        pasted, items = (run([mode], item)[1].decode() for item in (b"250-mx\n250 SIZE\n", b"250-mx\\r\\n250 SIZE\\r\\n250-mx\\r\\n\n"))
        check("each line of input is an item" in pasted and "an item" not in items, f"a reply of several items:\n{pasted}{items}")
    text = run(["command"], b"MAIL FROM:<ann@example.org> SIZE=10\n")[1].decode()
    check(text == "MAIL FROM:<ann@example.org> SIZE=10\n  verb        MAIL\n  path        <ann@example.org>\n  local       ann\n"
                  "  host        example.org\n  parameters  SIZE=10\n\n", f"aligned fields:\n{text}")
    text = run(["command"], b"MAIL FROM:<> ENVID=QQ+20314 BY=93784;RT SMTPUTF8 X-Y=\xE4\xBA\xBA\n")[1].decode()
    check("  parameters  ENVID=QQ+20314   QQ 314\n"
          "              BY=93784;RT      within 1 day 2 hours 3 minutes 4 seconds, or return it; tell of relays\n"
          "              SMTPUTF8\n"
          "              X-Y=\u4eba           (unknown to ehlo)\n\n" in text, f"notes:\n{text}")
    text = run(["ehlo"], b"250-mx\\r\\n250-SIZE 0\\r\\n250 XYZZY\n")[1].decode()
    check("  offers  SIZE 0   RFC 1870: no fixed limit\n          XYZZY    (unknown to ehlo)\n" in text, f"offers:\n{text}")


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
    for test in (test_cut_carets, test_sessions, test_clients, test_limits, test_reply_codes, test_tolerated, test_table, test_reference, test_usage, test_people, test_colours):
        try:
            test()
        except Exception as e:  # a test that stumbles has failed; the others go on
            check(False, f"{test.__name__}: {e!r}")
    for fault in explaining.faults[:40]:
        print("FAILED", fault)
    print(f"explain_test: {count} items, {explaining.checks} checks, {len(explaining.faults)} failed")
    return 1 if explaining.faults else 0


if __name__ == "__main__":
    sys.exit(main())
