// Keeps the regions of a live page as the server last drew them, and counts the clocks in between.
// Only what differs is touched: an element with an id that is drawn the same stays the same element.
"use strict";
(() => {
  const root = document.getElementById("live-root");
  if (!root) return;
  const offline = document.getElementById("offline");
  let skew = Number(root.dataset.at) ? Date.now() - Number(root.dataset.at) : 0;

  const pad = (n) => String(n).padStart(2, "0");
  function tick() {
    for (const clock of root.querySelectorAll("time[data-since]")) {
      const s = Math.max(0, Math.floor((Date.now() - skew - Number(clock.dataset.since)) / 1000));
      const text = s >= 3600
        ? `${Math.floor(s / 3600)}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}`
        : `${Math.floor(s / 60)}:${pad(s % 60)}`;
      if (clock.textContent !== text) clock.textContent = text;
    }
  }

  // What the server drew, remembered beside the element: clocks change what the element itself says.
  const drawn = new WeakMap();
  function adopt(parent) {
    for (const child of parent.children) if (!drawn.has(child)) drawn.set(child, child.outerHTML);
  }
  function merge(old, fresh) {
    const kept = new Map();
    for (const child of old.children) if (child.id) kept.set(child.id, child);
    const next = [];
    for (const child of [...fresh.childNodes]) {
      const html = child.outerHTML;
      const same = child.id ? kept.get(child.id) : null;
      if (same && drawn.get(same) === html) next.push(same);
      else {
        if (child.nodeType === 1) drawn.set(child, html);
        if (same) child.classList.add("changed");
        next.push(child);
      }
    }
    old.replaceChildren(...next);
  }
  function show(region, html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    const lists = region.querySelectorAll("ul");
    const fresh = template.content.querySelectorAll("ul");
    // The same skeleton: go into its lists. Another one: take the whole.
    if (lists.length && lists.length === fresh.length && region.dataset.skeleton === skeleton(template.content)) {
      lists.forEach((list, i) => merge(list, fresh[i]));
      const cords = region.querySelector("svg.cords");
      const freshCords = template.content.querySelector("svg.cords");
      if (cords && freshCords && cords.outerHTML !== freshCords.outerHTML) cords.replaceWith(freshCords);
    } else {
      region.dataset.skeleton = skeleton(template.content);
      region.replaceChildren(template.content);
    }
    region.querySelectorAll("ul").forEach(adopt);
    // What the region asks for when it is there, such as the card of who calls.
    if (globalThis.htmx) globalThis.htmx.process(region);
    tick();
  }
  function skeleton(node) {
    const copy = node.cloneNode(true);
    copy.querySelectorAll("ul").forEach((list) => list.replaceChildren());
    copy.querySelectorAll("svg.cords").forEach((cords) => cords.remove());
    const box = document.createElement("div");
    box.append(copy);
    return box.innerHTML;
  }
  for (const region of root.querySelectorAll("[data-region]")) {
    region.dataset.skeleton = skeleton((() => { const f = document.createDocumentFragment(); f.append(...[...region.childNodes].map((n) => n.cloneNode(true))); return f; })());
    region.querySelectorAll("ul").forEach(adopt);
  }
  tick();
  setInterval(tick, 500);

  let source;
  let lost;
  function open() {
    source = new EventSource(root.dataset.live);
    source.addEventListener("regions", (event) => {
      const regions = JSON.parse(event.data);
      skew = Date.now() - Number(regions.at);
      for (const region of root.querySelectorAll("[data-region]")) {
        const html = regions[region.dataset.region];
        if (html !== undefined) show(region, html);
      }
      root.dispatchEvent(new CustomEvent("zongji:shown"));
    });
    source.onopen = () => { clearTimeout(lost); lost = 0; if (offline) offline.hidden = true; };
    source.onerror = () => {
      // A blink is no news; three seconds without the box are.
      if (!lost) lost = setTimeout(() => { if (offline) offline.hidden = false; }, 3000);
      if (source.readyState === EventSource.CLOSED) {
        // Refused: the session is over, or the box has no room. Ask which by asking for the page.
        setTimeout(async () => {
          try {
            const page = await fetch(location.href, { redirect: "manual" });
            if (page.type === "opaqueredirect") { location.reload(); return; }
          } catch { /* still away */ }
          open();
        }, 2000);
      }
    };
  }
  open();
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });
})();
