"""Pictures of the worklist for the README, taken from a running demo: `make demo` in one window, this in another.

    .venv/bin/python scripts/screenshots.py [ADDRESS] [FOLDER]

ADDRESS is the worklist's (http://127.0.0.1:8080), FOLDER where the pictures go (docs/images). Needs chromium.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SHOWN = {
    "worklist": (1440, 900, "dark"),
    "worklist-wide": (1920, 1080, "light"),
    "worklist-narrow": (420, 900, "dark"),
}


def main(address: str = "http://127.0.0.1:8080", folder: str = "docs/images") -> None:
    """The report with the most to decide, in three sizes and two themes, and the list."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not chromium:
        raise SystemExit("no chromium on the PATH: `apt-get install chromium`, or set CHROMIUM to its path")
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(color_scheme="dark")
        page.goto(f"{address}/login")
        page.get_by_role("button", name="Continue as Demo Reviewer").click()
        page.wait_for_load_state()
        choose(page, address, "as the system")
        take(page, address, target)
        choose(page, address, "dark")
        browser.close()


def choose(page: Page, address: str, theme: str) -> None:
    """Sets the reviewer's theme."""
    page.goto(f"{address}/preferences")
    page.get_by_label(theme, exact=True).check()
    page.get_by_role("button", name="Save").click()
    page.wait_for_load_state()


def take(page: Page, address: str, target: Path) -> None:
    """All pictures; the report shown is the one with the most to decide."""
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{address}/worklist")
    page.screenshot(path=target / "list.png")
    rows = page.locator("[data-row]")
    most = max(range(rows.count()), key=lambda at: rows.nth(at).locator(".chip, .state small span").count())
    report = rows.nth(most).get_attribute("data-row")
    for name, (width, height, scheme) in SHOWN.items():
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
        page.goto(f"{address}/reports/{report}")
        page.screenshot(path=target / f"{name}.png")
        print(target / f"{name}.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
