// A report is signed once it was on the screen: for a moment, to its end or with the words of every finding.
// What was shown is told to the server, which takes no signature without it.
"use strict";

(() => {
  const seen = new Set(); // suggestions whose words were on the screen, and "end"
  let main = null; // the report on the screen
  let settledAt = Infinity; // when it may be signed, in milliseconds of this page
  let timer = 0;

  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((each) => each.isIntersecting)) {
      if (entry.target.hasAttribute("data-end")) seen.add("end");
      else entry.target.dataset.for.split(" ").forEach((id) => seen.add(id));
    }
  });
  const watch = () => {
    watcher.disconnect();
    for (const each of main.querySelectorAll("[data-end], [data-text] mark")) watcher.observe(each);
  };

  const settle = () => {
    const wait = Number(main.dataset.settle) * 1000;
    settledAt = performance.now() + wait;
    clearTimeout(timer);
    document.body.dataset.settling = "yes";
    timer = setTimeout(() => { delete document.body.dataset.settling; }, wait);
  };
  // Between the swap and its settling the report is there and not yet watched: no key decides about it.
  const swapped = () => {
    const found = document.querySelector("main.review[data-open]");
    if (found && found !== main) document.body.dataset.opening = "yes";
  };
  const begin = () => {
    delete document.body.dataset.opening;
    const found = document.querySelector("main.review[data-open]");
    if (!found || found === main) return;
    main = found;
    seen.clear();
    settledAt = Infinity;
    watch();
    if (main.dataset.open !== "yes") return;
    // Frames pass before what is visible is known; until the server has answered nothing can be decided.
    document.body.dataset.busy = "yes";
    requestAnimationFrame(() => requestAnimationFrame(() => htmx.ajax("POST", `/reviews/${main.dataset.review}/opened`, {
      source: document.body, swap: "none",
      values: { suggestion_id: document.querySelector("[data-panel]")?.dataset.current || [] },
    })));
  };

  // A key that comes too early was meant for the report before: the wait begins anew.
  const isArmed = () => {
    if (!main || !main.isConnected || performance.now() >= settledAt) return true;
    if (settledAt !== Infinity) settle();
    window.countersign.say("This report has only just opened. Look at it, then sign.");
    return false;
  };

  document.addEventListener("htmx:configRequest", (event) => {
    if (main?.isConnected && event.detail.path.startsWith(`/reviews/${main.dataset.review}/`)) {
      event.detail.parameters.seen = [...seen].join(",");
    }
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && event.detail.pathInfo?.requestPath.endsWith("/opened")) settle();
  });
  document.addEventListener("htmx:afterSwap", swapped);
  document.addEventListener("htmx:afterSettle", begin);
  document.addEventListener("DOMContentLoaded", begin);
  window.countersign.isArmed = isArmed;
})();
