// What an edit or an addition says: its finding while it is typed, its side and status by one key, what it becomes.
"use strict";

(() => {
  const MOST = 8;
  let findings = null; // [{name, terms, sides}]
  let asked = null; // the one request for them
  const load = async () => {
    asked ??= fetch("/findings", { headers: { "HX-Request": "true" } }).then((answer) => answer.json());
    findings = await asked.catch((error) => { asked = null; throw error; });
  };
  const plain = (text) => text.normalize("NFD").replace(/[̀-ͯ]/g, "").toLowerCase().replace(/[^a-z0-9]+/g, " ").trim();

  // 0 the name itself, 1 its beginning, 2 that of a word of it, 3 another name of it, 4 anywhere; none: no match.
  const rank = (each, typed) => {
    const name = plain(each.name);
    if (name === typed) return 0;
    if (name.startsWith(typed)) return 1;
    if (` ${name}`.includes(` ${typed}`)) return 2;
    if (each.terms.includes(typed)) return 0.5;
    if (each.terms.some((term) => term.startsWith(typed))) return 3;
    return name.includes(typed) || each.terms.some((term) => term.includes(typed)) ? 4 : null;
  };
  const matches = (typed) => findings
    .map((each) => ({ each, at: rank(each, typed) }))
    .filter(({ at }) => at !== null)
    .sort((one, other) => one.at - other.at || one.each.name.length - other.each.name.length)
    .slice(0, MOST)
    .map(({ each }) => each);

  const field = (form) => form.querySelector("[data-findings]");
  const options = (form) => form.querySelector("[data-options]");
  const chosen = (form, name) => form.querySelector(`input[name="${name}"]:checked`)?.value || "";
  const active = (form) => options(form).querySelector('[aria-selected="true"]');
  const meant = (form) => active(form)?.dataset.name || field(form).value;

  const say = (form) => {
    const name = meant(form);
    const known = findings?.find((each) => each.name === name);
    // A side that cannot be is not sent; it is there again where the next finding has one.
    const sided = !known || known.sides;
    for (const side of form.querySelectorAll('input[name="side"]')) side.disabled = !sided && Boolean(side.value);
    const said = [name, chosen(form, "status"), sided ? chosen(form, "side") : ""].filter(Boolean).join(" · ");
    const unknown = findings && field(form).value.trim() && !known;
    form.querySelector("[data-becomes]").textContent = !name ? "" : unknown ? `No finding is called “${field(form).value}”.` : `Becomes: ${said}`;
  };
  const mark = (form, at) => {
    const all = [...options(form).children];
    all.forEach((each, number) => each.setAttribute("aria-selected", String(number === at)));
    if (all[at]) field(form).setAttribute("aria-activedescendant", all[at].id);
    else field(form).removeAttribute("aria-activedescendant");
    all[at]?.scrollIntoView({ block: "nearest" });
    say(form);
  };
  const close = (form) => {
    options(form).replaceChildren();
    options(form).hidden = true;
    field(form).setAttribute("aria-expanded", "false");
    field(form).removeAttribute("aria-activedescendant");
  };
  const suggest = async (form) => {
    await load();
    const typed = plain(field(form).value);
    const found = typed ? matches(typed) : [];
    options(form).replaceChildren(...found.map((each, number) => {
      const term = plain(each.name).includes(typed) ? "" : each.terms.find((one) => one.includes(typed)) || "";
      const made = Object.assign(document.createElement("li"), { id: `${options(form).id}-${number}`, textContent: term ? `${each.name} – ${term}` : each.name });
      made.setAttribute("role", "option");
      made.dataset.name = each.name;
      return made;
    }));
    options(form).hidden = !found.length;
    field(form).setAttribute("aria-expanded", String(found.length > 0));
    mark(form, found.length ? 0 : -1);
  };
  const take = (form) => {
    field(form).value = meant(form);
    close(form);
    say(form);
  };

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-findings]")) suggest(event.target.form);
  });
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form && field(form) && !event.target.matches("[data-findings]")) say(form);
  });
  document.addEventListener("focusin", async (event) => {
    const form = event.target.closest?.("form");
    if (!form || !options(form)) return;
    await load();
    say(form);
  });
  // The list closes once a press is over: what is pressed must not move under the pointer.
  let pressing = null;
  document.addEventListener("pointerdown", () => { pressing = new Promise((over) => document.addEventListener("click", over, { once: true })); }, true);
  document.addEventListener("click", () => { pressing = null; });
  document.addEventListener("focusout", async (event) => {
    const form = event.target.form;
    if (!event.target.matches("[data-findings]") || !active(form)) return;
    await pressing;
    if (document.activeElement !== event.target && active(form)) take(form);
  });
  // An option is taken before the press moves the focus away.
  document.addEventListener("pointerdown", (event) => {
    const option = event.target.closest("[data-options] li");
    if (!option) return;
    event.preventDefault();
    const form = option.closest("form");
    mark(form, [...options(form).children].indexOf(option));
    take(form);
  });
  document.addEventListener("keydown", async (event) => {
    const form = event.target.closest?.("form[data-sheet]");
    if (!form || !options(form)) return;
    if (event.key === "Enter" && !event.target.matches("button, summary")) {
      event.preventDefault();
      if (event.target === field(form)) await suggest(form);
      form.requestSubmit();
    }
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || event.target !== field(form) || options(form).hidden) return;
    event.preventDefault();
    const all = [...options(form).children];
    mark(form, (all.indexOf(active(form)) + by + all.length) % all.length);
  });
  // What is sent is what was said it becomes, never what only resembles it.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-sheet]") || !options(form)) return;
    if (active(form)) take(form);
    if (!findings || findings.some((each) => each.name === field(form).value)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    window.countersign.say(`No finding is called “${field(form).value}”: choose one of the list.`);
    field(form).focus();
  }, true);

  // A side or a status of the current finding by one key: an edit, sent at once.
  const edit = (name, digitOrValue) => {
    const form = document.querySelector('[data-sheet="edit"]');
    const input = form?.querySelector(`input[name="${name}"][data-digit="${digitOrValue}"], input[name="${name}"][value="${digitOrValue}"]`);
    if (!input) return false;
    const asked = { status: chosen(form, "status"), side: chosen(form, "side"), [name]: input.value };
    if (input.disabled) window.countersign.say(`${field(form).value} has no side.`);
    else if (input.checked) window.countersign.say(`It says that already: ${input.value || "no side"}.`);
    else if (form.dataset.suggested === [field(form).value, asked.status, asked.side].join("|")) window.countersign.say("That is what is suggested: approve it.");
    else {
      input.checked = true;
      form.requestSubmit();
    }
    return true;
  };
  document.addEventListener("htmx:responseError", () => document.querySelector('[data-sheet="edit"][hidden]')?.reset());
  Object.assign(window.countersign, { edit, describe: (form) => load().then(() => say(form)) });
})();
