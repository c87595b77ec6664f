"""A headless Chromium for tests, driven over its debugging pipe: what a page shows, asks for and complains about.

The protocol is JSON texts ended by NUL on file descriptors 3 (in) and 4 (out); nothing but the browser is needed.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PATIENCE = 60
"""Seconds to wait for an answer of the browser."""
ONTO_3_AND_4 = """
import fcntl, os, sys
commands, answers = (fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3])
os.dup2(commands, 3)
os.dup2(answers, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
FLAGS = (
    "--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--hide-scrollbars", "--no-first-run", "--disable-background-networking", "--disable-component-update",
)  # fmt: skip

OVERFLOWING = """
[...document.querySelectorAll('body *')].filter(node => {
  if (node.closest('.scroll *, svg *') && node.tagName !== 'CAPTION') return false;
  // What scrolls sideways may be wider; a caption over it is a sentence to read, and stays.
  const around = node.closest('section'), text = document.createRange();
  text.selectNodeContents(node);
  const boxes = node.tagName === 'CAPTION' ? [text] : node.children.length ? [node] : [node, text];
  const far = Math.max(...boxes.map(one => one.getBoundingClientRect().right));
  const inner = around && around.getBoundingClientRect().right - parseFloat(getComputedStyle(around).paddingRight);
  const right = around && node !== around ? inner : document.documentElement.clientWidth;
  return far > right + 0.5 && !node.closest('.gates thead');
}).map(node => node.tagName + '.' + node.getAttribute('class') + ': ' + node.textContent.trim().slice(0, 40))
"""
CLIPPED = """
[...document.querySelectorAll('svg.plot')].flatMap(plot => {
  const box = plot.getBoundingClientRect();
  return [...plot.querySelectorAll('text')].filter(text => {
    const mine = text.getBoundingClientRect();
    const out = [box.left - mine.left, mine.right - box.right, box.top - mine.top, mine.bottom - box.bottom];
    return Math.max(...out) > 1;
  }).map(text => text.textContent);
})
"""
FAINT = """
(() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const colour = rgba(getComputedStyle(node).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement, style = getComputedStyle(node);
    if (!walk.currentNode.data.trim() || node.closest('style')) continue;
    const ink = rgba(node.closest('svg') ? style.fill : style.color), paper = behind(node);
    const [high, low] = [light(ink), light(paper)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)}: ${walk.currentNode.data.trim().slice(0, 40)}`);
  }
  return found;
})()
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page was like: `complaints` are console messages and errors, `requests` all URLs it asked for.

    `overflowing` are elements beyond the right edge of page or section, `clipped` texts outside their plot, `faint`
    texts below WCAG AA.
    """

    width: int
    complaints: tuple[str, ...]
    requests: tuple[str, ...]
    overflowing: tuple[str, ...]
    clipped: tuple[str, ...]
    faint: tuple[str, ...]
    png: bytes


def found() -> str | None:
    """Return the browser's path, None if this machine has none."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


@dataclass
class Browser:
    """A running browser; `events` are what it said meanwhile, in order."""

    commands: int
    answers: int
    unread: bytes = b""
    last: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)

    def see(self, url: str, width: int, dark: bool = False, zoom: float = 1) -> Seen:
        """Load the page in a tab of its own and return what it is like; the picture is of the whole page."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        tab = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable", tab)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", tab, features=[scheme])
        size = {"width": width, "height": 900, "deviceScaleFactor": zoom, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", tab, **size)
        self.events.clear()
        self.call("Page.navigate", tab, url=url)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._read()
        wide = int(self._ask(tab, "document.documentElement.scrollWidth"))
        lists = [tuple(self._ask(tab, script)) for script in (OVERFLOWING, CLIPPED, FAINT)]
        shot = self.call("Page.captureScreenshot", tab, captureBeyondViewport=True)
        seen = Seen(wide, self._complaints(), self._requests(), *lists, png=base64.b64decode(shot["data"]))
        self.call("Target.closeTarget", targetId=target)
        return seen

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result; raises `AssertionError` if the browser refuses it."""
        self.last += 1
        message = {
            "id": self.last,
            "method": method,
            "params": parameters,
            **({"sessionId": session} if session else {}),
        }
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self.last:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])

    def _ask(self, tab: str, script: str) -> Any:
        answer = self.call("Runtime.evaluate", tab, expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"]["value"]

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self.unread:
            ready, _, _ = select.select([self.answers], [], [], PATIENCE)
            assert ready, f"the browser said nothing for {PATIENCE} s"
            read = os.read(self.answers, 1 << 20)
            assert read, "the browser ended"
            self.unread += read
        text, _, self.unread = self.unread.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            self.events.append(message)
        return message

    def _complaints(self) -> tuple[str, ...]:
        kinds = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return tuple(json.dumps(event["params"]) for event in self.events if event["method"] in kinds)

    def _requests(self) -> tuple[str, ...]:
        sent = [event["params"] for event in self.events if event["method"] == "Network.requestWillBeSent"]
        return tuple(str(params["request"]["url"]) for params in sent)


@contextmanager
def started(path: str, folder: Path) -> Iterator[Browser]:
    """Yield a browser that keeps its profile in `folder`; it is gone afterwards."""
    (theirs_in, commands), (answers, theirs_out) = os.pipe(), os.pipe()
    launch = [sys.executable, "-c", ONTO_3_AND_4, str(theirs_in), str(theirs_out), path, *FLAGS]
    with (folder / "browser.log").open("wb") as log:
        process = subprocess.Popen(
            [*launch, f"--user-data-dir={folder}", "about:blank"],
            pass_fds=(theirs_in, theirs_out), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    for end in (theirs_in, theirs_out):
        os.close(end)
    try:
        yield Browser(commands, answers)
    finally:
        process.kill()
        process.wait(timeout=10)
        for end in (commands, answers):
            os.close(end)
