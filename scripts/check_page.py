#!/usr/bin/env python3
"""Opens a page of figures in a headless Chromium and looks at it as readers do: wide, on a telephone, dark, printed.

usage: scripts/check_page.py [figures/paper/index.html] [--shots DIR]

Fails on errors of scripts, on what is wider than the window, on headings out of order, on pictures without a text in
their place, and where the pointer shows no value or the key switches nothing off. Needs Python and chromium, nothing else.
"""

import argparse
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
]
PATIENCE = 60.0

# What is wrong with the page itself, as a list of lines.
INSPECT = """(() => {
  const wrong = [], levels = [...document.querySelectorAll('h1,h2,h3,h4')].map(h => Number(h.tagName[1]));
  if (levels.filter(level => level === 1).length !== 1) wrong.push('not one h1');
  levels.forEach((level, i) => { if (i && level > levels[i - 1] + 1) wrong.push(`heading ${i} skips a level`); });
  for (const image of document.querySelectorAll('img, object, svg')) {
    const text = image.alt || image.getAttribute('aria-label') || '';
    if (text.length < 10) wrong.push(`no text in the place of ${image.outerHTML.slice(0, 80)}`);
  }
  for (const link of document.querySelectorAll('a[href^="#"]')) {
    if (!document.getElementById(link.hash.slice(1))) wrong.push(`${link.hash} leads nowhere`);
  }
  return wrong;
})()"""

OVERFLOW = """(() => {
  const wide = document.documentElement.scrollWidth - window.innerWidth;
  return wide > 0 ? [`the page is ${wide} px wider than the window`] : [];
})()"""

# Every figure: its place in the window once it is scrolled to.
PLACE = """(i => {
  const object = document.querySelectorAll('figure object')[i];
  if (!object) return null;
  object.scrollIntoView({ block: 'center', inline: 'start', behavior: 'instant' });
  const { x, y, width, height } = object.getBoundingClientRect();
  return { x, y, width, height, name: object.getAttribute('data') };
})"""

# In a figure: points of marks with values, and the middle of the first switch, in the window of the figure.
MARKS = """(() => {
  const middle = e => { const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; };
  const marks = [...document.querySelectorAll('[data-panel] [data-mark=points] path, [data-panel] [data-mark=line] path')];
  const points = marks.slice(0, 60).map(path => {
    const p = path.getPointAtLength(path.getTotalLength() / 2).matrixTransform(path.getScreenCTM());
    return [p.x, p.y];
  });
  const key = document.querySelector('[data-key][role=button]');
  return { points, key: key && middle(key) };
})()"""

TIP = """(() => {
  const tip = document.querySelector('[data-tip]');
  const texts = tip ? [...tip.querySelectorAll('text')].map(text => text.textContent).filter(Boolean) : [];
  return tip?.getAttribute('display') === 'none' ? [] : texts;
})()"""

HIDDEN = "document.querySelectorAll('[data-mark][display=none]').length"


class Browser:
    """A Chromium that is told what to do through a pipe."""

    def __init__(self, program):
        self.profile = tempfile.mkdtemp(prefix="check-page-")
        to_browser, self.out = os.pipe()
        self.back, from_browser = os.pipe()

        def ends():
            # Chromium reads from 3 and writes to 4; the ends may have these very numbers already.
            ours = [os.dup2(fd, fd + 100) for fd in (to_browser, from_browser)]
            os.dup2(ours[0], 3)
            os.dup2(ours[1], 4)

        command = [program, *FLAGS, f"--user-data-dir={self.profile}", "about:blank"]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, close_fds=False, preexec_fn=ends, stdout=quiet, stderr=quiet)
        os.close(to_browser)
        os.close(from_browser)
        os.set_blocking(self.back, False)
        self.buffer, self.number, self.session = b"", 0, None
        self.events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def receive(self, deadline):
        while b"\0" not in self.buffer:
            if time.monotonic() > deadline:
                raise SystemExit("the browser does not answer")
            try:
                self.buffer += os.read(self.back, 1 << 20)
            except BlockingIOError:
                time.sleep(0.005)
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data):]
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self.receive(deadline)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, event):
        deadline = time.monotonic() + PATIENCE
        while not any(e.get("method") == event for e in self.events):
            self.events.append(self.receive(deadline))

    def evaluate(self, expression, context=None):
        where = {} if context is None else {"contextId": context}
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, **where)
        if "exceptionDetails" in result:
            raise SystemExit(f"{result['exceptionDetails']}\n{expression}")
        return result["result"].get("value")

    def mouse(self, kind, x, y):
        pressed = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **pressed)

    def window(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def media(self, media, scheme):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)

    def shot(self, path):
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def errors(self):
        """Errors that scripts or the browser have reported."""
        said = []
        for event in self.events:
            method, params = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                said.append(json.dumps(params["exceptionDetails"])[:400])
            elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
                said.append(json.dumps(params["args"])[:400])
            elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
                said.append(params["entry"]["text"])
        return said

    def frames(self):
        """The contexts of scripts in the figures, by the names of their files."""
        tree = self.call("Page.getFrameTree")["frameTree"].get("childFrames", [])
        names = {child["frame"]["id"]: child["frame"]["url"].rsplit("/", 1)[-1] for child in tree}
        contexts = {}
        for event in self.events:
            if event.get("method") == "Runtime.executionContextCreated":
                context = event["params"]["context"]
                if context["auxData"].get("frameId") in names and context["auxData"].get("isDefault"):
                    contexts[names[context["auxData"]["frameId"]]] = context["id"]
        return contexts

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


def figures(browser, shots):
    """Moves the pointer over every figure and clicks on the first switch of its key."""
    wrong, shown, frames = [], 0, browser.frames()
    i = 0
    while place := browser.evaluate(f"{PLACE}({i})"):
        i += 1
        name, context = place["name"], frames.get(place["name"])
        if context is None or place["width"] < 200 or place["height"] < 100:
            wrong.append(f"{name} is not shown: {place}")
            continue
        at = lambda point: (place["x"] + point[0], place["y"] + point[1])
        marks = browser.evaluate(MARKS, context)
        tips = []
        for point in marks["points"]:
            browser.mouse("mouseMoved", *at(point))
            tips = browser.evaluate(TIP, context)
            if tips:
                break
        if marks["points"] and not (tips and any(c.isdigit() for c in "".join(tips))):
            wrong.append(f"{name}: the pointer shows no value")
        shown += bool(tips)
        if tips:
            print(f"{name}: {' | '.join(tips)}")
        if shots and name == "learning-lag.svg":
            browser.shot(shots / "hover.png")
        if marks["key"]:
            counts = []
            for _ in range(2):
                for kind in ("mousePressed", "mouseReleased"):
                    browser.mouse(kind, *at(marks["key"]))
                counts.append(browser.evaluate(HIDDEN, context))
            if not (counts[0] > 0 and counts[1] == 0):
                wrong.append(f"{name}: the key switches nothing off and on: {counts}")
    if i and shown < 5:
        wrong.append(f"only {shown} figures of {i} show values")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", nargs="?", default="figures/paper/index.html", type=Path)
    parser.add_argument("--shots", type=Path, help="folder for pictures of the page")
    options = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    if not program:
        sys.exit("no chromium here: apt-get install chromium")
    if options.shots:
        options.shots.mkdir(parents=True, exist_ok=True)
    browser = Browser(program)
    wrong = []
    try:
        browser.window(1200, 900)
        browser.media("screen", "light")
        browser.call("Page.navigate", url=options.page.resolve().as_uri())
        browser.wait("Page.loadEventFired")
        wrong += browser.evaluate(INSPECT)
        wrong += figures(browser, options.shots)
        for name, width, media, scheme in [
            ("wide", 1200, "screen", "light"),
            ("narrow", 420, "screen", "light"),
            ("dark", 1200, "screen", "dark"),
            ("print", 760, "print", "light"),
        ]:
            browser.window(width, 900)
            browser.media(media, scheme)
            wrong += [f"{name}: {line}" for line in browser.evaluate(OVERFLOW)]
            if options.shots:
                # Figures outside the window are not painted.
                height = browser.evaluate("document.documentElement.scrollHeight")
                browser.window(width, min(height, 16000))
                browser.evaluate("window.scrollTo(0, 0)")
                time.sleep(2)
                browser.shot(options.shots / f"{name}.png")
        printed = base64.b64decode(browser.call("Page.printToPDF", printBackground=True)["data"])
        if options.shots:
            (options.shots / "print.pdf").write_bytes(printed)
        wrong += browser.errors()
    finally:
        browser.close()
    for line in wrong:
        print(line, file=sys.stderr)
    sys.exit(f"{len(wrong)} things are wrong with {options.page}" if wrong else 0)


if __name__ == "__main__":
    main()
