// A part of the right column that folds; which parts a lawyer keeps folded stays in this browser.

import { html } from "../vendor/htm/preact-standalone.module.js";

const KEY = "lawbridge-desk-folded";

function folded() {
  try {
    return new Set(JSON.parse(localStorage.getItem(KEY) ?? "[]"));
  } catch {
    return new Set();
  }
}

function remember(name, isOpen) {
  const names = folded();
  if (isOpen) names.delete(name);
  else names.add(name);
  localStorage.setItem(KEY, JSON.stringify([...names]));
}

export function Section({ name, title, count, children }) {
  return html`<details class="section" open=${!folded().has(name)} onToggle=${(event) => {
      if (event.target === event.currentTarget) remember(name, event.currentTarget.open);
    }}>
    <summary><h3>${title}</h3>${count > 0 && html`<span class="count">${count}</span>`}</summary>
    <div class="section-body">${children}</div>
  </details>`;
}
