// The sound of a new arrival: off until the lawyer turns it on; the choice stays in this browser.

const KEY = "lawbridge-desk-sound";
const APART_S = 0.8;
let context;

export const isOn = () => localStorage.getItem(KEY) === "on";

export function turn(on) {
  localStorage.setItem(KEY, on ? "on" : "off");
  // Browsers allow sound only after a tap, and this is one.
  if (on) ring();
}

export function ring(times = 1) {
  if (!isOn()) return;
  context ??= new AudioContext();
  for (let turnOf = 0; turnOf < times; turnOf += 1) {
    for (const [pitch, start] of [[660, 0], [880, 0.16]]) sound(pitch, start + turnOf * APART_S);
  }
}

function sound(pitch, start) {
  const tone = context.createOscillator();
  const volume = context.createGain();
  const from = context.currentTime + start;
  tone.frequency.value = pitch;
  volume.gain.setValueAtTime(0.12, from);
  volume.gain.exponentialRampToValueAtTime(0.001, from + 0.35);
  tone.connect(volume).connect(context.destination);
  tone.start(from);
  tone.stop(from + 0.36);
}
