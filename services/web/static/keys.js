// Single keys, the finding that is current, its evidence, and the sheets for reject, edit and add.
"use strict";

(() => {
  const keys = () => JSON.parse(document.body.dataset.keys || "{}");
  const keysOn = () => Object.keys(keys()).length > 0 || Boolean(openSheet() || find("[data-digits]"));
  const panel = () => document.querySelector("[data-panel]");
  const find = (selector) => document.querySelector(selector);
  const STATUSES = ["present", "uncertain", "absent"];
  const DECIDING = [...STATUSES, "approve", "accept", "told", "reject", "edit", "undo", "sign", "take_back", "amend", "add", "claim", "skip", "next", "previous"];

  // Where the page is one column, opening a report must not scroll its patient's name away.
  const oneColumn = matchMedia("(max-width: 999px)");

  const showEvidence = (opening) => {
    const current = panel()?.dataset.current;
    let first = null;
    for (const mark of document.querySelectorAll("[data-text] mark")) {
      const here = Boolean(current) && mark.dataset.for.split(" ").includes(current);
      mark.classList.toggle("here", here);
      if (here && !first) first = mark;
    }
    if (opening === true && oneColumn.matches) return;
    first?.scrollIntoView({ block: "nearest", inline: "nearest" });
    find(".item.current")?.scrollIntoView({ block: "nearest" });
  };

  // On a wide screen what stands beside the panel has a column of its own: nothing in it needs to be folded.
  const wide = matchMedia("(min-width: 1700px)");
  const unfold = () => {
    const main = find("main.review:not([data-unfolded])");
    if (!main || !wide.matches) return;
    main.dataset.unfolded = "yes";
    for (const each of main.querySelectorAll(".beside > details")) each.open = true;
  };

  const sheet = (name, open) => {
    for (const each of document.querySelectorAll("[data-sheet]")) each.hidden = !(open && each.dataset.sheet === name);
    for (const each of document.querySelectorAll("button[aria-expanded][data-command]")) {
      each.setAttribute("aria-expanded", String(Boolean(open) && each.dataset.command === name));
    }
    if (!open) return;
    const shown = find(`[data-sheet="${name}"]`);
    useSelection(shown);
    if (shown.querySelector("[data-becomes]")) window.countersign.describe(shown);
    shown.scrollIntoView({ block: "nearest" });
    if (name === "add" || name === "told") shown.querySelector('input[name="finding"], input[name="person"]').focus();
    else shown.focus();
  };
  const openSheet = () => find("[data-sheet]:not([hidden])");

  const useSelection = (form) => {
    const selection = getSelection();
    const text = find("[data-text]");
    const start = form.querySelector('[name="start"]');
    if (!start || !text || selection.isCollapsed || !text.contains(selection.anchorNode) || !text.contains(selection.focusNode)) return;
    const range = selection.getRangeAt(0);
    const before = document.createRange();
    before.setStart(text, 0);
    before.setEnd(range.startContainer, range.startOffset);
    // The server counts characters, a page UTF-16 units.
    start.value = [...before.toString()].length;
    form.querySelector('[name="end"]').value = Number(start.value) + [...range.toString()].length;
    for (const each of [start, form.querySelector('[name="end"]')]) each.disabled = false;
    form.querySelector("[data-evidence]").textContent = `Evidence: “${range.toString()}”`;
  };

  const step = (by) => {
    const items = [...document.querySelectorAll("[data-item]")];
    const rows = [...document.querySelectorAll("[data-row]")];
    if (rows.length) return stepRow(rows, by);
    const at = items.findIndex((item) => item.dataset.item === panel()?.dataset.current);
    const next = items[Math.min(items.length - 1, Math.max(0, at + by))];
    if (next && next !== items[at]) next.querySelector("button.line").click();
    else if (panel()) window.countersign.say(!items.length ? "There is no finding here." : by > 0 ? "This is the last finding." : "This is the first finding.");
  };
  const stepRow = (rows, by) => {
    const at = rows.findIndex((row) => row.classList.contains("here"));
    rows[at]?.classList.remove("here");
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
    takeRow(next);
  };

  const takeRow = (row) => {
    row.classList.add("here");
    row.querySelector(".open").focus();
    row.scrollIntoView({ block: "nearest" });
  };
  // Back from a report, the list stands at its row.
  const returned = () => {
    const [, number] = /^#at-(\d+)$/.exec(location.hash) || [];
    const row = number && document.querySelector(`[data-row="${number}"]`);
    if (row) takeRow(row);
  };

  // A disagreement with the rules, a contradiction, a report somebody else has open: each takes a second keystroke.
  const isConfirmed = (button) => {
    if (button.dataset.confirm && !button.classList.contains("armed")) {
      button.classList.add("armed");
      button.querySelector("span").textContent = button.dataset.confirm;
      return false;
    }
    const confirmed = button.form.querySelector('[name="confirmed"]');
    if (confirmed) confirmed.value = "true";
    for (const each of button.form.querySelectorAll('[name="acknowledged"]')) each.disabled = false;
    return true;
  };

  // A screen reader is told what a decision came to; the focus that went with the old screen stands on the new one.
  let told = find("main.review")?.dataset.report || "";
  let heardOf = panel();
  const hear = () => {
    const main = find("main.review");
    if (panel() === heardOf) return;
    heardOf = panel();
    const report = main && main.dataset.report !== told ? `${find(".patient h1").textContent}, ${find(".patient .exam").textContent}. ` : "";
    told = main?.dataset.report || "";
    const heard = document.getElementById("heard");
    if (heard && panel()) heard.textContent = `${report}${panel().dataset.heard}`;
  };
  let lost = null;
  document.addEventListener("htmx:beforeSwap", (event) => { lost = event.detail.target?.contains(document.activeElement) ? event.detail.target.id : null; });
  const refocus = () => {
    if (!lost || document.activeElement !== document.body) return;
    const to = lost === "panel" ? find(".item.current button.line") || find("#panel") : find("#main");
    lost = null;
    to?.focus({ preventScroll: true });
  };

  const reasoning = () => {
    const shown = find("details.reasoning");
    if (shown) shown.open = !shown.open;
    else say("reasoning");
  };

  const commands = {
    next: () => step(1),
    previous: () => step(-1),
    reasoning,
    reject: () => { const at = find('[data-sheet="reject"]'); if (at) sheet("reject", at.hidden); else say("reject"); },
    amend: () => { const at = find('[data-sheet="amend"]'); if (at) sheet("amend", at.hidden); else say("amend"); },
    told: () => { if (find('[data-sheet="told"]')) sheet("told", true); else say("told"); },
    edit: () => { if (find('[data-sheet="edit"]')) sheet("edit", true); else say("edit"); },
    add: () => { if (find('[data-sheet="add"]')) sheet("add", true); else say("add"); },
    ...Object.fromEntries(STATUSES.map((status) => [status, () => { if (!window.countersign.edit("status", status)) say(status); }])),
    help: () => { document.getElementById("help").showModal(); },
    list: () => { const main = find("main.review"); if (main) location.assign(`/worklist${main.dataset.query ? `?${main.dataset.query}` : ""}#at-${main.dataset.report}`); },
    search: () => { find("[data-search]")?.focus(); },
  };
  // A key that can do nothing says why: of the report where that is it, else of what is current.
  const NOTHING = {
    reasoning: "No reasoning is kept of this finding.",
    take_back: "No signature of yours can be taken back any more.",
    claim: "There is nothing to claim: it is open by you already, or not to be reviewed.",
  };
  const HERE = {
    undo: "Nothing is decided here yet.",
    told: "The report has no critical result of which it does not say who was told.",
    accept: "No correction has left a decision of this report to be accepted.",
    amend: "Only a signed report can be amended.",
  };
  const say = (command) => {
    const main = find("main.review");
    if (!main) return;
    const added = panel()?.dataset.current.startsWith("draft-");
    const none = added ? "This finding was added by hand: undo removes it." : "There is no finding here to decide.";
    window.countersign.say(NOTHING[command] || main.dataset.why || HERE[command] || none);
  };
  const run = (command) => {
    if (commands[command]) return commands[command]();
    const button = find(`button[data-command="${command}"]`);
    if (button?.disabled) window.countersign.say(button.dataset.why);
    else if (button) button.click();
    else say(command);
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && openSheet()) { sheet("", false); event.preventDefault(); return; }
    const typing = event.target.closest("input:not([type=radio]):not([type=checkbox]), select, textarea, dialog[open]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    // In the sheet of an edit its letters come before the commands.
    const letter = !event.repeat && openSheet()?.querySelector(`[data-letter="${event.key.toLowerCase()}"]`);
    if (letter && /^[a-z]$/i.test(event.key)) { event.preventDefault(); if (letter.type === "radio") letter.click(); else { letter.focus(); letter.select(); } return; }
    const command = event.key === "ArrowDown" ? "next" : event.key === "ArrowUp" ? "previous"
      : Object.entries(keys()).find(([, key]) => key === event.key)?.[0];
    const digit = /^[1-9]$/.test(event.key) && keysOn() ? digitOf(event.key) : null;
    if (!command && !digit) return;
    if (command === "next" && event.key === "ArrowDown" && !panel() && !find("[data-row]")) return;
    event.preventDefault();
    // A key held down repeats; a decision needs a keystroke of its own, and the finding before it on the screen.
    if (event.repeat || ((digit || DECIDING.includes(command)) && (document.body.dataset.busy || document.body.dataset.opening))) return;
    if (digit) digit(); else run(command);
  });
  // Of an open sheet, of a question that asks for a number, or a side of the current finding.
  const digitOf = (digit) => {
    const numbered = (openSheet() || find("[data-digits]"))?.querySelector(`[data-digit="${digit}"]`);
    if (numbered) return () => numbered.click();
    if (openSheet() || find("[data-digits]") || digit > "4" || !find("main.review")) return null;
    return () => { if (!window.countersign.edit("side", digit)) say("side"); };
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.command === "sign" && !window.countersign.isArmed()) { event.preventDefault(); return; }
    if (["approve", "sign", "claim"].includes(button?.dataset.command) && !isConfirmed(button)) { event.preventDefault(); return; }
    if (button && commands[button.dataset.command] && !button.form?.hasAttribute("hx-post")) commands[button.dataset.command]();
    if (button?.hasAttribute("data-cancel")) sheet("", false);
    const row = event.target.closest("[data-row]");
    if (row && !event.target.closest("a, button, input") && getSelection().isCollapsed) row.querySelector("a.open").click();
    const mark = event.target.closest("[data-text] mark");
    if (mark && getSelection().isCollapsed) {
      const id = mark.dataset.for.split(" ")[0];
      if (id !== panel()?.dataset.current) find(`[data-item="${id}"] button.line`)?.click();
    }
  }, true);
  document.addEventListener("selectionchange", () => { const open = openSheet(); if (open && open.querySelector('[name="start"]')) useSelection(open); });
  document.addEventListener("toggle", (event) => {
    const address = event.target.dataset?.reasoning;
    if (!address || !event.target.open) return;
    const headers = JSON.parse(document.body.getAttribute("hx-headers"));
    fetch(address, { method: "POST", headers });
  }, true);
  document.addEventListener("htmx:afterSettle", () => { showEvidence(false); unfold(); hear(); refocus(); });
  showEvidence(true);
  unfold();
  returned();
})();
