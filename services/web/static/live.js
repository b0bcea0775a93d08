// Counts and list kept up to date by server-sent events; the claim and the session kept while somebody works.
"use strict";

(() => {
  let active = false;
  for (const kind of ["keydown", "pointerdown", "wheel"]) {
    document.addEventListener(kind, () => { active = true; }, { passive: true });
  }

  const heartbeat = () => {
    const main = document.querySelector("main.review");
    if (!main || main.dataset.open !== "yes" || !active) return;
    active = false;
    const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), "HX-Request": "true" };
    fetch(`/reviews/${main.dataset.review}/heartbeat`, { method: "POST", headers }).catch(() => { active = true; });
  };
  // What can be taken back is said for as long as it can.
  let pendingTimer = 0;
  const pending = () => {
    const shown = document.getElementById("pending");
    clearTimeout(pendingTimer);
    if (!shown?.dataset.seconds) return;
    pendingTimer = setTimeout(() => { shown.hidden = true; }, Number(shown.dataset.seconds) * 1000);
  };
  document.addEventListener("htmx:oobAfterSwap", pending);
  pending();

  const claim = Number(document.querySelector("main.review")?.dataset.claim || 300);
  setInterval(heartbeat, Math.max(1, claim / 3) * 1000);

  // The warning comes two minutes before the end, or at half time of a short session.
  let timer = 0;
  const dialog = document.getElementById("expiry");
  const watch = () => {
    clearTimeout(timer);
    const left = Number(document.body.dataset.sessionEnds);
    const notice = Math.min(120, left / 2);
    timer = setTimeout(() => {
      dialog.querySelector("[data-remaining]").textContent = `It ends in ${Math.round(notice)} seconds.`;
      dialog.showModal();
    }, Math.min((left - notice) * 1000, 2 ** 31 - 1));
  };
  dialog.querySelector("[data-stay]").addEventListener("click", async () => {
    dialog.close();
    if (await window.countersign.renewSession()) watch();
    else window.countersign.say("Your session has ended. Your drafts are kept.", Object.assign(document.createElement("a"), { href: "/login?next=/login/done", target: "_blank", textContent: "Log in" }));
  });
  document.addEventListener("session-renewed", watch);
  document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) watch(); });
  watch();

  const list = document.querySelector("[data-live]");
  const counts = document.getElementById("counts");
  const open = () => document.querySelector("main.review[data-open]");
  if (!counts && !open()) return;
  // What happened to the report on the screen is said at once; the screen stays until it is looked at again.
  let said = "";
  const lookAt = async () => {
    const main = open();
    if (!main) return;
    const address = `/reviews/${main.dataset.review}/standing?version=${main.dataset.version}&reading=${main.dataset.reading}`;
    const answer = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer?.ok || !main.isConnected) return;
    const { message } = await answer.json();
    const news = message && `${main.dataset.report}: ${message}`;
    if (news && news !== said) window.countersign.say(message, window.countersign.button("Look again", window.countersign.lookAgain));
    said = news;
  };
  // Sign waits for the model no longer than the site has it: that the wait is over is said, as if something had come.
  let waitTimer = 0;
  const waits = () => {
    clearTimeout(waitTimer);
    const left = Number(document.querySelector("[data-waits]")?.dataset.waits || 0);
    if (left) waitTimer = setTimeout(() => window.countersign.say("The model did not answer in time: the rules' reading can be signed.", window.countersign.button("Look again", window.countersign.lookAgain)), Math.min(left * 1000 + 500, 2 ** 31 - 1));
  };
  document.addEventListener("htmx:afterSettle", waits);
  waits();
  const events = new EventSource("/events");
  events.addEventListener("changed", lookAt);
  // What the title says without a number before it: a report that came after Sign has a title of its own.
  const title = () => document.title.replace(/^\(\d+ STAT\) /, "");
  const news = document.querySelector("[data-news]");
  const tell = (words, stat) => {
    news.querySelector("button").textContent = words;
    news.hidden = false;
    document.title = stat ? `(${stat} STAT) ${title()}` : title();
  };
  // A STAT report sounds where that was asked for; over an open report it is said in the bar, which covers nothing.
  let known = counts ? Number(counts.querySelector('[data-count="stat"]').textContent) : null;
  let unseen = 0;
  const urgent = (stat) => {
    const more = known === null ? 0 : stat - known;
    known = stat;
    if (more <= 0) return;
    document.dispatchEvent(new Event("new-stat"));
    unseen += more;
    if (open()) tell(`${unseen} new STAT`, unseen);
  };
  events.addEventListener("counts", (event) => {
    const now = JSON.parse(event.data);
    urgent(now.stat);
    if (!counts) return;
    for (const [name, value] of Object.entries(now)) {
      const shown = counts.querySelector(`[data-count="${name}"]`);
      if (shown) shown.textContent = value;
    }
  });
  // A list in which somebody is does not move under them: it says what is new, and shows it when asked.
  const rowsOf = (root) => new Map([...root.querySelectorAll("[data-row]")].map((row) => [row.dataset.row, row.classList.contains("stat")]));
  const refresh = async () => {
    news.hidden = true;
    document.title = title();
    const here = list.querySelector("[data-row].here")?.dataset.row;
    await htmx.ajax("GET", list.dataset.live, { source: list, target: "#list", swap: "innerHTML" });
    const row = here && list.querySelector(`[data-row="${here}"]`);
    if (row) { row.classList.add("here"); row.querySelector("a.open").focus(); }
  };
  const announce = async () => {
    const answer = await fetch(list.dataset.live, { headers: { "HX-Request": "true", "HX-Target": "list" } }).catch(() => null);
    if (!answer?.ok) return;
    const now = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const row of list.querySelectorAll("[data-row]")) {
      const same = now.querySelector(`[data-row="${row.dataset.row}"] .c-state`);
      if (same) row.querySelector(".c-state").replaceWith(same.cloneNode(true));
    }
    const shown = rowsOf(list);
    const fresh = [...rowsOf(now)].filter(([id]) => !shown.has(id));
    if (!fresh.length) return;
    const stat = fresh.filter(([, isStat]) => isStat).length;
    tell([`${fresh.length} new`, stat ? `${stat} STAT` : ""].filter(Boolean).join(" · "), stat);
  };
  news.querySelector("button").addEventListener("click", () => { if (list) refresh(); else location.href = "/worklist?priority=stat"; });
  events.addEventListener("changed", () => {
    const asked = new URLSearchParams(location.search);
    if (!list || asked.has("after") || asked.has("before")) return;
    if (list.contains(document.activeElement)) announce();
    else refresh();
  });
  window.addEventListener("pagehide", () => events.close());
})();
