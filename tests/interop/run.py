#!/usr/bin/env python3
"""Runs the interoperability tests: real mail programs against mailsink, post and relay.

    run.py --mailsink=PATH --post=PATH --relay=PATH --faults=PATH --postfix-cache=DIR [--only=GROUP]... [-k PATTERN]...
    run.py --matrix[=write]

Exit 0: passed. 1: failed; a program that cannot be had is a failure, too, so that no machine leaves it out in silence.
77: a program cannot be had, and EHLO_INTEROP_SKIP_MISSING=1 allows that; or no package of Debian's could help.
"""

import argparse
import os
import signal
import sys
import time
import unittest

sys.dont_write_bytecode = True  # the source tree stays clean

import harness
import matrix
import test_answers
import test_clients
import test_dovecot
import test_envelopes
import test_exim
import test_haraka
import test_left_running
import test_libraries
import test_load
import test_log
import test_made_up_servers
import test_post
import test_programs
import test_proxy
import test_relay
import test_relay_programs
import test_relays
import test_servers
import test_sockets
import test_spool
import test_tls

GROUPS = {
    "swaks": [test_clients.Swaks],
    "curl": [test_clients.Curl],
    "msmtp": [test_clients.Msmtp],
    "smtplib": [test_clients.Smtplib],
    "perl": [test_clients.NetSmtp],
    "smtp-source": [test_load.SmtpSource],
    "load": [test_load.Post],
    "aiosmtpd": [test_post.Aiosmtpd],
    "smtp-sink": [test_post.SmtpSink],
    "post": [test_post.ToMailsink, test_made_up_servers.MadeUpServers, test_made_up_servers.EightBit, test_made_up_servers.Utf8Addresses],
    "refusals": [test_made_up_servers.UnaskedReplies],
    "spool": [test_spool.Names, test_spool.Envelopes, test_spool.Crashes, test_spool.Troubles],
    "left-running": [test_left_running.Stderr, test_left_running.Addresses, test_left_running.Ending, test_left_running.Limits],
    "sockets": [test_sockets.Delivery, test_sockets.Interrupted, test_sockets.Smuggling, test_sockets.Endurance],
    "answers": [test_answers.Relaying, test_answers.Expansion, test_answers.Settings],
    "proxy": [test_proxy.HaProxy, test_proxy.Headers],
    "log": [test_log.Logs],
    "tls": [test_tls.Ways, test_tls.Trust, test_answers.StartTls],
    "programs": [test_programs.Swaks, test_programs.Curl, test_programs.Msmtp, test_programs.Smtplib, test_programs.Nodemailer],
    "programs-2": [test_programs.OpenSmtpd, test_programs.Aiosmtplib, test_programs.NetSmtp],
    "servers": [test_servers.Aiosmtpd, test_servers.SmtpServer],
    "dovecot": [test_dovecot.Lmtp, test_dovecot.Submission],
    "relays": [test_exim.Exim, test_relays.OpenSmtpd],
    "relays-2": [test_relays.Postfix, test_relays.Sendmail],
    "haraka": [test_haraka.Haraka],
    "libraries": [test_libraries.PhpMailer, test_libraries.Ruby, test_libraries.Go],
    "java": [test_libraries.JavaMail],
    "envelopes": [test_envelopes.Curl, test_envelopes.Swaks, test_envelopes.Smtplib, test_envelopes.Msmtp, test_envelopes.NetSmtp,
                  test_envelopes.Nodemailer, test_envelopes.OpenSmtpd],
    "cut-off": [test_tls.CutOff],
    **test_relay.GROUPS,
    **test_relay_programs.GROUPS,
}


def arguments():
    parser = argparse.ArgumentParser(description="Interoperability tests of mailsink and post.")
    parser.add_argument("--matrix", nargs="?", choices=("check", "write"), const="check",
                        help="only: is the table in tests/README.md that of these tests? Or write it")
    parser.add_argument("--mailsink", required="--matrix" not in " ".join(sys.argv), help="the server under test")
    parser.add_argument("--post", required="--matrix" not in " ".join(sys.argv), help="the client under test")
    parser.add_argument("--relay", help="the relay under test; without it, its tests fail")
    parser.add_argument("--faults", help="the library that faults.cpp becomes; without it, tests that need it fail")
    parser.add_argument("--postfix-cache", required="--matrix" not in " ".join(sys.argv),
                        help="directory to unpack packages into")
    parser.add_argument("--only", action="append", choices=GROUPS, help="run this group; may be repeated")
    parser.add_argument("-k", dest="patterns", action="append", help="run the tests whose name has this in it")
    parser.add_argument("--deadline", type=int, help="seconds after which everything is given up; 150 for each group")
    options = parser.parse_args()
    options.deadline = options.deadline or 150 * len(options.only or GROUPS)
    return options


def give_up(*_):
    # An exception, so that the cleanup ends whatever was started.
    raise TimeoutError("the deadline for this run has passed")


def main():
    options = arguments()
    if options.matrix:
        current = matrix.check(options.matrix == "write")
        print("The table is current." if current else "tests/README.md is not current: interop/run.py --matrix=write")
        return 0 if current else 1
    harness.mailsink = os.path.abspath(options.mailsink)
    harness.post = os.path.abspath(options.post)
    harness.relay = options.relay and os.path.abspath(options.relay)
    harness.faults = options.faults and os.path.abspath(options.faults)
    harness.postfix_cache = os.path.abspath(options.postfix_cache)
    cases = [case for group in options.only or GROUPS for case in GROUPS[group]]
    try:
        for case in cases:
            case.require()
    except harness.Missing as missing:
        print(f"Cannot run: {missing}", file=sys.stderr)
        allowed = isinstance(missing, harness.Unavailable) or os.environ.get("EHLO_INTEROP_SKIP_MISSING") == "1"
        return 77 if allowed else 1

    loader = unittest.TestLoader()
    if options.patterns:
        loader.testNamePatterns = [f"*{pattern}*" for pattern in options.patterns]
    tests = unittest.TestSuite(map(loader.loadTestsFromTestCase, cases))
    if tests.countTestCases() == 0:
        print("No test has such a name.", file=sys.stderr)
        return 1
    harness.deadline = time.monotonic() + options.deadline
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(options.deadline)
    return 0 if unittest.TextTestRunner(verbosity=2).run(tests).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
