// The pieces of a message. Words are always text nodes; links lead only to our own site.

import { html, useState } from "../vendor/htm/preact-standalone.module.js";
import { isPicture, isVideo, isVoice, sizeOf } from "./files.js";

export const own = (url) => (typeof url === "string" && /^\/(?!\/)/.test(url) ? url : undefined);
const words = (value) => String(value ?? "");

function Text({ part }) {
  if (part.collapsed) {
    return html`<details class="fold"><summary>${words(part.title) || "展开"}</summary><p class="words">${words(part.text)}</p></details>`;
  }
  return html`<div>${part.title && html`<strong class="title">${words(part.title)}</strong>`}${part.spoken && html`<b class="chip">语音识别，可能有误</b>`}<p class="words">${words(part.text)}</p></div>`;
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

// The fingerprint that the visitor has as a receipt, to compare by.
function Receipt({ part }) {
  if (!part.sha256) return null;
  const sent = part.sent_sha256 && part.sent_sha256 !== part.sha256 ? part.sent_sha256 : "";
  return html`<details class="receipt"><summary>回执 ${words(part.sha256).slice(0, 8)}…</summary>
    <p>保存的文件 SHA-256<br /><code>${words(part.sha256)}</code></p>
    ${sent && html`<p>发来的原文件 SHA-256<br /><code>${words(sent)}</code></p>`}</details>`;
}

function File({ part, mine, onPicture }) {
  return html`<div class="evidence"><${Contents} part=${part} mine=${mine} onPicture=${onPicture} />
    ${!isVoice(part) && html`<${Receipt} part=${part} />`}</div>`;
}

const chipOf = (part) => (isVoice(part) ? "语音" : isVideo(part) ? "视频" : "附件");

function Contents({ part, mine, onPicture }) {
  const [broken, setBroken] = useState(false);
  const name = words(part.name) || "文件";
  const size = sizeOf(part.size);
  // Only who is in the conversation gets what a visitor sent.
  if (!mine) return html`<p class="file"><b class="chip">${chipOf(part)}</b><span>${name}<small>${size}，接待后可以打开</small></span></p>`;
  if (isPicture(part) && own(part.url) && !broken) {
    return html`<button class="thumb" onClick=${() => onPicture({ url: part.url, name })} aria-label=${`放大图片 ${name}`}>
      <img src=${own(part.url)} alt="" loading="lazy" onError=${() => setBroken(true)} /><span>${name}<small>${size}，点开放大</small></span></button>`;
  }
  if (isVoice(part) && own(part.url) && !broken) {
    return html`<figure class="voice"><figcaption><b class="chip">语音</b> ${size}</figcaption>
      <audio controls preload="none" src=${own(`${part.url}/sound`)} aria-label=${`语音 ${name}`} onError=${() => setBroken(true)}></audio></figure>`;
  }
  if (isVideo(part) && own(part.url) && !broken) {
    return html`<figure class="video"><video controls playsinline preload="none" src=${own(part.url)} aria-label=${`视频 ${name}`} onError=${() => setBroken(true)}></video>
      <figcaption><b class="chip">视频</b> ${size}</figcaption></figure>`;
  }
  const verb = isVoice(part) ? "放不了，下载后听" : isVideo(part) ? "放不了，下载后看" : "下载";
  return html`<a class="file" href=${own(part.url)} download><b class="chip">${chipOf(part)}</b><span>${name}<small>${size}，${verb}</small></span></a>`;
}

const KINDS = {
  text: Text, citations: Citations, cases: Cases, services: Services, card: Card, file: File,
};

export function Part({ part, mine, onPicture }) {
  if (part.type === "notice") return html`<p class="notice">${words(part.text)}</p>`;
  // What the visitor could tap says nothing to the lawyer.
  if (part.type === "buttons") return null;
  const Kind = KINDS[part.type];
  return Kind ? html`<${Kind} part=${part} mine=${mine} onPicture=${onPicture} />` : null;
}
