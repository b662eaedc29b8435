// What lies over or instead of the conversation: consent, refusal, confirmations, privacy, rating.

import { useEffect, useRef, useState } from './vendor/hooks.js';
import { html, Icon } from './html.js';

export function focusables(root) {
  const all = root.querySelectorAll('button, a[href], textarea, input, select, summary, [tabindex="0"]');
  return [...all].filter((one) => !one.disabled && one.offsetParent !== null);
}

export function keepFocusIn(root, event) {
  if (event.key !== 'Tab') return;
  const all = focusables(root);
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  // Browsers also stop at what scrolls; from there the next stop is theirs to find.
  if (at < 0 && document.activeElement !== document.body && root.contains(document.activeElement)) return;
  const next = event.shiftKey ? (at <= 0 ? all.length - 1 : -1) : at === all.length - 1 || at < 0 ? 0 : -1;
  if (next < 0) return;
  event.preventDefault();
  all[next].focus();
}

const DUTIES = ['who', 'purpose', 'kinds', 'keep', 'rights', 'withdraw'];

function Duties({ t, config }) {
  const values = { bureau: config.bureau, days: config.days };
  return html`<dl class="duties">${DUTIES.map((name) => html`<div key=${name}>
    <dt>${t(`consent_${name}`)}</dt><dd>${t(`consent_${name}_words`, values)}</dd></div>`)}</dl>`;
}

export function Consent({ t, config, chat, settings, locale, onCode, onDecline }) {
  const head = useRef(null);
  useEffect(() => { head.current.focus(); }, []);
  const problem = chat.problem === 'offline' ? t('start_failed') : chat.problem;
  return html`<section class="sheet" aria-labelledby="consent-title">
    <div class="sheet-scroll" tabindex="0" role="region" aria-labelledby="consent-title">
      ${chat.phase === 'erased' && html`<p class="banner good" role="status">${t('erased')}</p>`}
      ${chat.phase === 'expired' && html`<p class="banner warn" role="alert">${t('expired')}</p>`}
      ${chat.phase === 'moved' && html`<p class="banner warn" role="alert">${t('moved')}</p>`}
      <h2 id="consent-title" tabindex="-1" ref=${head}>${settings.welcomeTitle || t('consent_title')}</h2>
      <p class="lead">${t('consent_lead', { bureau: config.bureau })}</p>
      <${Duties} t=${t} config=${config} />
      <p class="small">${t('consent_separate')}</p>
      <p class="small">${config.label}</p>
    </div>
    <div class="sheet-actions">
      ${problem && html`<p class="banner warn" role="alert">${problem}</p>`}
      <button type="button" class="primary" disabled=${chat.busy} onClick=${() => chat.agree(locale)}>${chat.busy ? t('starting') : t('agree')}</button>
      <div class="pair"><button type="button" class="plain-button" onClick=${onCode}>${t('code_have')}</button>
        <button type="button" class="plain-button" onClick=${onDecline}>${t('decline')}</button></div>
    </div>
  </section>`;
}

export function Declined({ t, onBack }) {
  const head = useRef(null);
  useEffect(() => { head.current.focus(); }, []);
  return html`<section class="sheet" aria-labelledby="declined-title">
    <div class="sheet-scroll">
      <h2 id="declined-title" tabindex="-1" ref=${head}>${t('declined_title')}</h2>
      <p class="lead">${t('declined_words')}</p>
      <ul class="ways">
        <li><a href="tel:12348">${t('call_12348')}</a></li>
        <li><a href="/services" target="_blank" rel="noopener noreferrer">${t('see_services')}</a></li>
      </ul>
    </div>
    <div class="sheet-actions"><button type="button" class="primary" onClick=${onBack}>${t('read_again')}</button></div>
  </section>`;
}

export function Dialog({ t, title, children, actions, onClose }) {
  const box = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    (box.current.querySelector('[data-first]') || focusables(box.current)[0]).focus();
    return () => before && before.focus && before.focus();
  }, []);
  const keys = (event) => {
    if (event.key === 'Escape') { event.stopPropagation(); onClose(); }
    else { keepFocusIn(box.current, event); event.stopPropagation(); }
  };
  return html`<div class="veil" onClick=${(event) => event.target === event.currentTarget && onClose()}>
    <div class="dialog" role="dialog" aria-modal="true" aria-labelledby="dialog-title" ref=${box} onKeyDown=${keys}>
      <h2 id="dialog-title">${title}</h2>
      <div class="dialog-body">${children}</div>
      <div class="dialog-actions">${actions || html`<button type="button" class="primary" data-first onClick=${onClose}>${t('close_dialog')}</button>`}</div>
    </div>
  </div>`;
}

export function Confirm({ t, title, words, yes, danger, onYes, onClose }) {
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const go = async () => {
    setBusy(true);
    const failed = await onYes();
    setBusy(false);
    if (failed) setProblem(failed === 'offline' ? t('action_failed') : failed);
    else onClose();
  };
  const actions = html`
    <button type="button" class="plain-button" data-first onClick=${onClose}>${t('cancel')}</button>
    <button type="button" class=${danger ? 'danger' : 'primary'} disabled=${busy} onClick=${go}>${yes}</button>`;
  return html`<${Dialog} t=${t} title=${title} onClose=${onClose} actions=${actions}>
    <p>${words}</p>${problem && html`<p class="banner warn" role="alert">${problem}</p>`}
  </${Dialog}>`;
}

export function Privacy({ t, config, onClose }) {
  return html`<${Dialog} t=${t} title=${t('privacy')} onClose=${onClose}>
    <${Duties} t=${t} config=${config} /><p class="small">${config.label}</p>
  </${Dialog}>`;
}

export function RatingCard({ t, chat }) {
  const [score, setScore] = useState(0);
  const [solved, setSolved] = useState(null);
  const [comment, setComment] = useState('');
  const [problem, setProblem] = useState('');
  const submit = async (event) => {
    event.preventDefault();
    if (!score && solved === null && !comment.trim()) { setProblem(t('rate_choose')); return; }
    const failed = await chat.rate({ score: score || null, solved, comment: comment.trim() });
    setProblem(failed === 'offline' ? t('action_failed') : failed);
  };
  return html`<form class="rating" onSubmit=${submit} aria-labelledby="rating-title">
    <h3 id="rating-title">${t('rate_title')}</h3>
    <div class="pair" role="group" aria-label=${t('rate_title')}>
      ${[[true, 'solved'], [false, 'unsolved']].map(([value, name]) => html`<button type="button" class="choice" aria-pressed=${solved === value}
        onClick=${() => setSolved(solved === value ? null : value)}>${t(name)}</button>`)}
    </div>
    <fieldset><legend>${t('rate_score')}</legend>
      <div class="stars">${[1, 2, 3, 4, 5].map((value) => html`<label class=${value <= score ? 'star on' : 'star'} key=${value}>
        <input type="radio" name="score" value=${value} checked=${score === value} onChange=${() => setScore(value)} />
        <${Icon} name="star" size=${30} /><span class="sr">${t('points', { value })}</span></label>`)}
      </div>
    </fieldset>
    <label class="comment">${t('rate_comment')}<textarea rows="2" maxlength="500" value=${comment} onInput=${(event) => setComment(event.target.value)}></textarea></label>
    ${problem && html`<p class="banner warn" role="alert">${problem}</p>`}
    <div class="pair"><button type="submit" class="primary">${t('rate_send')}</button>
      <button type="button" class="plain-button" onClick=${() => chat.skipRating()}>${t('rate_skip')}</button></div>
  </form>`;
}
