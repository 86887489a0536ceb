// Keys for those who like them. Each has a visible control too; none works within fields or with
// ctrl, alt or meta, and all can be switched off.
(() => {
  "use strict";
  const OFF = "jobqueue-keys-off";
  let go = false, row = -1, from = -1;
  const all = (selector) => [...document.querySelectorAll(selector)];
  const click = (selector) => { const it = document.querySelector(selector); if (it) it.click(); return !!it; };
  const off = () => { try { return localStorage.getItem(OFF) === "1"; } catch { return false; } };

  const show = (at) => {
    const rows = all("tr[data-row], li[data-row]");
    if (!rows.length) return;
    rows.forEach((it) => it.classList.remove("here"));
    row = Math.max(0, Math.min(rows.length - 1, at));
    rows[row].classList.add("here");
    rows[row].scrollIntoView({ block: "nearest" });
  };
  const here = () => document.querySelector(".here");

  const boxes = () => all("tbody input[type=checkbox]");
  const range = (box) => {
    const list = boxes(), to = list.indexOf(box);
    if (from >= 0) for (let n = Math.min(from, to); n <= Math.max(from, to); n++) list[n].checked = box.checked;
    from = to;
  };

  const KEYS = {
    "/": () => { const it = document.querySelector("[data-search]"); if (it) it.focus(); },
    "g": () => { go = true; setTimeout(() => { go = false; }, 1500); },
    "j": () => show(row + 1),
    "k": () => show(row - 1),
    "x": () => { const box = here() && here().querySelector("input[type=checkbox]"); if (box) { box.checked = !box.checked; from = boxes().indexOf(box); } },
    "X": () => { const box = here() && here().querySelector("input[type=checkbox]"); if (box) { box.checked = true; range(box); } },
    "Enter": () => { const link = here() && here().querySelector("[data-open]"); if (link) link.click(); },
    "u": () => click("[data-up]"),
    "[": () => click("[data-page='[']"),
    "]": () => click("[data-page=']']"),
    "r": () => click("[data-key=r]"),
    "e": () => click("[data-key=e]"),
    "c": () => click("[data-key=c]"),
    "p": () => click("[data-key=p]"),
    "y": () => { const it = (here() && here().querySelector("[data-id]")) || document.querySelector("[data-copy]"); if (it && navigator.clipboard) navigator.clipboard.writeText(it.dataset.id || it.dataset.copy); },
    ".": () => window.jobqueueFreeze && window.jobqueueFreeze(),
    "t": () => { const list = all("footer [name=theme]"); const at = list.findIndex((it) => it.getAttribute("aria-pressed") === "true"); if (list.length) list[(at + 1) % list.length].click(); },
    "?": () => help(),
  };

  const help = () => {
    const dialog = document.getElementById("keys-help");
    dialog.replaceChildren();
    const list = document.createElement("dl");
    list.className = "facts";
    const say = (keys, words) => {
      const dt = document.createElement("dt"), dd = document.createElement("dd");
      dt.textContent = keys; dd.textContent = words; list.append(dt, dd);
    };
    say("/", "search");
    for (const it of all("[data-go]")) say("g " + it.dataset.go, it.textContent);
    say("j k", "row below, above"); say("x, X", "select, select a range"); say("Enter", "open"); say("u", "up");
    say("[ ]", "page before, after"); say("1 … 7", "state"); say("r e c p", "retry, edit, cancel, pause");
    say("y", "copy"); say(".", "freeze"); say("t", "theme"); say("?", "this");
    // A button keeps the focus for a while after its dialog has gone, and the next Enter with it.
    const shut = (button) => { button.blur(); dialog.close(); };
    const toggle = document.createElement("button");
    toggle.type = "button";
    toggle.textContent = off() ? "Switch keys on" : "Switch keys off";
    toggle.onclick = () => { try { localStorage.setItem(OFF, off() ? "0" : "1"); } catch { /* no storage: they stay on */ } shut(toggle); };
    const close = document.createElement("button");
    close.type = "button"; close.textContent = "Close"; close.onclick = () => shut(close);
    dialog.append(list, toggle, " ", close);
    dialog.showModal();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || off()) return;
    const at = event.target;
    if (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName) && at.type !== "checkbox") return;
    if (event.key === "Enter" && at !== document.body && at.id !== "main") return;
    if (go) { go = false; if (click("[data-go='" + CSS.escape(event.key) + "']")) event.preventDefault(); return; }
    if (/^[1-7]$/.test(event.key)) { click("[data-tab='" + event.key + "']"); return; }
    const act = KEYS[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-help]");
    if (button) button.onclick = help;
    document.addEventListener("click", (event) => {
      const box = event.target;
      if (!(box instanceof HTMLInputElement) || box.type !== "checkbox") return;
      if (box.matches("[data-all]")) boxes().forEach((it) => { it.checked = box.checked; });
      else if (event.shiftKey) range(box); else from = boxes().indexOf(box);
    });
  });
})();
