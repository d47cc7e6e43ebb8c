#!/usr/bin/env python3
"""Whole programs on loopback: mailsink against Postfix's smtp-sink, aiosmtpd, Exim and Postfix, post against Postfix's smtp-source; in the
clear, with TLS, and in chunks.

    bench/end_to_end.py [--build=build/gcc] [--quick] [--json]

Every pair of generator and sink runs in turn, in as many rounds as fit into the time (--seconds). A cell of the table is
the median over the rounds; a ratio is the median of the ratios within a round, so that a machine whose clock swings
does little harm. CPU is the sink's (or generator's) own user and system time for a message: on a machine with few
processors the slower of the two programs hides how fast the other is, and this does not.

smtp-sink, aiosmtpd and `mailsink --discard` keep nothing; smtp-sink does not even parse. `mailsink` writes a file for
each message, to memory (/dev/shm) where there is such a thing, so that it is not the disk that is measured.
smtp-source sends commands one at a time; post sends those together that may go together, so "smtp-sink -p", which
does not offer PIPELINING, is there for a comparison in lock step. Only post speaks TLS and BDAT, so that with these only sinks
are compared: those that can do it. Exim and Postfix do more than all others: they keep the message in a spool until it is
dropped (mail_servers.py), and serve each connection in a process. Where they cannot run, they are left out.

Exit 1: a program is missing or went wrong, or a message was lost. 77: a program is missing, and EHLO_INTEROP_SKIP_MISSING=1
allows that.
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/interop"))

import harness  # noqa: E402
import mail_servers  # noqa: E402
import postfix  # noqa: E402
import test_post  # noqa: E402

# Octets of the body, connections at once, and whether a connection is kept for more than one message.
ROWS = [(100, 1, False), (100, 10, False), (100, 50, False), (100, 200, False),
        (100, 50, True), (4096, 50, True), (65536, 50, True), (1 << 20, 10, True)]
QUICK_ROWS = [(100, 50, False), (4096, 50, True), (1 << 20, 10, True)]

SINK, LOCK_STEP, AIOSMTPD, DISCARD, STORE = "smtp-sink", "smtp-sink -p", "aiosmtpd", "mailsink --discard", "mailsink"
EXIM, POSTFIX = mail_servers.SERVERS
SOURCE, POST, POST_TLS, POST_BDAT = "smtp-source", "post", "post --tls", "post --bdat"
CELLS = [(SOURCE, SINK), (SOURCE, DISCARD), (SOURCE, STORE), (SOURCE, AIOSMTPD), (SOURCE, LOCK_STEP),
         (POST, SINK), (POST, DISCARD), (POST, STORE), (POST, LOCK_STEP)]
# What else is said, in fewer rows. Exim and Postfix are here only: they are an order slower.
WAYS = {"In the clear, pipelined": [(POST, DISCARD), (POST, STORE), (POST, AIOSMTPD), (POST, EXIM), (POST, POSTFIX)],
        "With STARTTLS": [(POST_TLS, sink) for sink in (DISCARD, STORE, AIOSMTPD, EXIM, POSTFIX)],
        "With BDAT": [(POST_BDAT, sink) for sink in (DISCARD, STORE, EXIM, POSTFIX)]}
OPTIONS = {POST: [], POST_TLS: ["--tls=required", "--insecure"], POST_BDAT: ["--bdat"]}

# Its own runner listens with a backlog of 100, too few for 200 connections at once.
AIOSMTPD_PROGRAM = """
import asyncio, ssl, sys, aiosmtpd.smtp
tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain(sys.argv[1], sys.argv[2])
class Discard:
    async def handle_DATA(self, server, session, envelope):
        return "250 2.0.0 ok"
async def main():
    server = await asyncio.get_running_loop().create_server(
        lambda: aiosmtpd.smtp.SMTP(Discard(), hostname="sink.example", tls_context=tls), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


class Server:
    """A sink that runs."""

    def __init__(self, program, port, directory=None):
        self.program = program
        self.port = port
        self.directory = directory
        self.expected = 0  # messages

    def cpu(self):
        """Seconds of user and system time so far."""
        if self.program.process.poll() is not None:
            raise RuntimeError(f"{self.program.name} ended:\n{self.program.err().decode(errors='replace')}")
        return self.program.cpu()

    def clear(self):
        if self.directory:
            for path in self.directory.iterdir():
                path.unlink()


class Bench:
    def __init__(self, stack, scratch, options):
        self.stack = stack
        self.scratch = scratch
        self.options = options
        self.source = postfix.tool("smtp-source")
        self.messages = {}
        self.certificate, self.key = harness.certificate(scratch)
        for path in (self.certificate, self.key):
            path.chmod(0o644)  # for users of servers, too

    def start(self, argv, env=None):
        program = harness.Program(argv, self.scratch, env)
        self.stack.callback(program.kill)
        return program

    def printed_port(self, program):
        line = program.wait_for(lambda: program.out().endswith(b"\n") and program.out(), "the port it listens on")
        return int(re.search(rb"(\d+)\n", line)[1])

    def mailsink(self, *options, directory=None):
        program = self.start([harness.mailsink, "--port=0", "--name=sink.example", f"--certificate={self.certificate}",
                              f"--key={self.key}", *options])
        return Server(program, self.printed_port(program), directory)

    def folder(self):
        """In memory, where there is such a thing."""
        memory = pathlib.Path("/dev/shm")
        directory = pathlib.Path(tempfile.mkdtemp(prefix="ehlo-bench-", dir=memory if memory.is_dir() else None))
        self.stack.callback(shutil.rmtree, directory, ignore_errors=True)
        return directory

    def store(self):
        directory = self.folder()
        return self.mailsink(f"--dir={directory}", directory=directory)

    def aiosmtpd(self):
        program = self.start([test_post.interpreter(), "-c", AIOSMTPD_PROGRAM, self.certificate, self.key])
        return Server(program, self.printed_port(program))

    def smtp_sink(self, *options):
        return self.at_a_free_port(lambda port: self.start(
            [postfix.tool("smtp-sink"), *postfix.user_option(), "-h", "sink.example", *options, f"127.0.0.1:{port}", "1024"],
            postfix.environment()))

    def mail_server(self, name):
        def start(port):
            folder = self.folder()
            folder.chmod(0o755)
            program = mail_servers.start(name, folder, port, self.certificate, self.key)
            self.stack.callback(program.kill)
            return program
        return self.at_a_free_port(start)

    def at_a_free_port(self, start):
        # They cannot pick a port and tell: another program may take the one that was free a moment ago.
        for _ in range(5):
            with socket.create_server(("127.0.0.1", 0)) as probe:
                port = probe.getsockname()[1]
            program = start(port)
            with contextlib.suppress(AssertionError):  # it has ended
                program.wait_for(lambda: _answers(port), "answer")
                return Server(program, port)
        raise RuntimeError(f"{program.name} does not start:\n{program.err().decode(errors='replace')}")

    def servers(self):
        all = self.own_servers()
        for name in mail_servers.SERVERS:
            try:
                all[name] = self.mail_server(name)
            except harness.Missing as why:
                print(f"end_to_end.py: without {name}: {why}", file=sys.stderr)
        return all

    def own_servers(self):
        return {SINK: self.smtp_sink(), LOCK_STEP: self.smtp_sink("-p"), AIOSMTPD: self.aiosmtpd(),
                DISCARD: self.mailsink("--discard"), STORE: self.store()}

    def message(self, size):
        """What smtp-source -l would send, as a file."""
        if size not in self.messages:
            header = b"From: <a@example.com>\r\nTo: <b@example.com>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n" \
                     b"Message-Id: <0000.0000.0000@client.example>\r\n\r\n"
            lines, rest = divmod(size, 80)
            path = self.scratch / f"message.{size}"
            path.write_bytes(header + (b"X" * 78 + b"\r\n") * lines + b"X" * rest + b"\r\n")
            self.messages[size] = path
        return self.messages[size]

    def run(self, generator, server, row, count):
        """Messages per second, and seconds of CPU for a message: of the sink, of the generator."""
        size, connections, kept = row
        connections = min(connections, count)
        if generator == SOURCE:
            argv = [self.source, "-m", count, "-s", connections, "-l", size, "-f", "a@example.com", "-t", "b@example.com",
                    *(["-d"] if kept else []), f"127.0.0.1:{server.port}"]
        else:
            argv = [harness.post, f"--port={server.port}", "--from=a@example.com", "--to=b@example.com",
                    f"--repeat={count}", f"--connections={connections}", *([] if kept else ["--reconnect"]),
                    *OPTIONS[generator], self.message(size)]
        before = server.cpu()
        begin = time.perf_counter()
        process = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, env=os.environ | postfix.environment(), start_new_session=True)
        try:
            said = process.stderr.read()  # to its end; the alarm ends what hangs
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            process.stderr.close()
            if process.returncode is None:
                process.kill()
                process.wait()
        wall = time.perf_counter() - begin
        if process.returncode != 0:
            raise RuntimeError(f"{generator} failed with {process.returncode}:\n{said.decode(errors='replace')}")
        server.expected += count
        cpu = max(server.cpu() - before, 1e-6)  # where it is counted in ticks, none may have passed
        server.clear()
        own = max(used.ru_utime + used.ru_stime, 1e-6)
        return {"rate": count / wall, "sink_cpu": cpu / count, "generator_cpu": own / count}

    def calibrate(self, generator, server, row):
        """How many messages take about as long as a cell may."""
        count = 2 * row[1]
        while True:
            wall = count / self.run(generator, server, row, count)["rate"]
            if wall > self.options.cell / 4:
                return max(row[1], round(count * self.options.cell / wall))
            count = count * 2

    def measure(self, rows):
        servers = self.servers()
        begin = time.monotonic()
        ways = {cell for cells in WAYS.values() for cell in cells}
        pairs = [(row, cell) for row in rows for cell in dict.fromkeys([*CELLS, *(ways if row in QUICK_ROWS else [])]) if cell[1] in servers]
        counts = {(row, cell): self.calibrate(cell[0], servers[cell[1]], row) for row, cell in pairs}
        results = {key: [] for key in counts}
        round_begin = time.monotonic()
        while True:
            for row, cell in pairs:
                results[row, cell].append(self.run(cell[0], servers[cell[1]], row, counts[row, cell]))
            now = time.monotonic()
            if now + (now - round_begin) - begin > self.options.seconds:
                break
            round_begin = now
        for name in (DISCARD, STORE):
            self.nothing_lost(name, servers[name])
        return results

    def nothing_lost(self, name, server):
        server.program.stop()
        total = re.search(rb"^(\d+) messages", server.program.out(), re.MULTILINE)
        counted = int(total[1]) if total else -1
        if counted != server.expected:
            raise RuntimeError(f"{name} counted {counted} messages, {server.expected} were sent")


def _answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            return connection.recv(4)
    except OSError:
        return False


def median(results, row, cell, what):
    return statistics.median(run[what] for run in results[row, cell])


def ratio(results, row, better, worse, what):
    """The median over the rounds; more than 1 is good for `better`: a rate is to be high, a time is to be low."""
    pairs = zip(results[row, better], results[row, worse], strict=True)
    ratios = [ours[what] / theirs[what] for ours, theirs in pairs]
    return statistics.median(r if what == "rate" else 1 / r for r in ratios)


def amount(octets):
    return f"{octets >> 20} MiB" if octets >= 1 << 20 else f"{octets >> 10} KiB" if octets >= 1024 else f"{octets}"


COMPARISONS = {
    "sinks": [((SOURCE, DISCARD), (SOURCE, SINK)), ((SOURCE, STORE), (SOURCE, SINK)), ((SOURCE, DISCARD), (SOURCE, AIOSMTPD))],
    "sinks under post": [((POST, DISCARD), (POST, SINK)), ((POST, STORE), (POST, SINK))],
    "generators": [((POST, SINK), (SOURCE, SINK)), ((POST, LOCK_STEP), (SOURCE, LOCK_STEP)), ((POST, DISCARD), (SOURCE, DISCARD))],
}


def octets_per_second(size, rate):
    return f", {size * rate / 1e6:,.0f} MB/s" if size >= 65536 else ""


def table(results, rows, cells, comparisons, cpu, name_cell, name_comparison):
    heads = ["message", "connections", *map(name_cell, cells), *(name_comparison(*pair) for pair in comparisons)]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" + "---:|" * (len(heads) - 1)]
    for row in rows:
        size, connections, kept = row
        line = [amount(size), f"{connections}, {'kept' if kept else 'one each'}"]
        for cell in cells:
            rate = median(results, row, cell, "rate")
            line.append(f"{rate:,.0f}/s{octets_per_second(size, rate)}, {1e6 * median(results, row, cell, cpu):,.0f} µs")
        for pair in comparisons:
            line.append(f"**{ratio(results, row, *pair, 'rate'):.2f}** / {ratio(results, row, *pair, cpu):.2f}")
        lines.append("| " + " | ".join(line) + " |")
    return "\n".join(lines)


def markdown(results, rows):
    rounds = len(next(iter(results.values())))
    under = [cell for cell in CELLS if cell[0] == SOURCE and cell[1] != LOCK_STEP]
    under_post = [cell for cell in CELLS if cell[0] == POST and cell[1] != LOCK_STEP]
    against = [(g, s) for s in (SINK, LOCK_STEP, DISCARD) for g in (SOURCE, POST)]
    sink = lambda cell: cell[1]
    sinks = lambda ours, theirs: f"{ours[1]} : {theirs[1]}"
    return "\n\n".join([
        f"Messages per second and CPU time for a message, medians of {rounds} rounds on {os.cpu_count()} processors. "
        "Ratios are those of **speed** / of CPU time; more than 1 is good for ehlo. \"one each\": a connection for each "
        "message, so these are sessions, too. Rates are by the clock on the wall, and so depend on what else runs.",
        "Sinks under smtp-source (CPU time of the sink):",
        table(results, rows, under, COMPARISONS["sinks"], "sink_cpu", sink, sinks),
        "Sinks under post:",
        table(results, rows, under_post, COMPARISONS["sinks under post"], "sink_cpu", sink, sinks),
        "Generators (CPU time of the generator; smtp-sink -p: without PIPELINING):",
        table(results, rows, against, COMPARISONS["generators"], "generator_cpu",
              lambda cell: f"{cell[0]} → {cell[1]}", lambda ours, theirs: f"{ours[0]} : {theirs[0]} → {ours[1]}"),
        *(f"{way}, under post (CPU time of the sink, all its processes):\n\n" + ways_table(results, cells, sink, sinks)
          for way, cells in WAYS.items()),
    ])


def ways_table(results, cells, name_cell, name_comparison):
    rows = [row for row in QUICK_ROWS if (row, cells[0]) in results]
    here = [cell for cell in cells if (rows[0], cell) in results]
    against = [(ours, theirs) for ours in here for theirs in here
               if (ours[1], theirs[1]) in ((DISCARD, AIOSMTPD), (STORE, EXIM), (STORE, POSTFIX))]
    return table(results, rows, here, against, "sink_cpu", name_cell, name_comparison)


def as_json(results, rows):
    def numbers(row, cell):
        return {what: median(results, row, cell, what) for what in ("rate", "sink_cpu", "generator_cpu")} | {
            "generator": cell[0], "sink": cell[1], "rounds": results[row, cell]}

    def compared(row, kind, ours, theirs):
        cpu = "generator_cpu" if kind == "generators" else "sink_cpu"
        return {"ours": list(ours), "theirs": list(theirs), "rate": ratio(results, row, ours, theirs, "rate"),
                "cpu": ratio(results, row, ours, theirs, cpu)}

    return json.dumps({
        "machine": {"processors": os.cpu_count(), "kernel": platform.release(), "load": os.getloadavg()},
        "rows": [{"octets": row[0], "connections": row[1], "kept": row[2], "cells": [numbers(*key) for key in results if key[0] == row],
                  "ratios": [compared(row, kind, *pair) for kind, pairs in COMPARISONS.items() for pair in pairs]}
                 for row in rows]}, indent=1)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--build", default=str(ROOT / "build/gcc"), help="where mailsink and post were built (build/gcc)")
    parser.add_argument("--mailsink", help="the program, if it is elsewhere")
    parser.add_argument("--post", help="the program, if it is elsewhere")
    parser.add_argument("--postfix-cache", help="directory to unpack Postfix's tools into")
    parser.add_argument("--quick", action="store_true", help="three rows in a minute")
    parser.add_argument("--seconds", type=float, help="begin no round that would end later than this (240; quick: 40)")
    parser.add_argument("--cell", type=float, help="seconds for one run (0.3; quick: 0.2)")
    parser.add_argument("--json", action="store_true", help="print JSON, with every single run, instead of Markdown")
    options = parser.parse_args()
    options.seconds = options.seconds or (40 if options.quick else 240)
    options.cell = options.cell or (0.2 if options.quick else 0.3)
    return options


def interrupted(number, _):
    # An exception, so that whatever was started is ended.
    raise RuntimeError(f"given up: {signal.Signals(number).name}")


def main():
    options = arguments()
    build = pathlib.Path(options.build) / "tests"
    harness.mailsink = os.path.abspath(options.mailsink or build / "mailsink")
    harness.post = os.path.abspath(options.post or build / "post")
    harness.postfix_cache = os.path.abspath(options.postfix_cache or build / "interop/postfix")
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, interrupted)
    signal.alarm(int(options.seconds * 2) + 120)  # each pair runs once at least, on a busy machine too
    rows = QUICK_ROWS if options.quick else ROWS
    try:
        for program in (harness.mailsink, harness.post):
            if not os.access(program, os.X_OK):
                raise harness.Missing(f"{program} is not there; build it first (cmake --preset gcc && cmake --build --preset gcc "
                                      "--target mailsink post), or say where it is (--build)")
        with contextlib.ExitStack() as stack:
            scratch = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ehlo-bench-")))
            scratch.chmod(0o711)  # smtp-sink gives up root
            results = Bench(stack, scratch, options).measure(rows)
    except (harness.Missing, RuntimeError, AssertionError) as wrong:
        print(f"end_to_end.py: {wrong}", file=sys.stderr)
        skip = isinstance(wrong, harness.Missing) and os.environ.get("EHLO_INTEROP_SKIP_MISSING") == "1"
        return 77 if skip else 1
    print(as_json(results, rows) if options.json else markdown(results, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
