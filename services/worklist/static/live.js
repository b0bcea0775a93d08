// Counts and list kept up to date by server-sent events; the claim and the session kept while somebody works.
"use strict";

(() => {
  let active = false;
  for (const kind of ["keydown", "pointerdown", "wheel"]) {
    document.addEventListener(kind, () => { active = true; }, { passive: true });
  }

  const heartbeat = () => {
    const main = document.querySelector("main.review");
    if (!main || main.dataset.mine !== "yes" || !active) return;
    active = false;
    const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), "HX-Request": "true" };
    fetch(`/reviews/${main.dataset.review}/heartbeat`, { method: "POST", headers }).catch(() => { active = true; });
  };
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
  if (!counts) return;
  const events = new EventSource("/events");
  events.addEventListener("counts", (event) => {
    for (const [name, value] of Object.entries(JSON.parse(event.data))) {
      const shown = counts.querySelector(`[data-count="${name}"]`);
      if (shown) shown.textContent = value;
    }
  });
  events.addEventListener("changed", () => {
    const asked = new URLSearchParams(location.search);
    const paged = asked.has("after") || asked.has("before");
    if (!list || paged || list.contains(document.activeElement)) return;
    htmx.ajax("GET", list.dataset.live, { source: list, target: "#list", swap: "innerHTML" });
  });
  window.addEventListener("pagehide", () => events.close());
})();
