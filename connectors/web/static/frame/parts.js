// How each part of a message looks. Text always goes in as text: nothing here makes HTML from data.

import { html, Icon } from './html.js';

function Fold({ t, title, open, note, children, kind = '' }) {
  return html`<details class="fold ${kind}" open=${open}>
    <summary><span class="fold-title">${title}</span>${note && html`<span class="fold-note">${note}</span>`}
      <span class="fold-mark"><span class="when-closed">${t('unfold')}</span><span class="when-open">${t('fold')}</span><${Icon} name="down" size=${16} /></span>
    </summary>
    <div class="fold-body">${children}</div>
  </details>`;
}

// The day of birth in the middle of an identity number is hidden on the visitor's own screen, which
// others may look at. Without a look-behind, which older browsers cannot read.
const ID_NUMBER = /(^|\D)(\d{6})(?:19|20)\d{2}(?:0[1-9]|1[0-2])[0-3]\d(\d{3}[\dXx])(?![\dXx])/g;

export function maskIds(text) {
  return String(text).replace(ID_NUMBER, '$1$2…$3');
}

export function maskedPart(part) {
  return part.type === 'text' ? { ...part, text: maskIds(part.text) } : part;
}

function TextPart({ part, t }) {
  if (part.collapsed) {
    return html`<${Fold} t=${t} title=${part.title || t('more_text')} open=${false}><p class="words">${part.text}</p></${Fold}>`;
  }
  return html`<div class="section">
    ${part.title && html`<h4>${part.title}</h4>`}
    <p class="words">${part.text}</p>
  </div>`;
}

function versionNote(item, t) {
  const dates = [];
  if (item.version) dates.push(t('version', { date: item.version }));
  if (item.in_force_from) dates.push(t('in_force', { date: item.in_force_from }));
  if (item.in_force_until) dates.push(t('in_force_until', { date: item.in_force_until }));
  return dates.map((words) => html`<span>${words}</span>`);
}

function Citations({ part, t }) {
  const title = part.title || t('citations');
  return html`<section class="card citations" aria-label=${title}>
    <h4><${Icon} name="book" size=${18} />${title}</h4>
    ${part.items.map((item) => html`<${Fold} key=${item.key} t=${t} title=${item.title} note=${versionNote(item, t)} open=${!item.folded}>
      <p class="words">${item.gist}</p>
      ${item.changed && html`<p class="words changed">${item.changed}</p>`}
    </${Fold}>`)}
    ${part.as_of && html`<p class="as-of">${t('as_of', { date: part.as_of })}</p>`}
  </section>`;
}

function Cases({ part, t }) {
  const rows = (item) => [['facts', item.facts], ['holding', item.holding], ['point', item.point]];
  return html`<section class="card cases" aria-label=${t('cases')}>
    <h4><${Icon} name="case" size=${18} />${t('cases')}</h4>
    ${part.items.map((item) => html`<${Fold} key=${item.id} t=${t} title=${item.title} note=${item.source && html`<span>${item.source}</span>`} open=${false}>
      <dl>${rows(item).filter(([, words]) => words).map(([name, words]) => html`<div><dt>${t(name)}</dt><dd>${words}</dd></div>`)}</dl>
    </${Fold}>`)}
  </section>`;
}

function safeUrl(url) {
  try {
    const found = new URL(String(url), location.origin);
    return ['http:', 'https:', 'tel:'].includes(found.protocol) ? found.href : null;
  } catch (malformed) {
    return null;
  }
}

function Services({ part, t }) {
  return html`<section class="card services" aria-label=${t('services')}>
    <h4><${Icon} name="service" size=${18} />${t('services')}</h4>
    <ul>${part.items.map((item) => html`<li key=${item.number}>
      <a href=${safeUrl(item.url)} target="_blank" rel="noopener noreferrer">${item.number}. ${item.name}</a>
      <p>${item.content}</p>
    </li>`)}</ul>
  </section>`;
}

function Card({ part }) {
  return html`<section class="card plain" aria-label=${part.title}>
    <h4>${part.title}</h4>
    <dl>${part.rows.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>
  </section>`;
}

export function sizeWords(bytes) {
  return bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

// The short form is for the eye; whoever keeps the receipt takes the whole of it.
function Receipt({ part, t }) {
  const kept = [['receipt_stored', part.sha256]];
  if (part.sent_sha256 && part.sent_sha256 !== part.sha256) kept.push(['receipt_sent', part.sent_sha256]);
  return html`<details class="receipt">
    <summary>${t('receipt', { start: part.sha256.slice(0, 8) })}</summary>
    <dl>${kept.map(([name, digest]) => html`<div><dt>${t(name)}</dt><dd><code>${digest}</code></dd></div>`)}</dl>
    <p>${t('receipt_words')}</p>
  </details>`;
}

function FilePart({ part, t, onDownload }) {
  return html`<div class="file">
    <${Icon} name="file" size=${28} />
    <span class="file-name">${part.name}<small>${sizeWords(part.size)}</small></span>
    <button type="button" class="link" onClick=${() => onDownload(`/api/web/files/${encodeURIComponent(part.id)}`, part.name)}>${t('download')}</button>
    ${part.sha256 && html`<${Receipt} part=${part} t=${t} />`}
  </div>`;
}

function Notice({ part }) {
  return html`<p class="notice ${/^[a-z_]+$/.test(part.kind || '') ? part.kind : 'info'}"><${Icon} name="info" size=${16} /><span>${part.text}</span></p>`;
}

const KINDS = {
  text: TextPart, citations: Citations, cases: Cases, services: Services, card: Card, file: FilePart, notice: Notice,
};

export function Parts({ parts, t, onDownload }) {
  return parts.map((part, at) => {
    const Kind = KINDS[part.type];
    return Kind && html`<${Kind} key=${at} part=${part} t=${t} onDownload=${onDownload} />`;
  });
}

export function buttonsOf(parts) {
  return parts.filter((part) => part.type === 'buttons').flatMap((part) => part.items);
}
