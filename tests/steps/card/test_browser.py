"""The page in a real browser, served with the headers of the Argo UI's artifact viewer, on a desk and on a phone."""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browser
import pytest
from cards import CARDS, card, met

from steps.card import page

pytestmark = [
    pytest.mark.whole,
    pytest.mark.skipif(browser.found() is None, reason=f"needs one of {', '.join(browser.BROWSERS)} on the PATH"),
]
ARGO = (
    "sandbox allow-same-origin; base-uri 'none'; default-src 'none'; img-src 'self'; style-src 'self' 'unsafe-inline'"
)
"""The Content-Security-Policy of the artifact server of Argo Workflows v4.1."""
# At 320 pixels WCAG 2.2 (1.4.10, Reflow) wants a page that scrolls in one direction only.
SIGHTS = {
    f"{width} {'dark' if dark else 'light'}": (width, dark) for width in (1280, 360, 320) for dark in (False, True)
}


class Viewer(http.server.SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", ARGO)
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Viewer, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Browser]:
    with browser.started(str(browser.found()), tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.mark.parametrize(("width", "dark"), SIGHTS.values(), ids=SIGHTS)
@pytest.mark.parametrize("name", CARDS)
def test_a_page_fits_reads_and_asks_for_nothing(
    name: str, width: int, dark: bool, folder: Path, site: str, chromium: browser.Browser
) -> None:
    (folder / f"{name}.html").write_text(page.render(CARDS[name]()), encoding="utf-8")
    url = f"{site}/{name}.html"
    seen = chromium.see(url, width, dark)
    assert seen.complaints == ()
    assert seen.requests == (url,)
    assert seen.overflowing == ()
    assert seen.width == width
    assert seen.clipped == ()
    assert seen.faint == ()
    assert seen.png.startswith(b"\x89PNG")


def test_dark_and_light_are_two_looks(folder: Path, site: str, chromium: browser.Browser) -> None:
    (folder / "look.html").write_text(page.render(card()), encoding="utf-8")
    light, dark = (chromium.see(f"{site}/look.html", 1280, scheme) for scheme in (False, True))
    assert light.png != dark.png


LONG_CAPTION = f"<table style='width: 600px'><caption>{'a sentence to read ' * 9}</caption></table>"
BROKEN = {
    "script": ("<script>console.log(1)</script>", "complaints"),
    "picture": ("<img src='/x.png'>", "requests"),
    "wide": ("<p style='width: 2000px'>wide</p>", "overflowing"),
    "out of its section": (
        "<section style='width: 60px; padding: 20px'><p style='white-space: nowrap'>not all of it fits</p></section>",
        "overflowing",
    ),
    "caption that scrolls": (
        f"<section style='width: 300px'><div class='scroll' style='overflow: auto'>{LONG_CAPTION}</div></section>",
        "overflowing",
    ),
    "faint": ("<p style='color: #ddd; background: #fff'>faint</p>", "faint"),
    "clipped": ("<svg class='plot' viewBox='0 0 10 10'><text x='20' y='5'>out</text></svg>", "clipped"),
}


@pytest.mark.parametrize(("part", "shows"), BROKEN.values(), ids=BROKEN)
def test_a_broken_page_is_found(part: str, shows: str, tmp_path: Path, chromium: browser.Browser) -> None:
    (tmp_path / "broken.html").write_text(f"<!doctype html><html><body>{part}</body></html>")
    seen = chromium.see((tmp_path / "broken.html").as_uri(), 360)
    found = getattr(seen, shows)
    assert len(found) == (2 if shows == "requests" else 1)


def test_another_process_writes_the_same_bytes() -> None:
    program = """import sys; from cards import card, met; from steps.card import page
sys.stdout.buffer.write(page.render(card(met=met())).encode())"""
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = {"PYTHONPATH": paths, "PYTHONHASHSEED": "77", "HOME": os.environ["HOME"], "PATH": os.environ["PATH"]}
    wrote = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert wrote.stdout == page.render(card(met=met())).encode()
