// What happens between a decision and its answer: nothing a reviewer did is lost when an answer fails to come.
"use strict";

(() => {
  const toast = document.getElementById("toast");
  let waiting = null; // the one request that has no answer yet
  let retryTimer = 0;

  const say = (message, ...actions) => {
    toast.replaceChildren(document.createTextNode(message), ...actions);
    toast.hidden = false;
    clearTimeout(say.timer);
    if (!actions.length) say.timer = setTimeout(() => { toast.hidden = true; }, 5000);
  };
  const hush = () => { toast.hidden = true; };
  const button = (label, work) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.addEventListener("click", work);
    return made;
  };
  const link = (label, address) => {
    const made = document.createElement("a");
    made.href = address;
    made.target = "_blank";
    made.textContent = label;
    return made;
  };

  const remember = (detail) => {
    const config = detail.requestConfig;
    const values = config.formData ? Object.fromEntries(config.formData.entries()) : {};
    waiting = {
      verb: config.verb, path: config.path, values, target: config.elt.getAttribute("hx-target") || "#panel",
      swap: config.elt.getAttribute("hx-swap") || "innerHTML",
    };
  };
  const send = () => {
    if (!waiting) return;
    clearTimeout(retryTimer);
    const { verb, path, values, target, swap } = waiting;
    const panel = document.querySelector("[data-panel]");
    if (waiting.renew && panel && "revision" in values) values.revision = panel.dataset.revision;
    htmx.ajax(verb.toUpperCase(), path, { source: document.body, target, swap, values });
  };
  const lookAgain = async () => {
    const main = document.getElementById("main");
    const again = waiting;
    await htmx.ajax("GET", `${location.pathname}${location.search}`, { source: document.body, target: "#main", select: "#main", swap: "outerHTML" });
    if (!again || !main) return hush();
    waiting = { ...again, renew: true };
    say("Your last decision is not stored yet.", button("Send it again", send), button("Drop it", () => { waiting = null; hush(); }));
  };
  const renewSession = async () => {
    const answer = await fetch("/session", { headers: { "HX-Request": "true" } });
    if (!answer.ok) return false;
    const session = await answer.json();
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRF-Token": session.csrf }));
    document.body.dataset.sessionEnds = session.ends_in;
    document.dispatchEvent(new CustomEvent("session-renewed"));
    return true;
  };

  const isOpening = (detail) => Boolean(detail.requestConfig?.path.endsWith("/opened"));

  document.addEventListener("htmx:beforeRequest", () => { document.body.dataset.busy = "yes"; });
  document.addEventListener("htmx:afterRequest", (event) => {
    delete document.body.dataset.busy;
    // That a report was opened is no answer to the decision that waits.
    if (event.detail.successful && !isOpening(event.detail)) { if (waiting) hush(); waiting = null; clearTimeout(retryTimer); }
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (event.detail.requestConfig.verb === "get") return;
    remember(event.detail);
    document.body.dataset.offline = "yes";
    say("No connection. Your decision waits here and is sent as soon as there is one.", button("Try now", send));
    retryTimer = setTimeout(send, 2000);
  });
  window.addEventListener("online", send);
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    const code = xhr.getResponseHeader("X-Countersign-Code") || "";
    const message = xhr.responseText.length < 300 ? xhr.responseText : "The server had a problem.";
    if (event.detail.requestConfig.verb !== "get" && !isOpening(event.detail)) remember(event.detail);
    if (xhr.status === 401 || code === "reauthenticate") {
      const address = code === "reauthenticate" ? "/login/again?next=/login/done" : "/login?next=/login/done";
      say(message, link("Log in", address));
    } else if (xhr.status === 409) {
      say(message, button("Look again", lookAgain));
    } else if (xhr.status >= 502 || xhr.status === 503) {
      say(message, button("Try now", send));
      retryTimer = setTimeout(send, 2000);
    } else {
      waiting = null;
      say(message);
    }
  });
  document.addEventListener("htmx:afterSwap", () => { delete document.body.dataset.offline; });
  window.addEventListener("focus", async () => {
    if (toast.hidden || !toast.querySelector('a[href^="/login"]')) return;
    if (await renewSession()) send();
  });
  window.addEventListener("beforeunload", (event) => { if (waiting && document.body.dataset.offline) event.preventDefault(); });

  window.countersign = { say, hush, renewSession, button, lookAgain };
})();
