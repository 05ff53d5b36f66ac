// Small comforts of every page: asking before what hurts, copying, showing a password, printing nothing to a console.
"use strict";
document.addEventListener("submit", (event) => {
  const form = event.target;
  const submitter = event.submitter;
  if (form.dataset.busy) { event.preventDefault(); return; }
  if (form.method === "post" && !form.hasAttribute("hx-post")) {
    form.dataset.busy = "1";
    // After the form data is taken: a button that is off sends no name.
    setTimeout(() => { if (submitter) submitter.disabled = true; }, 0);
    setTimeout(() => { delete form.dataset.busy; if (submitter) submitter.disabled = false; }, 8000);
  }
});
document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-copy],[data-reveal],[data-close]");
  if (!target) return;
  if (target.dataset.copy) {
    const text = document.querySelector(target.dataset.copy).innerText;
    const done = () => { target.classList.add("done"); setTimeout(() => target.classList.remove("done"), 1500); };
    if (navigator.clipboard && isSecureContext) navigator.clipboard.writeText(text).then(done);
    else {
      const range = document.createRange();
      range.selectNodeContents(document.querySelector(target.dataset.copy));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      if (document.execCommand("copy")) done();
    }
  }
  if (target.dataset.close) target.closest("details").open = false;
});

// A choice among kinds shows the fields of the kind chosen.
document.addEventListener("change", (event) => {
  const variant = event.target.closest(".variant");
  if (!variant || event.target.name !== variant.dataset.variant) return;
  for (const part of variant.children) if (part.dataset.tag !== undefined) part.hidden = part.dataset.tag !== event.target.value;
});
