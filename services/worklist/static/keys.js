// Single keys, the finding that is current, its evidence, and the sheets for reject, edit and add.
"use strict";

(() => {
  const keys = () => JSON.parse(document.body.dataset.keys || "{}");
  const panel = () => document.querySelector("[data-panel]");
  const find = (selector) => document.querySelector(selector);
  const DECIDING = ["approve", "reject", "edit", "undo", "sign", "add", "claim", "skip", "next", "previous"];

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
    shown.scrollIntoView({ block: "nearest" });
    if (name === "reject") shown.focus?.();
    else shown.querySelector('input[name="finding"]').focus();
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

  const loadFindings = async () => {
    if (document.getElementById("findings")) return;
    const list = document.createElement("datalist");
    list.id = "findings";
    document.body.append(list);
    const names = await (await fetch("/findings")).json();
    list.replaceChildren(...names.map((name) => Object.assign(document.createElement("option"), { value: name })));
  };

  const step = (by) => {
    const items = [...document.querySelectorAll("[data-item]")];
    const rows = [...document.querySelectorAll("[data-row]")];
    if (rows.length) return stepRow(rows, by);
    const at = items.findIndex((item) => item.dataset.item === panel()?.dataset.current);
    const next = items[Math.min(items.length - 1, Math.max(0, at + by))];
    if (next && next !== items[at]) next.querySelector("button.line").click();
  };
  const stepRow = (rows, by) => {
    const at = rows.findIndex((row) => row.classList.contains("here"));
    rows[at]?.classList.remove("here");
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
    next.classList.add("here");
    next.querySelector("a.open").focus();
    next.scrollIntoView({ block: "nearest" });
  };

  // A disagreement with the rules takes a second keystroke.
  const approve = (button) => {
    if (button.dataset.confirm && !button.classList.contains("armed")) {
      button.classList.add("armed");
      button.querySelector("span").textContent = button.dataset.confirm;
      return false;
    }
    const confirmed = button.form.querySelector('[name="confirmed"]');
    if (confirmed) confirmed.value = "true";
    return true;
  };

  const reasoning = () => {
    const shown = find("details.reasoning");
    if (shown) shown.open = !shown.open;
  };

  const commands = {
    next: () => step(1),
    previous: () => step(-1),
    reasoning,
    reject: () => { const at = find('[data-sheet="reject"]'); if (at) sheet("reject", at.hidden); },
    edit: () => { if (find('[data-sheet="edit"]')) sheet("edit", true); },
    add: () => { if (find('[data-sheet="add"]')) sheet("add", true); },
    help: () => { document.getElementById("help").showModal(); },
    list: () => { const main = find("main.review"); if (main) location.assign(`/worklist${main.dataset.query ? `?${main.dataset.query}` : ""}`); },
    search: () => { find("[data-search]")?.focus(); },
  };
  const run = (command) => {
    if (commands[command]) return commands[command]();
    const button = find(`button[data-command="${command}"]`);
    if (button?.disabled) window.countersign.say(button.dataset.why);
    else button?.click();
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && openSheet()) { sheet("", false); event.preventDefault(); return; }
    const typing = event.target.closest("input:not([type=radio]):not([type=checkbox]), select, textarea, dialog[open]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const command = event.key === "ArrowDown" ? "next" : event.key === "ArrowUp" ? "previous"
      : Object.entries(keys()).find(([, key]) => key === event.key)?.[0];
    const digit = /^[1-9]$/.test(event.key) ? digitButton(event.key) : null;
    if (!command && !digit) return;
    if (command === "next" && event.key === "ArrowDown" && !panel() && !find("[data-row]")) return;
    event.preventDefault();
    // A key held down repeats; a decision needs a keystroke of its own, and the finding before it on the screen.
    if (event.repeat || ((digit || DECIDING.includes(command)) && document.body.dataset.busy)) return;
    if (digit) digit.click(); else run(command);
  });
  const digitButton = (digit) => {
    const open = openSheet();
    if (open) return open.querySelector(`[data-digit="${digit}"]`);
    return find(`[data-digits] [data-digit="${digit}"]`);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.command === "approve" && !approve(button)) { event.preventDefault(); return; }
    if (button && commands[button.dataset.command] && !button.form?.hasAttribute("hx-post")) commands[button.dataset.command]();
    if (button?.hasAttribute("data-cancel")) sheet("", false);
    const mark = event.target.closest("[data-text] mark");
    if (mark && getSelection().isCollapsed) {
      const id = mark.dataset.for.split(" ")[0];
      if (id !== panel()?.dataset.current) find(`[data-item="${id}"] button.line`)?.click();
    }
  }, true);
  document.addEventListener("focusin", (event) => { if (event.target.matches("[data-findings]")) loadFindings(); });
  document.addEventListener("selectionchange", () => { const open = openSheet(); if (open && open.dataset.sheet !== "reject") useSelection(open); });
  document.addEventListener("toggle", (event) => {
    const address = event.target.dataset?.reasoning;
    if (!address || !event.target.open) return;
    const headers = JSON.parse(document.body.getAttribute("hx-headers"));
    fetch(address, { method: "POST", headers });
  }, true);
  document.addEventListener("htmx:afterSettle", () => { showEvidence(false); unfold(); });
  showEvidence(true);
  unfold();
})();
