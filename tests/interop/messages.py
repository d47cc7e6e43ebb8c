"""The messages that every program has to carry without changing an octet.

All have CRLF line ends, as on the wire before dot-stuffing. Headers hold nothing that a client of ours
would replace (swaks expands %TOKENS% and the two characters backslash n; none of them occurs here).
"""

import base64
import random

CRLF = b"\r\n"


def _headers(subject):
    return CRLF.join([
        b"From: a@example.com",
        b"To: b@example.com",
        b"Subject: " + subject,
        b"Date: Mon, 02 Nov 2026 10:00:00 +0000",
        b"Message-ID: <" + subject.replace(b" ", b".") + b"@example.com>",
    ]) + CRLF


def _message(subject, lines):
    return _headers(subject) + CRLF + b"".join(line + CRLF for line in lines)


_DOT_LINES = [
    b".", b"..", b"...", b". ", b".text after a dot", b"..two dots", b"text.", b"", b".", b"",
    b".\tdot and tab", b" .", b".QUIT", b"QUIT", b"." * 70, b"the last line",
]


def _long_lines():
    # RFC 5321 4.5.3.1.6: 1000 octets with CRLF, and the dot that transparency adds is not counted. The second
    # line is therefore legal, and 1001 octets long on the wire.
    ruler = b"".join(b"%09d-" % (10 * n) for n in range(1, 101))
    return [ruler[:998], b"." + ruler[:997], b"x" * 998, b"short"]


def _base64_lines():
    octets = random.Random(5321).randbytes(786432)  # 1 MiB = 1048576 characters of base64
    text = base64.b64encode(octets)
    return [text[at:at + 76] for at in range(0, len(text), 76)]


def _everything():
    every_high_octet = bytes(range(128, 256))
    controls = bytes(n for n in range(1, 32) if n not in (10, 13)) + b"\x7f"
    return (_DOT_LINES + _long_lines() + [every_high_octet, b"." + every_high_octet, controls,
            "żółw, 亀, 🐢".encode(), b"\t", b" ", b""] + _base64_lines()[:2000] + [b".", b"", b"", b"end"])


DOTS = _message(b"dots", _DOT_LINES)
LINE_998 = _message(b"line 998", _long_lines())
EMPTY_BODY = _headers(b"empty body") + CRLF
BASE64 = _message(b"base64", _base64_lines())
EVERYTHING = _message(b"everything", _everything())
# The content's own last line is a dot: on the wire it is "..", then the end of the content follows at once.
DOT_LAST = _message(b"dot last", [b"text", b".", b"."])
NO_OCTETS = b""

# The order is that of the issue; the rest are additions.
ALL = {
    "dots": DOTS,
    "line-998": LINE_998,
    "empty-body": EMPTY_BODY,
    "base64": BASE64,
    "everything": EVERYTHING,
    "dot-last": DOT_LAST,
    "no-octets": NO_OCTETS,
}


def one_test_each(without=None):
    """Decorates a test case: one test for each message, named after it, that calls check(content)."""
    def decorate(case):
        for name, content in ALL.items():
            def test(self, content=content):
                self.check(content)
            if name != without:
                setattr(case, "test_" + name.replace("-", "_"), test)
        return case
    return decorate


def with_lf(content):
    """The same text as a Unix file."""
    assert b"\r" not in content.replace(CRLF, b""), "only for messages without bare CR"
    return content.replace(CRLF, b"\n")
