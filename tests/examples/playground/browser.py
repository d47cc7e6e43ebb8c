"""A page in headless Chromium, by its DevTools protocol over a pipe: no driver, no port."""
import base64
import fcntl
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}


def program():
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Browser:
    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (theirs_in, theirs_out)]

        def place():   # the two that Chromium looks for
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)
        self.process = subprocess.Popen(
            [program(), "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--hide-scrollbars",
             f"--user-data-dir={self.folder.name}", "about:blank"],
            pass_fds=(3, 4), preexec_fn=place, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for fd in (theirs_in, theirs_out, *high):
            os.close(fd)
        self.out, self.read_from, self.rest, self.number, self.events = ours_out, ours_in, b"", 0, []
        self.session = None
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.folder.cleanup()

    def receive(self, until):
        while b"\0" not in self.rest:
            if not select.select([self.read_from], [], [], max(0, until - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            octets = os.read(self.read_from, 1 << 20)
            if not octets:
                raise EOFError("the browser has ended")
            self.rest += octets
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, timeout=60, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters} | ({"sessionId": self.session} if self.session else {})
        octets = json.dumps(message).encode() + b"\0"
        while octets:
            octets = octets[os.write(self.out, octets):]
        until = time.monotonic() + timeout
        while True:
            got = self.receive(until)
            if got.get("id") == self.number:
                if "error" in got:
                    raise RuntimeError(f"{method}: {got['error']}")
                return got["result"]
            if "method" in got:
                self.events.append(got)

    def evaluate(self, expression):
        got = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True)
        if "exceptionDetails" in got:
            raise RuntimeError(f"{expression}: {got['exceptionDetails']}")
        return got["result"].get("value")

    def wait(self, expression, what, seconds=30):
        until = time.monotonic() + seconds
        while not (value := self.evaluate(expression)):
            if time.monotonic() > until:
                raise TimeoutError(f"never: {what} ({expression})")
            time.sleep(0.03)
        return value

    def open(self, address, ready):
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=address)
        self.wait(ready, "the page is ready")

    def screen(self, width, height=900, dark=False, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if mobile else 1, mobile=mobile)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def type(self, text):
        self.call("Input.insertText", text=text)

    def key(self, name, shift=False):
        for kind in ("rawKeyDown" if len(name) > 1 and name != "Enter" else "keyDown", "keyUp"):
            text = {"Enter": "\r", " ": " "}.get(name) if kind == "keyDown" else None
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code={" ": "Space"}.get(name, name), windowsVirtualKeyCode=KEYS[name],
                      modifiers=8 if shift else 0, **({"text": text} if text else {}))

    def drop(self, *paths):
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, x=200, y=200, data=data)

    def picture(self, path, whole=True):
        octets = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(octets))

    def complaints(self):
        """Errors on the console, exceptions, and whatever was asked of a network."""
        for event in self.events:
            kind, p = event["method"], event["params"]
            if kind == "Runtime.consoleAPICalled" and p["type"] in ("error", "warning", "assert"):
                yield " ".join(str(a.get("value")) for a in p["args"])
            elif kind == "Runtime.exceptionThrown":
                yield str(p["exceptionDetails"].get("exception", p["exceptionDetails"]))
            elif kind == "Log.entryAdded" and p["entry"]["level"] in ("error", "warning"):
                yield p["entry"]["text"]
            elif kind == "Network.requestWillBeSent" and not p["request"]["url"].startswith(("file:", "data:", "about:", "blob:")):
                yield f"a request to {p['request']['url']}"
