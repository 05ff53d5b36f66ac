// The switchboard by hand: drag a call onto a person to hand it on, or open its dialog. Everything the dialog
// does is a plain form; this only fills it in and keeps the page where it is.
"use strict";
(() => {
  const root = document.getElementById("live-root");
  const dialog = document.getElementById("acts");
  if (!root || !dialog) return;
  const form = dialog.querySelector("form[action]");
  const told = document.getElementById("told");
  let telling;
  function tell(text, isBad) {
    told.textContent = text;
    told.classList.toggle("bad", Boolean(isBad));
    clearTimeout(telling);
    telling = setTimeout(() => { told.textContent = ""; }, 6000);
  }
  async function act(what, call, to) {
    const body = new URLSearchParams({ csrf: form.elements.csrf.value, do: what, call, to });
    try {
      const answer = await fetch("/board/act", { method: "POST", body, headers: { "X-Requested-With": "zongji" }, redirect: "manual" });
      if (answer.type === "opaqueredirect" || answer.status === 401) { location.reload(); return; }
      tell(await answer.text(), !answer.ok);
    } catch { tell(document.getElementById("offline").textContent, true); }
  }
  const show = () => root.querySelectorAll("[data-act]").forEach((button) => { button.hidden = false; });
  show();
  root.addEventListener("zongji:shown", show);
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (!button) return;
    const card = button.closest("[data-call]");
    form.elements.call.value = card.dataset.call;
    form.elements.to.value = "";
    form.dataset.people = card.dataset.people;
    document.getElementById("acts-title").textContent = card.dataset.title;
    dialog.showModal();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    const what = event.submitter ? event.submitter.value : "transfer";
    const listens = ["listen", "whisper", "barge"].includes(what);
    const to = listens ? (form.dataset.people || "").split(" ")[0] : form.elements.to.value;
    if (what === "transfer" && !to) { form.elements.to.focus(); return; }
    dialog.close();
    act(what, form.elements.call.value, to);
  });

  let dragged = null;
  root.addEventListener("dragstart", (event) => {
    const card = event.target.closest("[data-call][draggable]");
    if (!card) return;
    dragged = card.dataset.call;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged);
    root.classList.add("dragging");
  });
  root.addEventListener("dragend", () => {
    dragged = null;
    root.classList.remove("dragging");
    root.querySelectorAll(".over").forEach((one) => one.classList.remove("over"));
  });
  root.addEventListener("dragover", (event) => {
    const person = event.target.closest("[data-drop]");
    root.querySelectorAll(".over").forEach((one) => { if (one !== person) one.classList.remove("over"); });
    if (!person || !dragged) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "move";
    person.classList.add("over");
  });
  root.addEventListener("drop", (event) => {
    const person = event.target.closest("[data-drop]");
    if (!person || !dragged) return;
    event.preventDefault();
    tell(dialog.dataset.handOn.replace("NAME", person.dataset.name));
    act("transfer", dragged, person.dataset.drop);
  });
})();
