// The pieces of a message. Words are always text nodes; links lead only to our own site.

import { html } from "../vendor/htm/preact-standalone.module.js";

const own = (url) => (typeof url === "string" && /^\/(?!\/)/.test(url) ? url : undefined);
const words = (value) => String(value ?? "");

function Text({ part }) {
  if (part.collapsed) {
    return html`<details class="fold"><summary>${words(part.title) || "展开"}</summary><p class="words">${words(part.text)}</p></details>`;
  }
  return html`<div>${part.title && html`<strong class="title">${words(part.title)}</strong>`}<p class="words">${words(part.text)}</p></div>`;
}

function Citations({ part }) {
  return html`<ul class="cards">${part.items.map((item) => html`
    <li key=${item.key}><details><summary>${words(item.title)}</summary>
      <p class="words">${words(item.gist)}</p>
      ${item.changed && html`<p class="words">${words(item.changed)}</p>`}
      ${item.in_force_from && html`<p class="fine">${words(item.in_force_from)} 起施行${item.in_force_until && `，${words(item.in_force_until)} 前有效`}</p>`}</details></li>`)}</ul>`;
}

function Cases({ part }) {
  return html`<ul class="cards">${part.items.map((item) => html`
    <li key=${item.id}><details><summary>${words(item.title)}</summary>
      <p class="words">${words(item.point)}</p><p class="fine">${words(item.source)}</p></details></li>`)}</ul>`;
}

function Services({ part }) {
  return html`<ul class="cards plain">${part.items.map((item) => html`
    <li key=${item.number}><a href=${own(item.url)} target="_blank" rel="noopener">${words(item.name)}</a></li>`)}</ul>`;
}

function Card({ part }) {
  return html`<div class="card"><strong>${words(part.title)}</strong><dl>${(part.rows ?? []).map(([label, value]) => html`
    <div><dt>${words(label)}</dt><dd>${words(value)}</dd></div>`)}</dl></div>`;
}

function File({ part }) {
  const size = Number(part.size) > 0 ? `${Math.max(1, Math.round(part.size / 1024))} KB` : "";
  return html`<a class="file" href=${own(part.url)} download><b class="chip">附件</b><span>${words(part.name)}<small>${size} · 下载</small></span></a>`;
}

const KINDS = {
  text: Text, citations: Citations, cases: Cases, services: Services, card: Card, file: File,
};

export function Part({ part }) {
  if (part.type === "notice") return html`<p class="notice">${words(part.text)}</p>`;
  // What the visitor could tap says nothing to the lawyer.
  if (part.type === "buttons") return null;
  const Kind = KINDS[part.type];
  return Kind ? html`<${Kind} part=${part} />` : null;
}
