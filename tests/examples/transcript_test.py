#!/usr/bin/env python3
"""Tests of explain's watch mode on conversations as programs write them down: transcript_test.py PATH_TO_EXPLAIN

transcripts/swaks.txt is what swaks 20201014 printed, transcripts/curl.txt what curl -sv (7.88.1) did; the other two are
written by hand as sendmail -v and Postfix's notices have it.
"""
import os
import sys
import tempfile

import explaining
from explaining import check, objects, run

explaining.program = sys.argv[1] if len(sys.argv) == 2 else sys.exit(__doc__)
HERE = os.path.dirname(os.path.abspath(__file__))
work = tempfile.TemporaryDirectory()


def kept(text, name="transcript"):
    path = os.path.join(work.name, name)
    with open(path, "wb") as f:
        f.write(text.encode())
    return path


def recorded(name):
    with open(os.path.join(HERE, "transcripts", name + ".txt"), encoding="utf-8", newline="") as f:
        return f.read()


def watched(text):
    return objects(["watch", kept(text)], b"", lambda i: text[:40])


def of(events, kind):
    return [e for e in events if e["event"] == kind]


def verbs(events):
    return [e["verb"] for e in of(events, "command")]


def codes(events):
    return [(e["to"], e["code"]) for e in of(events, "reply")]


BOTH = [{"to": "<bob@example.org>", "code": 250}, {"to": "<nobody@example.org>", "code": 550}]

# ------------------------------------------------------------------------------------- what programs write

for program, octets, more in (("swaks", 225, "AUTH"), ("curl", None, "AUTH"), ("sendmail", None, "STARTTLS EHLO"), ("postfix", None, "")):
    events = watched(recorded(program))
    ends = [] if program == "curl" else ["QUIT"]   # which is left connected
    check(verbs(events) == ["EHLO", *more.split(), "MAIL", "RCPT", "RCPT", "DATA", *ends], f"{program}: {verbs(events)}")
    check(("RCPT", 550) in codes(events) and ("DATA", 354) in codes(events) and ("end of content", 250) in codes(events), f"{program}: {codes(events)}")
    transactions = of(events, "transaction")
    check(len(transactions) == 1, f"{program}: {transactions}")
    for t in transactions:
        check(t["from"] == "<ann@client.example>" and sorted(t["recipients"], key=lambda r: r["to"]) == BOTH and t["octets"] == octets and t["outcome"] == 250,
              f"{program}: {t}")
    check(not of(events, "departure") and not of(events, "gap") and events[-1]["sure"], f"{program}: {events}")
    check([e["octets"] for e in of(events, "content")] == [octets], f"{program}: what it does not show is not counted")
    people = run(["watch", kept(recorded(program))])[1].decode()
    check("AGFubgBzZWNyZXQ=" not in people and ("AUTH" not in more or "***" in people), f"{program}: secrets are masked\n{people}")
    check(("? octets" in people) == (octets is None) and ("(content, which is not shown)" in people) == (octets is None), f"{program}: {people}")
    check("cannot be read" not in people and ("(TLS)" in people) == ("STARTTLS" in more), f"{program}: what follows STARTTLS is read\n{people}")
    # CRLF or LF, and blanks lost at the ends of lines: the same.
    for other in (recorded(program).replace("\r\n", "\n"), recorded(program).replace("\r\n", "\n").replace("\n", "\r\n")):
        check(watched(other) == events, f"{program}: line ends")
    lost = "\n".join(line.rstrip() for line in recorded(program).split("\n"))
    check(verbs(watched(lost)) == verbs(events), f"{program}: without blanks at the ends of lines")
    for chunk in (1, 3):
        check(run([f"--chunk={chunk}", "watch", kept(recorded(program))])[1].decode() == people, f"{program}: --chunk={chunk}")

# Under TLS, from STARTTLS on or from the beginning.
TLS = "=== TLS started with cipher TLSv1.3:TLS_AES_256_GCM_SHA384:256\n ~> EHLO me\n<~  250 mx\n ~> MAIL FROM:<a@b>\n<~* 550 no\n ~> QUIT\n<~  221 bye\n"
events = watched("<-  220 mx\n -> EHLO me\n<-  250-mx\n<-  250 STARTTLS\n -> STARTTLS\n<-  220 go\n" + TLS)
check(verbs(events) == "EHLO STARTTLS EHLO MAIL QUIT".split() and codes(events)[-2:] == [("MAIL", 550), ("QUIT", 221)] and not of(events, "departure"), f"swaks, TLS: {events}")
events = watched(TLS.replace(" ~> EHLO", "<~  220 mx\n ~> EHLO", 1))
check(verbs(events) == "EHLO MAIL QUIT".split() and not of(events, "departure"), f"swaks, TLS from the beginning: {events}")
events = watched("S: 220 mx\nC: EHLO me\nS: 250-mx\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\nC: EHLO me\nS: 250 mx\nC: QUIT\nS: 221 bye\n")
check(verbs(events) == "EHLO STARTTLS EHLO QUIT".split() and not of(events, "departure"), f"C: and S:, TLS: {events}")
# What is said in the clear after STARTTLS is odd in any of them.
for c, s in (("C: ", "S: "), (" -> ", "<-  "), ("> ", "< "), (">>> ", ""), ("In: ", "Out: ")):
    events = watched(f"{s}220 mx\n{c}EHLO me\n{s}250-mx\n{s}250 STARTTLS\n{c}STARTTLS\n{c}NOOP\n{s}220 go\n")
    check([e["name"] for e in of(events, "departure")] == ["after_starttls"], f"{c}: {events}")

# A refusal instead of the content; and a transcript that has the content after all.
for c, s in (("> ", "< "), (">>> ", "<<< "), (" In:  ", " Out: ")):
    begin = f"{s}220 mx\n{c}EHLO me\n{s}250 mx\n{c}MAIL FROM:<a@b>\n{s}250 ok\n{c}RCPT TO:<c@d>\n{s}250 ok\n{c}DATA\n"
    t = of(watched(begin + f"{s}354 go\n{s}554 no\n{c}MAIL FROM:<a@b>\n{s}250 ok\n{c}QUIT\n{s}221 bye\n"), "transaction")
    check([(x["what"], x["outcome"]) for x in t] == [("refused", 554), ("abandoned", None)], f"{c}: {t}")
    t = of(watched(begin + f"{s}354 go\n{c}a line\n{c}.\n{s}250 ok\n"), "transaction")
    check([(x["what"], x["outcome"], x["octets"]) for x in t] == [("delivered", 250, 8)], f"{c}: {t}")
    events = watched(begin + f"{s}503 no\n{c}QUIT\n{s}221 bye\n")
    check(verbs(events)[-1] == "QUIT" and not of(events, "content"), f"{c}: DATA refused: {events}")

# Postfix's client has it the other way round.
events = watched(recorded("postfix").replace(" Out:", " X:").replace(" In: ", " Out:").replace(" X:", " In: "))
check(verbs(events) == "EHLO MAIL RCPT RCPT DATA QUIT".split() and len(of(events, "transaction")) == 1, f"smtp(8): {events}")

# With "<<< " other lines are remarks, even one that looks like a reply; where there are "C:" and "S:", all else is.
check(codes(watched("<<< 220 mx\n250 remarks\n>>> EHLO me\n<<< 250 mx\n")) == [("greeting", 220), ("EHLO", 250)], "remarks")
check(codes(watched("> a quotation\n -> of others\nS: 220 mx\nC: QUIT\n250 remarks\nS: 221 bye\n")) == [("greeting", 220), ("QUIT", 221)], "C: and S: decide")

# ------------------------------------------------------------------------------------- what is not clear is told, and where

for text, why in (("Dear Bob,\n", "no line begins with \"C:\" or \"S:\", nor as swaks, sendmail -v, curl -v or Postfix"),
                  ("a remark\n -> EHLO me\n<-  250 mx\n>>> QUIT\n221 bye\n", "line 4 begins with \">>> \", and line 2 begins with \" -> \": which of them tells who speaks is not clear"),
                  ("> EHLO me\n\nIn: EHLO me\nOut: 250 mx\n", "line 3 begins with \"In:\", and line 1 begins with \"> \""),
                  ("\n\n>>> import smtplib\n>>> 1 + 1\n2\n", "line 3 begins with \">>> \", and no line is a server's"),
                  ("one\n> two\n> three\n", "line 2 begins with \"> \", and no line is a server's"),
                  ("\nIn: a\nOut: b\n", "line 2 begins with \"In:\", and whether \"In:\" or \"Out:\" is the server's is not clear: neither begins with a reply"),
                  ("In: 220 a\nOut: 220 b\n", "both begin with a reply"),
                  ("In: EHLO a\nIn: NOOP\n", "neither begins with a reply")):
    code, out, _ = run(["watch", kept(text)])
    check(code == 1 and why in out.decode(), f"{text!r}: {code} {out.decode()}")
    code, out, _ = run(["--json", "watch", kept(text)])
    check(code == 1 and b'"event":"unreadable"' in out and b'"event":"connection"' not in out, f"{text!r}: {out.decode()}")
code, out, _ = run(["watch", kept("Dear Bob,\n"), kept(recorded("swaks"), "other")])
check(code == 1 and b"delivered 250, 225 octets" in out, "one that cannot be read does not keep others from it")

print("\n".join("FAILED " + f for f in explaining.faults) or f"{explaining.checks} checks passed")
sys.exit(bool(explaining.faults))
