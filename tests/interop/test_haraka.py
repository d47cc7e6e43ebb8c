"""post sends to Haraka, which sends on to mailsink."""

import json
import subprocess

import harness
import matrix
import packages
from test_relays import NO_FINAL_LINE_END, RELAYED, RelayCase, carries
from test_servers import ServerCase, free_port, login
from test_tls import PASSWORD, USER

_OLDEST_NODE = 20
# It takes mail for everybody, and sends it all to one place.
_RELAY = """
const to = %s;
exports.hook_rcpt = (next, connection) => { connection.relaying = true; next(OK); };
exports.hook_get_mx = (next) => next(OK, to);
"""


@carries("Haraka", NO_FINAL_LINE_END)
@matrix.ways("Haraka", RELAYED, "octet for octet, after the lines it adds", {
    "STARTTLS, verified, on with STARTTLS": ("--tls=required",),
    "STARTTLS, PLAIN, on with STARTTLS": ("--tls=required", *login("PLAIN")),
    "STARTTLS, LOGIN, on with LMTP, STARTTLS": ("--tls=required", *login("LOGIN")),
})
class Haraka(RelayCase):
    @classmethod
    def require(cls):
        ServerCase.require.__func__(cls)
        cls.node = harness.tool("node", "nodejs")
        version = subprocess.run([cls.node, "--version"], capture_output=True, text=True).stdout
        if int(version[1:].split(".")[0]) < _OLDEST_NODE:
            raise harness.Unavailable(f"Haraka needs Node.js {_OLDEST_NODE}, there is {version}")
        cls.haraka = packages.npm("Haraka", "3.3.4", "2026-11-15")

    def setUp(self):
        ServerCase.setUp(self)
        self.port = free_port()

    def start(self):
        folder = self.scratch / "haraka"
        to = {"exchange": "127.0.0.1", "port": self.behind.port, "priority": 0, "using_lmtp": self.lmtp}
        for name, text in {
            "config/me": "relay.example",
            "config/plugins": "tls\nauth/flat_file\nrelay\n",
            "config/smtp.ini": f"listen=127.0.0.1:{self.port}\n",
            "config/log.ini": "[main]\nlevel=warn\n",
            "config/connection.ini": "[headers]\nshow_version=false\n"
                                     "[message]\nhelo=hello\n[uuid]\nbanner_chars=6\n"
                                     "[max]\nbytes=67108864\ndata_line_length=2000\n",
            "config/tls.ini": f"key={self.key}\ncert={self.certificate}\n[outbound]\nrejectUnauthorized=false\n",
            "config/outbound.ini": "enable_tls=true\n",
            "config/auth_flat_file.ini": f"[core]\nmethods=PLAIN,LOGIN\n[users]\n{USER}={PASSWORD}\n",
            "plugins/relay.js": _RELAY % json.dumps(to),
        }.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (folder / "queue").mkdir()
        return self.program([self.node, self.haraka / "bin/haraka", "-c", folder])
