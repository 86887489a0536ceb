// News of the page, as server-sent events. Only a visible page listens; parts are put in where they
// stand, so that focus, selection and open folds stay.
(() => {
  "use strict";
  const SILENCE = 40000, HIDDEN = 2000, SPEAK = 10000;
  let source = null, opened = 0, heard = 0, frozen = false, waiting = null, hideTimer = 0, spoken = 0;
  const kept = new Map();
  const one = (selector) => document.querySelector(selector);

  const tell = (words, on) => {
    const place = one("#live-state");
    if (!place) return;
    place.textContent = words;
    place.className = "live " + (on ? "on" : "off");
  };
  const clock = (time) => new Date(time).toLocaleTimeString();

  const busy = (element) =>
    element.id === "job-rows" &&
    (element.querySelector("input:checked") || window.scrollY > 200 || element.querySelector("tr.here"));

  // Rows that are new while somebody reads wait until they ask for them.
  const later = (element) => {
    waiting = element;
    const place = one("[data-news]");
    if (!place) return;
    const known = new Set([...one("#job-rows").children].map((row) => row.id));
    const fresh = [...element.children].filter((row) => !known.has(row.id)).length;
    if (!fresh) return;
    place.className = "";
    place.replaceChildren();
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = fresh + " new: show";
    button.onclick = () => { place.className = "unseen"; put(waiting, true); };
    place.append(button);
  };

  const put = (element, asked) => {
    const old = document.getElementById(element.id);
    // A list that was empty has no table yet.
    if (!old) { if (element.id === "job-rows" && element.children.length) refresh(); return; }
    if (!asked && busy(old)) { later(element); return; }
    Idiomorph.morph(old, element.cloneNode(true), {
      callbacks: {
        beforeAttributeUpdated: (name, node) =>
          !(name === "open" || (node.tagName === "INPUT" && name === "checked") || (name === "class" && node.classList.contains("here"))),
      },
    });
    if (window.htmx) htmx.process(document.getElementById(element.id));
    speak();
  };

  const speak = () => {
    const now = Date.now(), place = one("#announce");
    if (!place || now - spoken < SPEAK) return;
    spoken = now;
    const tab = one("#tabs [aria-current]");
    if (tab) place.textContent = tab.textContent;
  };

  const parts = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return [...template.content.children];
  };

  const event = (text) => {
    const list = one("#events");
    if (!list || frozen) return;
    const [kind, ...ids] = text.split(" ");
    const item = document.createElement("li");
    item.append(clock(Date.now()) + " " + kind + " ");
    for (const id of ids) {
      const link = document.createElement("a");
      link.href = list.dataset.jobs + encodeURIComponent(id);
      link.textContent = id;
      item.append(link, " ");
    }
    list.prepend(item);
    while (list.children.length > 500) list.lastChild.remove();
  };

  const open = () => {
    const main = one("main[data-live]");
    if (!main || source || document.hidden) return;
    source = new EventSource(main.dataset.live);
    opened = Date.now();
    const alive = () => { heard = Date.now(); if (!frozen) tell("live", true); };
    source.addEventListener("hello", alive);
    source.addEventListener("beat", alive);
    source.addEventListener("part", (message) => {
      alive();
      for (const element of parts(message.data)) {
        if (frozen) kept.set(element.id, element); else put(element, false);
      }
    });
    source.addEventListener("event", (message) => { alive(); event(message.data); });
    source.addEventListener("reload", () => { alive(); if (!frozen) refresh(); });
    source.onerror = () => tell("cut off, last " + (heard ? clock(heard) : "never"), false);
  };
  const close = () => { if (source) source.close(); source = null; };

  // The page anew, put in where it differs.
  const refresh = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) { tell("cut off: " + answer.status, false); return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = page.querySelector("main");
    if (main) Idiomorph.morph(one("main"), main);
  };

  document.addEventListener("visibilitychange", () => {
    clearTimeout(hideTimer);
    if (document.hidden) { hideTimer = setTimeout(() => { close(); tell("not live: hidden", false); }, HIDDEN); }
    else if (!source) { if (heard) refresh(); open(); }
  });

  window.jobqueueFreeze = () => {
    frozen = !frozen;
    const button = one("[data-freeze]");
    if (button) button.textContent = frozen ? "Go on" : "Freeze";
    tell(frozen ? "frozen at " + clock(Date.now()) : "live", !frozen);
    if (!frozen) { for (const element of kept.values()) put(element, false); kept.clear(); }
  };

  // A proxy that keeps the stream back: ask again and again instead.
  setInterval(() => {
    if (!source || frozen || document.hidden) return;
    if (Date.now() - Math.max(opened, heard) > SILENCE) { close(); refresh(); open(); tell("asking every 5 s", false); }
  }, 5000);

  // Times in the reader's zone, and as long ago as they are now.
  const words = (ms) => {
    const s = Math.floor(ms / 1000);
    if (s < 60) return s + " s";
    if (s < 3600) return Math.floor(s / 60) + " min";
    if (s < 172800) return Math.floor(s / 3600) + " h";
    return Math.floor(s / 86400) + " d";
  };
  const times = () => {
    if (frozen) return;
    for (const time of document.querySelectorAll("time")) {
      const at = Date.parse(time.dateTime), now = Date.now();
      const own = new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
      if ("exact" in time.dataset) { time.textContent = own; continue; }
      time.title = own + " (" + time.dateTime + ")";
      time.textContent = at > now ? "in " + words(at - now) : words(now - at) + " ago";
    }
  };

  // A part of the page was changed by a link: it may have news of its own.
  document.addEventListener("htmx:afterSettle", () => { close(); waiting = null; times(); open(); });

  document.addEventListener("DOMContentLoaded", () => {
    const button = one("[data-freeze]");
    if (button) button.onclick = window.jobqueueFreeze;
    times();
    setInterval(times, 5000);
    open();
  });
  window.addEventListener("pagehide", close);
})();
