#!/usr/bin/env python3
"""The examples of this folder, run: loops_test.py [--tls] [--client=PROGRAM]... [SERVER]

Tries the server, with --tls its STARTTLS, too; or lets the clients deliver to it, or without a server to scripted ones.
--lacks=PACKAGE skips all.
"""

import argparse
import sys
import unittest

sys.dont_write_bytecode = True

import loops_case as case
import loops_clients as clients
import loops_servers as servers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--client", action="append")
    parser.add_argument("--lacks")
    parser.add_argument("server", nargs="?")
    option = parser.parse_args()
    case.option = option
    if option.lacks:
        print(f"skipped: there is no {option.lacks}")
        sys.exit(77)
    if not option.client:
        classes = [servers.Sessions] + [servers.Tls] * option.tls
    elif not option.server:
        classes = [clients.Refusals, clients.CutOff]
    else:
        classes = [clients.Clients] + [clients.ClientsTls] * option.tls
    tests = unittest.TestSuite(map(unittest.defaultTestLoader.loadTestsFromTestCase, classes))
    sys.exit(not unittest.TextTestRunner().run(tests).wasSuccessful())


if __name__ == "__main__":
    main()
