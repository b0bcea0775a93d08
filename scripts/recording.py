"""A recording of one review, for the README: `make demo` in one window, this in another.

    .venv/bin/python scripts/recording.py [ADDRESS] [FILE]

ADDRESS is the worklist's (http://127.0.0.1:8080), FILE an animated GIF or WebP (docs/images/review.gif). Every frame is
the screen at its time: the list, a report, each finding approved, the signature, the next report. Needs chromium.
The report is signed for good: take it from a demo whose data you do not need.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from scripts.screenshots import PATIENT, chromium, log_in

SIZE = {"width": 1280, "height": 760}
COLOURS = 64
MOST_BYTES = 1_500_000


@dataclass
class Film:
    """What was on a page: pictures, and for how many milliseconds each stood there."""

    page: Page
    frames: list[Image.Image] = field(default_factory=list)
    lasted: list[int] = field(default_factory=list)

    def watch(self, seconds: float) -> None:
        """Looks at the page for so long; what has not changed lasts longer."""
        until = time.monotonic() + seconds
        while (began := time.monotonic()) < until:
            frame = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
            if not self.frames or frame.tobytes() != self.frames[-1].tobytes():
                self.frames.append(frame)
                self.lasted.append(0)
            self.lasted[-1] += round(1000 * (time.monotonic() - began))

    def save(self, target: Path) -> None:
        """One palette for all frames, so that nothing flickers."""
        tall = Image.new("RGB", (SIZE["width"], SIZE["height"] * len(self.frames)))
        for at, frame in enumerate(self.frames):
            tall.paste(frame, (0, at * SIZE["height"]))
        palette = tall.quantize(COLOURS, dither=Image.Dither.NONE)
        first, *rest = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in self.frames]
        first.save(target, save_all=True, append_images=rest, duration=self.lasted, loop=0, optimize=True)


def main(address: str = "http://127.0.0.1:8080", file: str = "docs/images/review.gif") -> None:
    """Records, and says how long and how large it is; exit 1 where it is too large for a README."""
    with chromium() as browser:
        page = browser.new_page(color_scheme="dark", viewport=SIZE)
        log_in(page, address)
        film = Film(page)
        for seconds in review(page, address):
            film.watch(seconds)
    film.save(Path(file))
    size = Path(file).stat().st_size
    print(f"{file}: {len(film.frames)} frames, {sum(film.lasted) / 1000:.0f} s, {size:,} bytes")
    if size > MOST_BYTES:
        raise SystemExit(f"more than {MOST_BYTES:,} bytes")


def review(page: Page, address: str) -> Iterator[float]:
    """One review by keyboard; yields for how many seconds to look after each step."""
    page.goto(f"{address}/worklist")
    page.wait_for_load_state("load")
    yield 1.5
    while not page.locator("[data-row].here", has_text=PATIENT).count():
        page.keyboard.press("j")
        yield 0.5
    page.keyboard.press("Enter")
    expect(page.locator("main.review")).to_be_visible()
    yield 2.5
    undecided = page.locator("[data-item]:not(.approve)")
    for left in range(undecided.count() - 1, -1, -1):
        page.keyboard.press("a")
        expect(undecided).to_have_count(left)
        yield 0.9
    expect(page.locator('[data-command="sign"]')).to_be_enabled()
    yield 0.8
    page.keyboard.press("s")
    expect(page.locator("#pending")).to_be_visible()
    yield 3.5


if __name__ == "__main__":
    main(*sys.argv[1:])
