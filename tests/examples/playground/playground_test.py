#!/usr/bin/env python3
"""Tests of the playground in headless Chromium: playground_test.py [PAGE]. The page is built first if none is named. 77: it cannot be tried
here, for want of a compiler for WebAssembly or of Chromium. PLAYGROUND_PICTURES=FOLDER keeps what it looks like."""
import os
import pathlib
import sys
import tempfile
import time

import build
from browser import Browser, program

sys.path.insert(0, str(build.HERE.parent))
import captures  # noqa: E402

passed = 0
failed = []
SHOWN = "document.querySelector('#output')?.children.length > 0"


def check(ok, what):
    global passed
    passed += bool(ok)
    if not ok:
        failed.append(what)
        print(f"FAILED: {what}")


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


class Page:
    def __init__(self, browser, address):
        self.b, self.address = browser, address

    def open(self, fragment=""):
        self.b.open(self.address + fragment, SHOWN)

    def text(self, selector):
        return self.b.evaluate(f"document.querySelector({selector!r})?.textContent ?? ''")

    def until(self, selector, *parts):
        what = " && ".join(f"document.querySelector({selector!r})?.textContent.includes({part!r})" for part in parts)
        try:
            self.b.wait(what, f"{selector} says {', '.join(parts)}", 30)
            check(True, "")
        except TimeoutError as late:
            check(False, f"{late}; it says {self.text(selector)[:300]!r}")

    def choose(self, mode):
        self.b.evaluate(f"document.querySelector('[name=mode][value={mode}]').click()")

    def write(self, text):
        self.b.evaluate("(() => { const i = document.querySelector('#input'); i.focus(); i.select(); })()")
        self.b.type(text)


def typing(p):
    """What is typed is told at once, and the caret stands under the octet at fault."""
    p.choose("command")
    p.write("MAIL FROM:<ann@client.example> RET=HDRS")
    p.until("#output", "returns the header")
    check(p.text("#verdict") == "well formed", "a good command is called so")
    p.write("RCPT TO:<bob@exa_mple.org>")
    p.until("#output", "bad_domain", "underscore_in_domain")
    check(p.text(".fault") == "_", f"the octet at fault is marked: {p.text('.fault')!r}")
    gap = p.b.evaluate("""(() => { const box = (s) => document.querySelector(s).getBoundingClientRect(), f = box(".fault"), c = box(".caret");
        return [Math.abs((f.left + f.right - c.left - c.right) / 2), c.top - f.bottom]; })()""")
    check(gap[0] < 1 and -4 < gap[1] < 12, f"the caret stands under it: {gap}")
    p.write("RCPT TO:<пётр@пример..example>")
    p.b.evaluate("document.querySelector('[data-option=smtputf8]').click()")
    p.until(".card", "bad_domain")
    gap = p.b.evaluate("""(() => { const box = (s) => document.querySelector(s).getBoundingClientRect(), f = box(".fault"), c = box(".caret");
        return Math.abs((f.left + f.right - c.left - c.right) / 2); })()""")
    check(gap < 1, f"after UTF-8, too: {gap}")
    p.write("")
    p.b.evaluate("document.querySelector('#input').value = ''; document.querySelector('#input').dispatchEvent(new Event('input'))")
    p.until("#output", "Type something")


def every_example(p):
    """All of them are told, and those that are called good are good."""
    for mode in p.b.evaluate("[...document.querySelectorAll('[name=mode]')].map((r) => r.value)"):
        p.choose(mode)
        for i, name in enumerate(p.b.evaluate(f"playground.examples[{mode!r}].map((e) => e[0])")):
            p.b.evaluate(f"document.querySelector('#output').replaceChildren(); document.querySelectorAll('#examples button')[{i}].click()")
            p.b.wait(SHOWN, f"an answer to {mode}, {name}")
            good = p.b.evaluate("document.querySelector('#verdict').classList.contains('good') && !document.querySelector('.caret')")
            check(good if name in ("Good", "UTF-8") and (mode, name) != ("command", "UTF-8") else p.text("#output"), f"{mode}, {name}: {p.text('#verdict')}")
            if name in ("Mistakes", "Injection", "Smuggling", "Broken", "Two codes"):
                check(p.b.evaluate("Boolean(document.querySelector('.caret, .red'))"), f"{mode}, {name}: nothing is marked")
            if name == "Not ended":
                check(p.text("#verdict") == "goes on", f"{mode}, {name}: {p.text('#verdict')}")


def session(p):
    """The diagram moves along; arrow keys and buttons walk through the steps."""
    p.open("#mode=session&text=" + "EHLO+me.example%0AMAIL+FROM:<a@b.example>%0ARCPT+TO:<c@d.example>%0ADATA%0AHi%0A.%0A")
    p.until("#where", "ready", "extended")
    check(p.text("#diagram .here") == "ready", "the state after the last line is marked")
    states = p.b.evaluate("[...document.querySelectorAll('.step .to-state')].map((s) => s.textContent)")
    check(states == ["greeted", "ready", "mail", "rcpt", "content", "ready"], f"the states of the steps: {states}")
    p.b.evaluate("document.querySelector('.talk ul').focus()")
    for key, state, way in [("Home", "greeted", "connected>greeted"), ("ArrowDown", "ready", "greeted>ready"), ("ArrowDown", "mail", "ready>mail"),
                            ("ArrowDown", "rcpt", "mail>rcpt"), ("ArrowDown", "content", "rcpt>content"), ("ArrowUp", "rcpt", "mail>rcpt"),
                            ("End", "ready", "content>ready")]:
        p.b.key(key)
        check(p.text("#diagram .here") == state, f"{key} leads to {state}: {p.text('#diagram .here')}")
        taken = p.b.evaluate("[...document.querySelectorAll('#diagram .taken')].map((e) => e.dataset.way)")
        check(taken == [way], f"the way there is marked: {taken}")
    p.b.evaluate("(() => { const i = document.querySelector('#input'); i.focus(); i.setSelectionRange(20, 20); })()")
    p.until("#where", "mail", "MAIL FROM")
    p.b.key("ArrowDown")
    p.until("#where", "rcpt", "RCPT TO")
    p.b.evaluate("document.querySelector('.talk ul').focus()")
    p.b.key("End")
    p.b.evaluate("document.querySelector('#back').click()")
    p.until("#where", "content", "DATA")
    p.until("#ways", "end of content")
    p.b.evaluate("document.querySelector('#play').click()")
    p.until("#where", "ready")
    table = set(p.b.evaluate("playground.engine.run(['--json', 'table'], '').then((t) => [...t.matchAll(/\"(?:state|accepted|refused)\":\"(\\w+)\"/g)].map((m) => m[1]))"))
    drawn = set(p.b.evaluate("[...document.querySelectorAll('#diagram .node text')].filter((t) => t.getBBox().width > 8).map((t) => t.textContent)"))
    check(table == drawn and len(table) >= 14, f"all states of the table are drawn: {table ^ drawn}")
    boxes = p.b.evaluate("""[...document.querySelectorAll('#diagram .node rect')].map((r) => { const b = r.getBBox(); return [b.x, b.y, b.x + b.width, b.y + b.height]; })""")
    apart = all(a is b or a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1] for a in boxes for b in boxes)
    check(apart, "no state stands on another")


def links(p):
    """What is in the page is in its address, and an address brings it back."""
    p.open()
    p.choose("session")
    p.b.evaluate("[...document.querySelectorAll('#examples button')].find((b) => b.textContent === 'LMTP').click()")
    p.until("#output", "LHLO", "carol@server.example")
    where = p.b.evaluate("location.hash")
    check("LHLO" in where and "lmtp" in where, f"the address has all of it: {where}")
    said = p.text("#output")
    p.open(where)
    p.until("#output", "LHLO")
    check(p.text("#output") == said, f"and brings it back: {p.text('#output')!r} was {said!r}")
    p.open("#mode=path&text=" + "%3Cimg+src%3Dx+onerror%3Dalert(1)%3E")
    p.until("#output", "img src=x")
    check(p.b.evaluate("document.querySelectorAll('#output img').length") == 0, "what an address holds is never markup")


def capture(p, folder):
    """A capture that is dropped is told; so is a transcript."""
    p.open()
    path = folder / "dropped.pcap"
    path.write_bytes(captures.pcap("ethernet", captures.segments(captures.DIALOGUE, 60)))
    p.b.drop(path)
    p.until("#output", "192.0.2.1:4321", "others take this for the end of content", "transactions of connection 1")
    check("sesame" not in p.text("#output") and captures.SECRET.decode() not in p.text("#output"), "secrets are not shown")
    check("dropped.pcap" in p.text("#file-name") and p.b.evaluate("document.querySelector('#input').getClientRects().length") == 0, "the file is named")
    check("closed" in p.text("#where"), "its states are shown")
    path = folder / "transcript.txt"
    path.write_text("S: 220 mx.example\nC: HELO me.example\nS: 250 mx.example\n")
    p.b.drop(path)
    p.until("#output", "HELO me.example")
    check(p.b.evaluate("document.querySelector('#input').value").startswith("S: 220"), "a transcript can be edited")
    p.write("S: 220 mx.example\nC: HELO me.example\nS: 250 mx.example\nC: MAIL FROM:\t<ann@me.example>")
    p.until("#output", "should begin a path here")
    check(p.b.evaluate("document.querySelector('.fault').previousSibling.textContent") == "MAIL FROM:", "the caret stands where the observer says")
    path = folder / "nothing"
    path.write_bytes(b"\0\1\2\3" * 100)
    p.b.drop(path)
    p.until("#output", "is no capture")


def keyboard(p):
    """All of it without a mouse; the focus is always to be seen, and everything has a name."""
    p.open()
    seen, names = [], set()
    for _ in range(40):
        p.b.key("Tab")
        at = p.b.evaluate("""(() => { const e = document.activeElement; if (e === document.body) return null;
            const named = e.getAttribute("aria-label") || [...(e.labels ?? [])].map((l) => l.textContent).join("") || e.textContent;
            const shown = [e, e.closest("label"), e.closest(".capture")?.querySelector(".button")].some((x) => x && getComputedStyle(x).outlineStyle !== "none");
            return [e.id || e.dataset.option || e.name || e.tagName, Boolean(named.trim()), shown]; })()""")
        if at is None:
            break
        seen.append(at)
        names.add(at[0])
    check({"mode", "input", "share", "back", "play", "lenient", "UL"} <= names, f"Tab reaches everything: {names}")
    check(all(named for _, named, _ in seen), f"all have a name: {[n for n, named, _ in seen if not named]}")
    check(all(shown for _, _, shown in seen), f"the focus is to be seen: {[n for n, _, s in seen if not s]}")
    p.b.evaluate("document.querySelector('[name=mode]:checked').focus()")
    p.b.key("ArrowRight")
    p.until("#output", "delivered")
    check(p.b.evaluate("document.activeElement.value") == "client", "arrow keys choose the mode")
    for _ in range(7):
        p.b.key("ArrowLeft")
    p.until("#output", "Postmaster")
    for _ in range(4):
        p.b.key("Tab")
        if p.b.evaluate("document.activeElement.id") == "input":
            break
    p.b.type("x")
    p.until(".fault", "x")


def looks(p, pictures):
    """Light and dark, and no line too long for a phone; what is written can be read on its background."""
    for dark in (False, True):
        for width in (1280, 900, 390, 320):
            p.b.screen(width, 844, dark, mobile=width < 500)
            for mode in ("command", "session", "client", "watch", "ehlo"):
                p.open()
                p.choose(mode)
                p.b.wait(f"document.querySelector('[name=mode]:checked').value === {mode!r} && {SHOWN}", mode)
                p.b.evaluate("document.querySelectorAll('#examples button')[1].click()")
                time.sleep(0.15)
                wide = p.b.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                check(wide <= 0, f"{mode} at {width}: {wide} pixels too wide")
                if pictures:
                    p.b.picture(pictures / f"{mode}-{width}-{'dark' if dark else 'light'}.png")
        contrast = p.b.evaluate("""(() => {
            const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
            const light = (name) => { canvas.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name); canvas.fillRect(0, 0, 1, 1);
                const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
            const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + 0.05) / (y + 0.05); };
            return Object.fromEntries(["ink", "soft", "bad", "good", "warn", "client", "accent"].flatMap((n) => [[n, ratio("--" + n, "--sheet")], [n + " on paper", ratio("--" + n, "--paper")]])
                .concat([["on accent", ratio("--on-accent", "--accent")]])); })()""")
        check(all(v >= 4.5 for v in contrast.values()), f"contrast of 4.5: {contrast}")
        paper = p.b.evaluate("getComputedStyle(document.body).backgroundColor")
        check((sum(map(int, paper[4:-1].split(","))) < 200) == dark, f"dark is {dark}: {paper}")


def memory(p):
    """One instance answers for ever in the memory it has, fast enough to be asked at each key."""
    p.open()
    took = p.b.evaluate("""(async () => {
        const samples = [["command", "MAIL FROM:<ann@client.example> SIZE=1"], ["session", playground.examples.session[0][1]], ["watch", playground.examples.watch[0][1]]];
        const once = async (i) => { const [mode, text] = samples[i % 3]; await playground.engine.run(mode === "session" ? ["--states", mode] : [mode], text + " ".repeat(i % 50)); };
        for (let i = 0; i < 300; ++i) await once(i);
        const before = playground.engine.program.memory.buffer.byteLength, start = performance.now();
        for (let i = 0; i < 3000; ++i) await once(i);
        return [before, playground.engine.program.memory.buffer.byteLength, (performance.now() - start) / 3000]; })()""")
    check(took[0] == took[1], f"memory does not grow: {took}")
    check(took[2] < 20, f"{took[2]:.2f} ms for an answer")
    print(f"{took[2]:.2f} ms for an answer, {took[1] >> 10} KiB of memory")
    p.until("#output", "220")
    after = p.b.evaluate("(async () => { try { await playground.engine.run(['--no-such'], ''); } catch (e) { return [e.message, await playground.engine.run(['path'], '<a@b.example>')]; } })()")
    check("no-such" in after[0] and "b.example" in after[1], f"what is called wrongly says so, and the next answer is right: {after}")


def main():
    if not program():
        skip("there is no Chromium")
    pictures = os.environ.get("PLAYGROUND_PICTURES")
    if pictures:
        pictures = pathlib.Path(pictures)
        pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        page = folder / "playground.html"
        if len(sys.argv) > 1:
            page = pathlib.Path(sys.argv[1]).resolve()
        else:
            if why := build.missing():
                skip(why)
            start = time.monotonic()
            build.build(page)
            print(f"built in {time.monotonic() - start:.0f} s: {page.stat().st_size} octets")
        with Browser() as b:
            b.screen(1280)
            p = Page(b, page.as_uri())
            p.open()
            for trial in (typing, every_example, session, links, lambda p: capture(p, folder), keyboard, lambda p: looks(p, pictures), memory):
                trial(p)
            complaints = list(b.complaints())
            check(not complaints, f"the page complains: {complaints[:5]}")
    print(f"{passed} passed, {len(failed)} failed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
