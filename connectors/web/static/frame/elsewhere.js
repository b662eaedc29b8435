// Going on on another device: the code that this one gives, and the code that this one is told.

import { useEffect, useRef, useState } from './vendor/hooks.js';
import { Dialog } from './dialogs.js';
import { html } from './html.js';

const DIGITS = 8;

function grouped(code) {
  return `${code.slice(0, DIGITS / 2)} ${code.slice(DIGITS / 2)}`;
}

export function GiveCode({ t, chat, onClose }) {
  const [given, setGiven] = useState(null);
  const [problem, setProblem] = useState('');
  const [isOver, setOver] = useState(false);
  const [busy, setBusy] = useState(true);
  const gone = useRef(false);
  const asking = useRef(false);
  const ask = async () => {
    if (asking.current) return;
    asking.current = true;
    setBusy(true);
    setProblem('');
    const answer = await chat.askCode();
    asking.current = false;
    if (gone.current) return;
    setBusy(false);
    setOver(false);
    setGiven(answer.given);
    setProblem(answer.problem === 'offline' ? t('action_failed') : answer.problem);
  };
  useEffect(() => { ask(); return () => { gone.current = true; }; }, []);
  useEffect(() => {
    if (!given) return undefined;
    const timer = setTimeout(() => { setGiven(null); setOver(true); }, given.valid_s * 1000);
    return () => clearTimeout(timer);
  }, [given]);
  const actions = html`
    ${/* Not disabled meanwhile: a disabled button loses the focus, and Escape with it. */''}
    <button type="button" class="plain-button" aria-disabled=${busy} onClick=${ask}>${t('code_renew')}</button>
    <button type="button" class="primary" data-first onClick=${onClose}>${t('close_dialog')}</button>`;
  return html`<${Dialog} t=${t} title=${t('code_give')} onClose=${onClose} actions=${actions}>
    <p>${t('code_how', { address: location.host })}</p>
    <div role="status" aria-live="polite">
      ${busy && !given && html`<p>${t('code_asking')}</p>`}
      ${given && html`<p class="code"><span aria-hidden="true">${grouped(given.code)}</span><span class="sr">${t('code_spoken', { code: [...given.code].join(' ') })}</span></p>`}
      ${given && html`<p>${t('code_valid', { minutes: Math.round(given.valid_s / 60) })}</p>`}
      ${isOver && html`<p class="banner warn">${t('code_over')}</p>`}
    </div>
    ${problem && html`<p class="banner warn" role="alert">${problem}</p>`}
    ${chat.hasUnsent && html`<p class="banner warn">${t('code_unsent')}</p>`}
    <p class="small">${t('code_leaves')}</p>
  </${Dialog}>`;
}

export function EnterCode({ t, chat, onDone, onClose }) {
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const input = useRef(null);
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    const digits = typed.normalize('NFKC').replace(/[^0-9]/g, '');
    let failed = t('code_short');
    if (digits.length === DIGITS) {
      setBusy(true);
      failed = await chat.redeem(digits);
      setBusy(false);
    }
    if (!failed) { onDone(); return; }
    setProblem(failed === 'offline' ? t('action_failed') : failed);
    if (input.current) input.current.focus();
  };
  const actions = html`
    <button type="button" class="plain-button" onClick=${onClose}>${t('cancel')}</button>
    <button type="submit" form="code-form" class="primary" disabled=${busy}>${t(busy ? 'code_going' : 'code_go')}</button>`;
  return html`<${Dialog} t=${t} title=${t('code_enter')} onClose=${onClose} actions=${actions}>
    <form id="code-form" onSubmit=${submit}>
      <label class="code-entry">${t('code_label')}
        <input ref=${input} data-first type="text" inputmode="numeric" autocomplete="off" maxlength="20" enterkeyhint="go" value=${typed}
          aria-invalid=${Boolean(problem)} aria-describedby="code-hint" onInput=${(event) => { setTyped(event.target.value); setProblem(''); }} /></label>
    </form>
    ${problem && html`<p class="banner warn" role="alert">${problem}</p>`}
    <p class="small" id="code-hint">${t('code_hint')}</p>
    ${chat.phase === 'chat' && html`<p class="banner warn">${t('code_replaces')}</p>`}
  </${Dialog}>`;
}
