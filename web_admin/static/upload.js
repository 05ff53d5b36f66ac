// Sends a bundle as it is, without holding it in memory, and shows how far it has come.
"use strict";
(() => {
  const root = document.getElementById("bundle-upload");
  if (!root) return;
  const input = root.querySelector("input");
  const button = root.querySelector("button");
  const bar = root.querySelector("progress");
  const told = root.querySelector("[role=status]");
  input.addEventListener("change", () => { button.disabled = !input.files.length; });
  button.addEventListener("click", () => {
    const file = input.files[0];
    if (!file) return;
    const request = new XMLHttpRequest();
    const over = (text) => { told.textContent = text; told.className = "problem"; bar.hidden = true; button.disabled = false; };
    request.open("POST", `/system/updates/bundle?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("X-CSRF-Token", root.dataset.csrf);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => { bar.value = event.loaded / event.total; };
    request.onload = () => { if (request.status === 201) location.reload(); else over(request.responseText); };
    request.onerror = () => over(root.dataset.failed);
    button.disabled = true;
    bar.hidden = false;
    told.className = "hint";
    told.textContent = root.dataset.going;
    request.send(file);
  });
})();
