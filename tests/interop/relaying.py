"""What the tests of relay share."""

import pathlib
import re

import harness

ENVELOPE = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n"
HELLO = b"EHLO client.example\r\n"


class Relay(harness.Program):
    def __init__(self, scratch, upstream, *options):
        tls = any(option.startswith("--tls-port") for option in options)
        super().__init__([harness.relay, f"--upstream=localhost:{upstream}" if "--trust" in str(options) else f"--upstream=127.0.0.1:{upstream}",
                          "--port=0", "--name=relay.example", *options], scratch)
        try:
            self.wait_for(lambda: self.out().count(b"\n") == 1 + tls, "line that says where it listens")
        except BaseException:
            self.kill()
            raise
        ports = [int(port) for port in re.findall(rb"listening on 127\.0\.0\.1:(\d+)", self.out())]
        self.port, self.tls_port = ports[0], ports[-1]

    def resident(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


class WithRelay(harness.Case):
    def put_relay(self, upstream, *options):
        started = Relay(self.scratch, upstream, *options)
        self.addCleanup(started.kill)
        return started
