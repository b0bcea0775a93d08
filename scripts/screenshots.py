"""Pictures of the worklist for the README, taken from a running demo: `make demo` in one window, this in another.

    .venv/bin/python scripts/screenshots.py [ADDRESS] [FOLDER]

ADDRESS is the worklist's (http://127.0.0.1:8080), FOLDER where the pictures go (docs/images). Needs chromium.
`scripts/recording.py` makes the moving one.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SHOWN = {
    "worklist": (1440, 900, "dark"),
    "worklist-wide": (1920, 1080, "light"),
    "worklist-narrow": (420, 900, "dark"),
}
# Of the samples: a critical result that was told, four findings, a question, evidence in both parts of the report.
PATIENT = "OYELARAN"


def main(address: str = "http://127.0.0.1:8080", folder: str = "docs/images") -> None:
    """A report in three sizes and two themes, and the list."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        page = browser.new_page(color_scheme="dark")
        log_in(page, address)
        choose(page, address, "as the system")
        take(page, address, target)
        choose(page, address, "dark")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser on the PATH, or the one CHROMIUM names."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path:
        raise SystemExit("no chromium on the PATH: `apt-get install chromium`, or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def log_in(page: Page, address: str) -> None:
    """As the fictional reviewer."""
    page.goto(f"{address}/login")
    page.get_by_role("button", name="Continue as Demo Reviewer").click()
    page.wait_for_load_state()


def choose(page: Page, address: str, theme: str) -> None:
    """Sets the reviewer's theme."""
    page.goto(f"{address}/preferences")
    page.get_by_label(theme, exact=True).check()
    page.get_by_role("button", name="Save").click()
    page.wait_for_load_state()


def take(page: Page, address: str, target: Path) -> None:
    """All pictures."""
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{address}/worklist")
    page.wait_for_load_state("load")
    page.screenshot(path=target / "list.png")
    report = page.locator("[data-row]", has_text=PATIENT).get_attribute("data-row")
    for name, (width, height, scheme) in SHOWN.items():
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
        page.goto(f"{address}/reports/{report}")
        page.wait_for_load_state("load")
        page.screenshot(path=target / f"{name}.png")
        print(target / f"{name}.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
