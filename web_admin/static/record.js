// Records a prompt with the browser's microphone, as a WAV file, and puts it where an upload would be chosen.
"use strict";
addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("upload");
  const button = document.getElementById("record");
  const hint = document.getElementById("record-hint");
  if (!form) return;
  if (!navigator.mediaDevices) { hint.textContent = form.dataset.secure; return; }
  button.hidden = false;
  let stop = null;
  function wav(parts, rate) {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const view = new DataView(new ArrayBuffer(44 + 2 * length));
    const write = (at, text) => [...text].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
    write(0, "RIFF"); view.setUint32(4, 36 + 2 * length, true); write(8, "WAVEfmt ");
    view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
    view.setUint32(24, rate, true); view.setUint32(28, 2 * rate, true); view.setUint16(32, 2, true); view.setUint16(34, 16, true);
    write(36, "data"); view.setUint32(40, 2 * length, true);
    let at = 44;
    for (const part of parts) for (const sample of part) { view.setInt16(at, Math.max(-1, Math.min(1, sample)) * 32767, true); at += 2; }
    return new Blob([view], { type: "audio/wav" });
  }
  button.addEventListener("click", async () => {
    if (stop) { stop(); return; }
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
      const context = new AudioContext({ sampleRate: 16000 });
      const source = context.createMediaStreamSource(stream);
      // A worklet would need a module of its own; this is deprecated, everywhere there, and short.
      const tap = context.createScriptProcessor(4096, 1, 1);
      const parts = [];
      tap.onaudioprocess = (event) => parts.push(new Float32Array(event.inputBuffer.getChannelData(0)));
      source.connect(tap); tap.connect(context.destination);
      button.textContent = `■ ${form.dataset.end}`;
      const limit = setTimeout(() => stop && stop(), 120000);
      stop = () => {
        clearTimeout(limit); stop = null;
        tap.disconnect(); source.disconnect();
        stream.getTracks().forEach((track) => track.stop());
        const file = new File([wav(parts, context.sampleRate)], "recorded.wav", { type: "audio/wav" });
        context.close();
        const held = new DataTransfer();
        held.items.add(file);
        form.elements.file.files = held.files;
        button.textContent = `● ${form.dataset.begin}`;
      };
    } catch (error) { hint.textContent = String(error.message || error); }
  });
});
