"""The worklist with 100,000 reports and 500,000 suggestions, twenty reviewers at work, and one at a real browser.

    python -m tests.benchmarks.worklist [--reports 100000] [--waiting 20000] [--seconds 60] [--think 2.0] [--out FILE]
    python -m tests.benchmarks.worklist --seed FOLDER      # only fills a database in FOLDER and leaves it there

PostgreSQL is started in a folder of its own and filled; no database that exists is ever touched. Each reviewer keeps
a list open for live updates, looks, searches, opens, decides and signs, with `--think` seconds on the average between
two requests: two, because a report of five suggestions reviewed in 15 s is seven of them. The client's times are from
sending the request to the last byte of the answer, in one process with twenty reviewers; the server's own are measured
in its process (tests/benchmarks/timed_worklist.py). The browser's are from the key to the frame that shows the next
report.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from playwright.async_api import Page, async_playwright
from playwright.async_api import TimeoutError as PlaywrightTimeout

from services import setting_groups
from services.settings import Database
from services.store.engine import connect
from tests.benchmarks import worklist_seed
from tests.benchmarks.kept_postgres import database
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.worklist_process import Worklist

SEED = 7
WARM_SECONDS = 10
TICKS = os.sysconf("SC_CLK_TCK")
LISTS = (
    "", "?sort=oldest", "?sort=newest", "?sort=patient", "?sort=disagreement", "?show=signed", "?show=mine",
    "?show=all", "?priority=stat", "?modality=CT", "?flag=critical", "?finding=lung_mass", "?flag=conflict",
    "?flag=silent", "?flag=unread", "?flag=pending", "?show=all&flag=unread",
)  # fmt: skip
ON_SCREEN = "next report on screen, Chromium"
AIMED_AT = ("list", "search", "open", "sign, next report")
AIM, AIM_ON_SCREEN = 50, 150
BEGIN, END = "<!-- measured -->", "<!-- end of measured -->"
NEXT_ON_SCREEN = """() => {
    window.shown = [];
    let pressed = 0;
    const report = () => document.querySelector('main.review')?.dataset.report;
    let last = report();
    // A report left to another reader (`x`) was not signed: what is shown after that is not timed.
    document.addEventListener('keydown', (event) => { pressed = event.key === 's' ? event.timeStamp : 0; }, true);
    new MutationObserver(() => {
        if (!report() || report() === last) return;
        last = report();
        const signed = pressed;
        if (signed) requestAnimationFrame(() => setTimeout(() => window.shown.push(performance.now() - signed)));
    }).observe(document.body, { childList: true, subtree: true });
}"""


@dataclass
class Times:
    """Milliseconds by kind of request, and what was answered otherwise than expected."""

    began: float = 0.0
    served: int = 0
    taken: dict[str, list[float]] = field(default_factory=dict)
    refused: dict[int, int] = field(default_factory=dict)

    def add(self, kind: str, milliseconds: float) -> None:
        self.taken.setdefault(kind, []).append(milliseconds)


def table(head: str, taken: dict[str, list[float]]) -> str:
    rows = [f"| {kind} | {_figures(each)} |" for kind, each in sorted(taken.items())]
    return "\n".join([f"| {head} | n | median ms | p95 ms | p99 ms |", "|---|---:|---:|---:|---:|", *rows])


def on_the_server(clocked: Path, began: float, measure: str) -> dict[str, list[float]]:
    """Its own times of what was sent after `began`, by kind."""
    taken: dict[str, list[float]] = {}
    for row in map(json.loads, clocked.read_text().splitlines()):
        if row["sent"] >= began:
            taken.setdefault(row["kind"], []).append(row[measure])
    return taken


def _figures(values: list[float]) -> str:
    return f"{len(values)} | " + " | ".join(f"{_at(values, share):.1f}" for share in (0.5, 0.95, 0.99))


def _at(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Reviewer:
    """One person with a session, at work until told to stop."""

    def __init__(self, url: str, cookie: str, think: float, number: int, times: Times) -> None:
        self.http = httpx2.AsyncClient(base_url=url, cookies={"countersign": cookie}, timeout=30)
        self.think, self.times, self.chance = think, times, random.Random(SEED + number)
        self.page = ""

    async def send(self, kind: str, method: str, path: str, **data: object) -> httpx2.Response:
        await asyncio.sleep(self.chance.expovariate(1 / self.think))
        began = time.monotonic()
        clock = {"X-Benchmark-Kind": kind, "X-Benchmark-Sent": repr(began)}
        answer = await self.http.request(method, path, data=data or None, headers=clock)
        self.times.add(kind, 1000 * (time.monotonic() - began))
        if answer.status_code >= 500:
            raise AssertionError(f"{answer.status_code}: {answer.text[:200]}")
        if answer.status_code >= 400:
            self.times.refused[answer.status_code] = self.times.refused.get(answer.status_code, 0) + 1
        return answer

    async def work(self) -> None:
        """Looks and searches, opens what comes first, reviews, and goes on to the next."""
        token = (await self.http.get("/session")).json()["csrf"]
        self.http.headers.update({"X-CSRF-Token": token, "HX-Request": "true"})
        await asyncio.sleep(self.chance.random() * self.think)
        while True:
            listed = (await self.send("list", "GET", f"/worklist{self.chance.choice(LISTS)}")).text
            names = re.findall(r'class="open"[^>]*>(\w+)', listed) or ["Bara"]
            word = self.chance.choice(names)[: self.chance.randint(2, 6)]
            await self.send("search", "GET", f"/worklist?q={word}")
            await self.send("search", "GET", f"/worklist?show=all&q=B{self.chance.randrange(10**6):08d}"[:-2])
            free = re.findall(r'data-row="(\d+)"', (await self.send("list", "GET", "/worklist")).text)
            await self.review(self.chance.choice(free[:25]))

    async def review(self, report: str) -> None:
        """Five reports, each followed by the next."""
        self.page = (await self.send("open", "GET", f"/reports/{report}")).text
        for _ in range(5):
            await self.begin()
            while self.has("data-current") and not self.is_complete():
                await self.decide()
            if not self.is_complete():
                return
            answer = await self.send(
                "sign, next report", "POST", f"{self.address}/sign", revision=self.revision, **self.said
            )
            self.page = answer.text
            if answer.status_code != 200:
                return

    async def begin(self) -> None:
        """As the page does once it has loaded: the report is on the screen, to its end."""
        if 'data-open="yes"' in self.page:
            shown = {"seen": "end", "suggestion_id": self.value("data-current")}
            await self.send("opened", "POST", f"{self.address}/opened", **{k: v for k, v in shown.items() if v})

    @property
    def said(self) -> dict[str, object]:
        """What Sign asks to be said beside the drafts."""
        return {"seen": "end", "acknowledged": re.findall(r'name="acknowledged" value="([^"]*)"', self.page)}

    @property
    def address(self) -> str:
        return f"/reviews/{self.value('data-review')}"

    @property
    def revision(self) -> str:
        return self.value("data-revision")

    def value(self, name: str) -> str:
        return re.findall(rf'{name}="([^"]*)"', self.page)[-1]

    def has(self, name: str) -> bool:
        return 'data-open="yes"' in self.page and bool(self.value(name))

    def is_complete(self) -> bool:
        return 'data-complete="yes"' in self.page

    async def decide(self) -> None:
        """Approves the finding shown; rejects what cannot be approved, and one in ten."""
        reject = 'data-command="approve" disabled' in self.page or self.chance.random() < 0.1
        said = {"action": "reject", "reason": "hedged"} if reject else {"action": "approve", "confirmed": "true"}
        current = self.value("data-current")
        answer = await self.send(
            "decide", "POST", f"{self.address}/decide", revision=self.revision, suggestion_id=current, **said
        )
        if answer.status_code != 200:
            self.page = ""
            return
        head = self.page[: self.page.index("data-panel")] if "data-panel" in self.page else self.page
        self.page = head + answer.text

    async def listen(self) -> None:
        """Keeps the list live, as the page does."""
        async with self.http.stream("GET", "/events", timeout=None) as answer:
            async for _ in answer.aiter_bytes():
                pass


@asynccontextmanager
async def at_work(url: str, cookies: list[str], think: float, times: Times) -> AsyncIterator[None]:
    """The reviewers work as long as the caller stays."""
    people = [Reviewer(url, cookie, think, number, times) for number, cookie in enumerate(cookies)]
    tasks = [asyncio.create_task(work) for each in people for work in (each.work(), each.listen())]
    yield
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    for error in ended:
        if isinstance(error, BaseException) and not isinstance(error, asyncio.CancelledError):
            raise error


async def measured(worklist: Worklist, cookies: list[str], seconds: float, think: float) -> tuple[Times, float]:
    """The load for some seconds, then the browser with the load going on; CPU ms of the process a request."""
    times = Times()
    async with at_work(worklist.url, cookies[:-1], think, times):
        await asyncio.sleep(WARM_SECONDS)
        times.taken.clear()
        times.began = time.monotonic()
        before = _cpu(worklist)
        await asyncio.sleep(seconds)
        times.served = sum(map(len, times.taken.values()))
        used = (_cpu(worklist) - before) / times.served
        for milliseconds in await on_screen(worklist.url, cookies[-1]):
            times.add(ON_SCREEN, milliseconds)
    return times, used


def _cpu(worklist: Worklist) -> float:
    assert worklist.process is not None
    fields = Path(f"/proc/{worklist.process.pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / TICKS


async def on_screen(url: str, cookie: str, reports: int = 25) -> list[float]:
    """Milliseconds from the key to the next report, for a reviewer who works through `reports` by keys."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        await context.add_cookies([{"name": "countersign", "value": cookie, "url": url}])
        page = await context.new_page()
        await page.goto(f"{url}/worklist?sort=newest")
        await page.locator("a.open").first.click()
        await page.wait_for_load_state()
        await page.evaluate(NEXT_ON_SCREEN)
        for _ in range(reports):
            await _review_by_keys(page)
        shown: list[float] = await page.evaluate("window.shown")
        await browser.close()
        return shown


async def _review_by_keys(page: Page) -> None:
    main, done = page.locator("main.review"), page.locator('[data-panel][data-complete="yes"]')
    before = await main.get_attribute("data-report")
    # Keys pressed while a decision is on its way do nothing.
    idle = page.locator("body:not([data-busy])")
    while not await done.count():
        await idle.wait_for()
        count = int(await page.locator("[data-panel] .progress b").inner_text())
        if await page.locator('[data-command="approve"]:not(:disabled)').count():
            await page.keyboard.press("a")
            if await page.locator(".armed").count():
                await page.keyboard.press("a")
        else:
            await page.keyboard.press("r")
            await page.keyboard.press("1")
        try:
            await page.locator(f'[data-panel] .progress b:text-is("{count + 1}")').wait_for(timeout=5000)
        except PlaywrightTimeout:
            await _leave_to_its_reader(page, before)
            return
    await idle.wait_for()
    await page.keyboard.press("s")
    if await page.locator('[data-command="sign"].armed').count():
        await page.keyboard.press("s")
    await page.locator(f'main.review:not([data-report="{before}"])').wait_for()


async def _leave_to_its_reader(page: Page, report: str | None) -> None:
    """Another of the twenty had this report first: no decision is taken from here."""
    await page.keyboard.press("x")
    await page.locator(f'main.review:not([data-report="{report}"])').wait_for()


def main() -> None:
    options = parsed()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with database(options.seed or Path(folder), "worklist") as made:
            engine = connect(made)
            began = time.perf_counter()
            cookies = worklist_seed.seed(engine, options.reports, options.waiting)
            engine.dispose()
            print(f"{options.reports} reports seeded in {time.perf_counter() - began:.0f} s", flush=True)
            if not options.seed:
                report(made, cookies, options, Path(folder))


def report(made: Database, cookies: list[str], options: argparse.Namespace, folder: Path) -> None:
    """Runs the load, prints what it took, and puts that between the marks of a page."""
    clocked = folder / "times.jsonl"
    command = ("tests.benchmarks.timed_worklist", str(clocked))
    # As by default: what follows from a signature is done beside, once it cannot be taken back.
    undo = str(setting_groups.Worklist().undo)
    worklist = Worklist(made, {"COUNTERSIGN_DATABASE__POOL_SIZE": "10", "COUNTERSIGN_WORKLIST__UNDO": undo}, command)
    worklist.start()
    try:
        times, cpu = asyncio.run(measured(worklist, cookies, options.seconds, options.think))
    finally:
        worklist.stop()
    requests = sum(len(each) for kind, each in times.taken.items() if kind != ON_SCREEN)
    server = on_the_server(clocked, times.began, "since_sent")
    said = "\n\n".join(
        (
            table("On the server, since it was sent", server),
            table("On the server, since it was taken up", on_the_server(clocked, times.began, "handled")),
            table("At the client", times.taken),
            f"{requests} requests, {times.served} of them in the {options.seconds:.0f} s in which the process used "
            f"{cpu:.1f} ms of processor time for each; refused: {times.refused or 0}.",
            against_the_aims(server, times.taken[ON_SCREEN]),
        )
    )
    print(said)
    if options.out:
        put(said, options.out)


def against_the_aims(server: dict[str, list[float]], on_screen: list[float]) -> str:
    slowest = {kind: _at(server[kind], 0.95) for kind in AIMED_AT if kind in server}
    said = [f"{kind} {each:.0f} ms ({_met(each, AIM)})" for kind, each in slowest.items()]
    shown = _at(on_screen, 0.95)
    return (
        f"Aims: {AIM} ms on the server at the 95th percentile, since it was sent: {', '.join(said)}; the next report "
        f"on screen within {AIM_ON_SCREEN} ms of the key: median {_at(on_screen, 0.5):.0f} ms "
        f"({_met(_at(on_screen, 0.5), AIM_ON_SCREEN)}), 95th percentile {shown:.0f} ms ({_met(shown, AIM_ON_SCREEN)})."
    )


def _met(measured: float, aim: float) -> str:
    return "met" if measured <= aim else "not met"


def put(said: str, page: Path) -> None:
    """Between the marks of a page that has them, else as the whole of it."""
    head, mark, rest = page.read_text().partition(BEGIN) if page.exists() else ("", "", "")
    page.write_text(f"{head}{BEGIN}\n\n{said}\n\n{END}{rest.partition(END)[2]}" if mark else said + "\n")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=100_000)
    parser.add_argument("--waiting", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--think", type=float, default=2.0)
    parser.add_argument("--seed", type=Path, help="only fill a database in this new folder")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
