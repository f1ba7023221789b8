# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's Chromium, driven over its DevTools pipe: open, click by words, read, take a picture.

A real browser for what a scripted one can only imitate: which cookies come
back, what a Content-Security-Policy forbids, what a person sees.
"""
import base64
import json
import os
import pathlib
import select
import signal
import subprocess
import tempfile
import time

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--disable-extensions",
]
# As a person would find it: the words of a link or button, whole or in part.
CLICK = """
(words => {
  const all = [...document.querySelectorAll('a, button, input[type=submit]')];
  const said = e => (e.innerText || e.value || '').replace(/\\s+/g, ' ').trim();
  const found = all.find(e => said(e) === words) || all.find(e => said(e).includes(words));
  if (!found) return false;
  found.click();
  return true;
})
"""


# What a person would notice of a page, a screen reader included.
LAYOUT = """({
  sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  background: getComputedStyle(document.documentElement).backgroundColor,
  language: document.documentElement.lang,
  headings: [...document.querySelectorAll('h1')].map(h => h.innerText),
})"""


class Chromium:
    """A process that is several browsers, one after another: each `fresh` one knows no cookies, and has one tab."""

    def __init__(self, width=1000, height=800, **options):
        self.profile = tempfile.TemporaryDirectory(prefix="postern-chromium.")
        to_browser, self.write_end = os.pipe()
        self.read_end, from_browser = os.pipe()
        # Chromium reads commands at descriptor 3 and writes answers at 4; as root it wants no sandbox.
        command = [CHROMIUM, *FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else []), f"--user-data-dir={self.profile.name}",
                   f"--window-size={width},{height}", "--remote-debugging-pipe", "about:blank"]
        # Far away first, so that neither copy overwrites the other's source.
        hand_over = f'exec 103<&{to_browser} 104>&{from_browser}; exec 3<&103 4>&104; exec "$@"'
        self.log = open(pathlib.Path(self.profile.name) / "chromium.log", "wb")
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--", "bash", "-c", hand_over, "bash", *command],
                                        pass_fds=(to_browser, from_browser), stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, start_new_session=True)
        os.close(to_browser)
        os.close(from_browser)
        self.buffer, self.number = b"", 0
        self.session = self.context = None
        try:
            self.fresh(**options)
        except Exception:
            self.close()
            raise

    def fresh(self, phone=False, dark=False, scripts=True):
        """phone: a small screen; dark: dark colours are preferred; scripts: whether pages may run any."""
        self.session, before = None, self.context
        self.context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=self.context)["targetId"]
        if before:
            self.call("Target.disposeBrowserContext", browserContextId=before)
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.status = None  # of the last page
        self.violations = []  # what a Content-Security-Policy forbade
        self.going = set()  # frames that are on their way to a page
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setScrollbarsHidden", hidden=True)
        if phone:
            self.size(360, 740, scale=2)
        if dark:
            self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        if not scripts:
            self.call("Emulation.setScriptExecutionDisabled", value=True)
        return self

    def close(self):
        try:
            self.session = None
            self.call("Browser.close")
            self.process.wait(10)
        except (OSError, RuntimeError, subprocess.TimeoutExpired):
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.log.close()
        os.close(self.write_end)
        os.close(self.read_end)
        self.profile.cleanup()

    def size(self, width, height, scale=1):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=width < 500)

    # ---- the pipe: JSON, each message ended by a NUL ----

    def receive(self, seconds):
        end = time.monotonic() + seconds
        while b"\0" not in self.buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.read_end], [], [], left)[0]:
                raise RuntimeError("Chromium does not answer")
            piece = os.read(self.read_end, 1 << 16)
            if not piece:
                said = pathlib.Path(self.log.name).read_text(errors="replace")
                raise RuntimeError(f"Chromium is gone (status {self.process.poll()}): {said[-2000:]}")
            self.buffer += piece
        line, _, self.buffer = self.buffer.partition(b"\0")
        message = json.loads(line)
        if message.get("sessionId") == self.session and "method" in message:
            self.hear(message["method"], message["params"])
        return message

    def hear(self, method, said):
        if method == "Log.entryAdded" and "Content Security Policy" in said["entry"]["text"]:
            self.violations.append(said["entry"]["text"])
        if method == "Network.responseReceived" and said["type"] == "Document":
            self.status = said["response"]["status"]
        # A page that sends itself on says so before it has come to rest.
        if method == "Page.frameRequestedNavigation":
            self.going.add((said["frameId"], "asked"))
        goes = method == "Page.frameStartedNavigating" and said.get("navigationType") != "sameDocument"
        if goes or method == "Page.frameStartedLoading":
            self.going.discard((said["frameId"], "asked"))
            self.going.add((said["frameId"], "loads"))
        if method == "Page.frameStoppedLoading":
            self.going.discard((said["frameId"], "loads"))
        if method == "Page.frameDetached":
            self.going = {(frame, what) for frame, what in self.going if frame != said["frameId"]}

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive(60)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    # ---- what a person does ----

    def value(self, expression):
        # While a page goes and the next comes there is no place to ask; that passes.
        for _ in range(50):
            try:
                return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")
            except RuntimeError as problem:
                if "context" not in str(problem) and "navigated" not in str(problem):
                    raise
                time.sleep(0.05)
        raise RuntimeError(f"no page to ask: {expression}")

    @property
    def url(self):
        return self.value("location.href")

    @property
    def text(self):
        return self.value("document.body ? document.body.innerText.replace(/\\s+/g, ' ') : ''")

    @property
    def layout(self):
        return self.value(LAYOUT)

    def cookies_of(self, host):
        return [c for c in self.call("Network.getCookies", urls=[f"http://{host}/", f"https://{host}/"])["cookies"]
                if c["domain"] == host]

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.settle()

    def click(self, words):
        self.settle()
        if not self.value(f"{CLICK}({json.dumps(words)})"):
            raise LookupError(f"nothing to click says {words!r} on {self.url}: {self.text[:300]}")
        self.settle()

    def settle(self, seconds=60):
        """Until no frame is on its way any more."""
        end = time.monotonic() + seconds
        while self.going:
            self.receive(max(0.0, end - time.monotonic()))

    def picture(self, path, **how):
        """As a file, and as Chromium sent it."""
        data = self.call("Page.captureScreenshot", format="png", **how)["data"]
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
        pathlib.Path(path).write_bytes(base64.b64decode(data))
        return data
