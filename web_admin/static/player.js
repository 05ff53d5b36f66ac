// The recording's waveform above the browser's own player: both channels, click to go there. Without
// the library the player alone does everything that matters.
"use strict";
addEventListener("DOMContentLoaded", () => {
  if (!globalThis.WaveSurfer) return;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  for (const figure of document.querySelectorAll(".player")) {
    const audio = figure.querySelector("audio");
    const wave = figure.querySelector(".wave");
    fetch(figure.dataset.peaks).then((reply) => reply.json()).then((peaks) => {
      if (!peaks || !peaks.channels.length) return;
      WaveSurfer.create({
        container: wave,
        media: audio,
        peaks: peaks.channels,
        duration: peaks.seconds,
        height: 46,
        normalize: false,
        barWidth: 2,
        barGap: 1,
        barRadius: 1,
        cursorColor: colour("--ink"),
        cspNonce: figure.dataset.nonce,
        splitChannels: [
          { waveColor: colour("--amber"), progressColor: colour("--amber-ink") },
          { waveColor: colour("--green"), progressColor: colour("--green-ink") },
        ].slice(0, peaks.channels.length),
      });
      figure.classList.add("drawn");
    }).catch(() => {});
  }
});
