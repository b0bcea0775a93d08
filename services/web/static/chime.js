// A sound for a new STAT report, for those who asked for one: two tones made here, nothing fetched.
"use strict";

(() => {
  if (document.body.dataset.sound !== "on") return;
  let context = null;
  // Browsers let a page sound only once somebody has touched it, and complain of those that try before.
  const wake = () => {
    context ??= new AudioContext();
    if (context.state === "suspended") context.resume();
  };
  for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, wake, { passive: true });
  if (navigator.userActivation?.hasBeenActive) wake();

  const tone = (hertz, after) => {
    const begin = context.currentTime + after;
    const source = new OscillatorNode(context, { frequency: hertz });
    const loudness = new GainNode(context, { gain: 0 });
    loudness.gain.setTargetAtTime(0.2, begin, 0.01);
    loudness.gain.setTargetAtTime(0, begin + 0.14, 0.04);
    source.connect(loudness).connect(context.destination);
    source.start(begin);
    source.stop(begin + 0.5);
    return source;
  };
  document.addEventListener("new-stat", () => {
    if (context?.state !== "running") return;
    tone(660, 0);
    tone(880, 0.2).addEventListener("ended", () => document.dispatchEvent(new Event("sounded")));
  });
})();
