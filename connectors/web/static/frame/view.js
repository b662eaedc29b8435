// The conversation on the screen: header, menu, messages, quick replies and the line to write on.

import { useEffect, useLayoutEffect, useRef, useState } from './vendor/hooks.js';
import { Confirm, Consent, Declined, keepFocusIn, Privacy, RatingCard } from './dialogs.js';
import { EnterCode, GiveCode } from './elsewhere.js';
import { html, Icon } from './html.js';
import { buttonsOf, maskedPart, maskIds, Parts, sizeWords } from './parts.js';
import { LOCALES } from './words.js';

const MAX_CHARACTERS = 2000;
const COUNT_FROM = 1800;
const MAX_FILE = 10 * 1024 * 1024;
const ACCEPTED = 'image/jpeg,image/png,image/webp,application/pdf';

function timeOf(iso) {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? '' : at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false });
}

function dayOf(iso, locale) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return '';
  const tag = { 'zh-Hans': 'zh-CN', 'zh-Hant': 'zh-TW', en: 'en-GB' }[locale];
  return at.toLocaleDateString(tag, { month: 'long', day: 'numeric', weekday: 'short' });
}

function Message({ message, t, app, isRead }) {
  const { sender, parts } = message;
  const shown = parts.filter((part) => part.type !== 'buttons');
  if (!shown.length) return null;
  if (sender === 'system') {
    return html`<li class="message system" data-id=${message.id}><div class="body"><span class="sr">${t('from_system')}</span>
      <${Parts} parts=${shown} t=${t} onDownload=${app.download} /></div></li>`;
  }
  const name = message.author || t(`from_${sender}`);
  const said = sender === 'visitor' ? shown.map(maskedPart) : shown;
  return html`<li class="message ${sender}" data-id=${message.id}>
    ${sender !== 'visitor' && html`<span class="face"><${Icon} name=${sender === 'lawyer' ? 'person' : 'bot'} size=${20} /></span>`}
    <div class="body">
      <p class=${sender === 'lawyer' ? 'author' : 'sr'}>${name}</p>
      <${Parts} parts=${said} t=${t} onDownload=${app.download} />
      ${message.at && html`<time dateTime=${message.at}>${timeOf(message.at)}${isRead && ` · ${t('read')}`}</time>`}
    </div></li>`;
}

function Pending({ item, t, chat }) {
  const failed = item.state === 'failed';
  // The type was right when it was picked, so that what the server could not read is the contents.
  const isDamaged = failed && item.file && item.code === 'bad_file';
  const isFinal = isDamaged || (failed && item.code === 'infected_file');
  const problem = isDamaged && item.file.type ? t('damaged_file') : item.problem;
  const state = failed ? problem || t('send_failed') : item.state === 'paused' ? item.problem || t('waiting') : t(item.file ? 'uploading' : 'sending');
  return html`<li class="message visitor pending ${failed ? 'failed' : ''}"><div class="body">
    <p class="sr">${t('from_visitor')}</p>
    ${item.file ? html`<div class="file"><${Icon} name="file" size=${28} /><span class="file-name">${item.file.name}<small>${sizeWords(item.file.size)}</small></span></div>`
      : html`<p class="words">${maskIds(item.text)}</p>`}
    ${item.state !== 'sent' && html`<p class="state" role=${failed ? 'alert' : undefined}>${state}</p>`}
    ${failed && html`<p class="pair">${!isFinal && html`<button type="button" class="link" onClick=${() => chat.retry(item.id)}>${t('retry')}</button>`}
      <button type="button" class="link" onClick=${() => chat.discard(item.id)}>${t(item.text ? 'take_back' : 'remove')}</button></p>`}
  </div></li>`;
}

function Log({ chat, t, app, locale }) {
  const box = useRef(null);
  const [away, setAway] = useState(false);
  const seen = useRef({ count: 0, pending: 0, loaded: false, visible: false });
  const messages = chat.list();
  const greeting = chat.greeting && { id: '0', sender: 'bot', parts: chat.greeting.parts };
  const all = greeting ? [greeting, ...messages] : messages;
  const isNearEnd = () => box.current.scrollHeight - box.current.scrollTop - box.current.clientHeight < 120;
  const toEnd = () => { box.current.scrollTop = box.current.scrollHeight; setAway(false); };

  useLayoutEffect(() => {
    const before = seen.current;
    const now = {
      count: all.length, pending: chat.pending.length, tail: chat.isAnswering || chat.typing, mode: chat.mode,
      loaded: chat.loaded, visible: app.isVisible(),
    };
    seen.current = now;
    const added = all.slice(before.count);
    // A conversation that is resumed, or seen again, shows its last words first.
    const isFirstLook = now.loaded !== before.loaded || (now.visible && !before.visible && !away);
    if (now.pending > before.pending || isFirstLook) { toEnd(); return; }
    if (!added.length) { if ((now.tail && !before.tail) || now.mode !== before.mode) { if (!away) toEnd(); } return; }
    if (away) return;
    // A long answer is read from its beginning, not from its end.
    const first = added.find((message) => message.sender !== 'visitor');
    const node = first && box.current.querySelector(`[data-id="${first.id}"]`);
    toEnd();
    if (node && node.offsetTop - 12 < box.current.scrollTop) box.current.scrollTop = node.offsetTop - 60;
  });

  const last = all[all.length - 1];
  const options = last && last.sender !== 'visitor' && !chat.pending.length && chat.mode !== 'human' ? buttonsOf(last.parts) : [];
  // What could not be sent stays where it was said; what is still on its way comes last.
  const pending = (item) => html`<${Pending} key=${item.id} item=${item} t=${t} chat=${chat} />`;
  const shownIds = new Set(all.map((message) => Number(message.id)));
  const behind = chat.pending.filter((item) => item.state === 'failed' && shownIds.has(Number(item.after)));
  const ahead = chat.pending.filter((item) => !behind.includes(item));
  const lastOwn = all.filter((message) => message.sender === 'visitor').at(-1);
  let day = '';
  const rows = all.map((message) => {
    const its = message.at ? dayOf(message.at, locale) : '';
    const line = its && its !== day ? html`<li class="day" key=${its}><span>${its}</span></li>` : null;
    if (its) day = its;
    const isRead = message === lastOwn && Number(message.id) <= chat.readUpTo;
    const left = behind.filter((item) => Number(item.after) === Number(message.id));
    return [line, html`<${Message} key=${message.id} message=${message} t=${t} app=${app} isRead=${isRead} />`, left.map(pending)];
  });
  return html`<div class="log-frame">
    <div class="log" ref=${box} tabindex="0" role="region" aria-label=${t('messages')} onScroll=${() => setAway(!isNearEnd())}>
      <ol role="log" aria-live="polite" aria-relevant="additions" aria-label=${t('messages')}>
        ${rows}
        ${ahead.map(pending)}
        ${(chat.isAnswering || chat.typing) && html`<li class="message ${chat.typing ? 'lawyer' : 'bot'} typing" key="typing">
          <span class="face"><${Icon} name=${chat.typing ? 'person' : 'bot'} size=${20} /></span>
          <div class="body"><span class="sr">${t(chat.typing ? 'lawyer_typing' : 'bot_typing')}</span><i></i><i></i><i></i></div></li>`}
      </ol>
      ${options.length > 0 && html`<div class="options" role="group" aria-label=${t('options')}>
        ${options.map((button) => html`<button type="button" key=${button.id} onClick=${() => app.press(button)}>${button.label}</button>`)}
      </div>`}
      ${chat.mode === 'closed' && !chat.rated && html`<${RatingCard} t=${t} chat=${chat} />`}
      ${chat.mode === 'closed' && chat.rated && html`<p class="notice info" role="status"><${Icon} name="check" size=${16} /><span>${t('rate_thanks')}</span></p>`}
    </div>
    ${away && html`<div class="to-end"><button type="button" onClick=${toEnd}><${Icon} name="down" size=${18} />${t('to_end')}</button></div>`}
  </div>`;
}

function Writing({ chat, t, app, input }) {
  const [problem, setProblem] = useState('');
  const picker = useRef(null);
  const count = [...chat.draft].length;
  const tooLong = count > MAX_CHARACTERS;
  useLayoutEffect(() => {
    const area = input.current;
    area.style.height = 'auto';
    area.style.height = `${Math.min(area.scrollHeight, 132)}px`;
  }, [chat.draft]);
  const send = () => {
    if (!chat.draft.trim()) { input.current.focus(); return; }
    if (tooLong) return;
    chat.say(chat.draft.trim());
    input.current.focus();
  };
  const keys = (event) => {
    // While an input method composes, Enter chooses a word and must not send.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    send();
  };
  const pick = (event) => {
    const file = event.target.files[0];
    event.target.value = '';
    if (!file) return;
    if (file.size > MAX_FILE || (file.type && !ACCEPTED.includes(file.type))) { setProblem(t('bad_file')); return; }
    setProblem('');
    app.upload(file);
  };
  return html`<form class="writing" onSubmit=${(event) => { event.preventDefault(); send(); }}>
    ${problem && html`<p class="banner warn" role="alert">${problem}</p>`}
    ${count >= COUNT_FROM && html`<p class=${tooLong ? 'count over' : 'count'} role="status">${t(tooLong ? 'too_long' : 'count', { count, max: MAX_CHARACTERS })}</p>`}
    <div class="line">
      <input ref=${picker} type="file" accept=${ACCEPTED} hidden onChange=${pick} />
      <button type="button" class="round" title=${t('attach')} aria-label=${t('attach')} onClick=${() => picker.current.click()}><${Icon} name="attach" size=${24} /></button>
      <textarea ref=${input} rows="1" enterkeyhint="send" autocomplete="off" placeholder=${t(chat.mode === 'human' ? 'placeholder_lawyer' : 'placeholder')}
        aria-label=${t('placeholder')} value=${chat.draft} onInput=${(event) => chat.setDraft(event.target.value)} onKeyDown=${keys}></textarea>
      <button type="submit" class="round send" disabled=${tooLong || !chat.draft.trim()} aria-label=${t('send')} title=${t('send')}><${Icon} name="send" size=${24} /></button>
    </div>
    <p class="foot">${t(chat.mode === 'human' ? 'foot_lawyer' : 'foot')}</p>
  </form>`;
}

function Menu({ app, t, chat, locale, onClose }) {
  const box = useRef(null);
  useEffect(() => { box.current.querySelector('button').focus(); }, []);
  const keys = (event) => {
    if (event.key === 'Escape') { event.stopPropagation(); onClose(true); return; }
    keepFocusIn(box.current, event);
    event.stopPropagation();
  };
  const item = (name, act, extra) => html`<button type="button" class="menu-item ${extra || ''}" onClick=${() => { onClose(); act(); }}>${t(name)}</button>`;
  const inChat = chat.phase === 'chat';
  return html`<div class="menu-veil" onClick=${(event) => event.target === event.currentTarget && onClose(true)}>
    <div class="menu" role="dialog" aria-modal="true" aria-label=${t('menu')} ref=${box} onKeyDown=${keys}>
      <button type="button" class="menu-item toggle" aria-pressed=${app.large} onClick=${app.toggleLarge}><${Icon} name="size" />${t('large')}<b>${t(app.large ? 'on' : 'off')}</b></button>
      <label class="menu-item">${t('scheme')}<select value=${app.scheme} onChange=${(event) => app.setScheme(event.target.value)}>
        ${['auto', 'light', 'dark'].map((name) => html`<option value=${name} selected=${app.scheme === name}>${t(`scheme_${name}`)}</option>`)}</select></label>
      <label class="menu-item">${t('language')}<select value=${locale} onChange=${(event) => app.setLocale(event.target.value)}>
        ${Object.entries(LOCALES).map(([name, label]) => html`<option value=${name} selected=${locale === name}>${label}</option>`)}</select></label>
      ${app.embedded && item('popout', app.popout)}
      ${inChat && item('apply_form', app.fillForm)}
      ${inChat && item('code_give', () => app.show('give'))}
      ${item('code_have', () => app.show('enter'))}
      ${item('privacy', () => app.show('privacy'))}
      ${inChat && html`<hr />`}
      ${inChat && item('transcript', () => app.download('/api/web/transcript', `${t('transcript_name')}.txt`))}
      ${inChat && item('export', () => app.download('/api/web/export', `${t('export_name')}.json`))}
      ${inChat && chat.mode !== 'closed' && item('end', () => app.show('end'))}
      ${inChat && item('erase', () => app.show('erase'), 'bad')}
    </div>
  </div>`;
}

function statusWords(chat, t, settings) {
  if (chat.phase !== 'chat') return t('status_ai');
  if (chat.status === 'offline') return settings.unavailableMessage || t('status_offline');
  if (chat.mode === 'bot') return settings.availableMessage || t('status_ai');
  return t(`status_${chat.mode}`);
}

export function View({ app, chat, t, config, settings, locale }) {
  const [declined, setDeclined] = useState(false);
  const [menu, setMenu] = useState(false);
  const more = useRef(null);
  const input = useRef(null);
  const box = useRef(null);
  app.focusFirst = () => (input.current || box.current.querySelector('h2[tabindex]') || more.current).focus();
  useEffect(() => { if (chat.phase === 'chat' && app.isVisible()) app.focusFirst(); }, [chat.phase]);
  const closeMenu = (refocus) => { setMenu(false); if (refocus) more.current.focus(); };
  const keys = (event) => {
    // The menu is open before the focus has moved into it.
    if (event.key === 'Escape' && menu) closeMenu(true);
    else if (event.key === 'Escape' && app.embedded) app.close();
    else if (app.embedded) keepFocusIn(box.current, event);
  };
  const inChat = chat.phase === 'chat';
  const dialogs = {
    privacy: () => html`<${Privacy} t=${t} config=${config} onClose=${() => app.show('')} />`,
    end: () => html`<${Confirm} t=${t} title=${t('end')} words=${t('end_words')} yes=${t('end')} onYes=${() => chat.end()} onClose=${() => app.show('')} />`,
    erase: () => html`<${Confirm} t=${t} danger title=${t('erase')} words=${t('erase_words')} yes=${t('erase')} onYes=${() => chat.erase()} onClose=${() => app.show('')} />`,
    give: () => html`<${GiveCode} t=${t} chat=${chat} onClose=${() => app.show('')} />`,
    enter: () => html`<${EnterCode} t=${t} chat=${chat} onDone=${() => { app.show(''); app.focusFirst(); }} onClose=${() => app.show('')} />`,
    upload: () => html`<${Confirm} t=${t} title=${t('upload_title')} words=${t('upload_words')} yes=${t('upload_yes')} onYes=${app.confirmUpload} onClose=${() => app.show('')} />`,
  };
  return html`<div class="shell" ref=${box} onKeyDown=${keys}>
    <header class="head">
      <span class="emblem"><${Icon} name="scales" size=${26} /></span>
      <div class="names"><h1>${settings.welcomeTitle || t('title')}</h1>
        <p role="status"><i class="dot ${chat.status === 'offline' ? 'bad' : chat.mode}"></i>${statusWords(chat, t, settings)}</p></div>
      <button type="button" class="leave" onClick=${app.leave}><${Icon} name="exit" size=${18} />${t('exit')}</button>
      <button type="button" class="head-button" ref=${more} aria-haspopup="dialog" aria-expanded=${menu} aria-label=${t('menu')} title=${t('menu')} onClick=${() => setMenu(!menu)}><${Icon} name="more" size=${24} /></button>
      ${app.embedded && html`<button type="button" class="head-button" aria-label=${t('close')} title=${t('close')} onClick=${app.close}><${Icon} name="close" size=${24} /></button>`}
    </header>
    ${menu && html`<${Menu} app=${app} t=${t} chat=${chat} locale=${locale} onClose=${closeMenu} />`}
    ${inChat && chat.status === 'offline' && html`<p class="banner warn" role="alert">${t('offline')}</p>`}
    ${app.problem && html`<p class="banner warn" role="alert">${app.problem}</p>`}
    <main class="main">
      ${inChat ? html`<${Log} chat=${chat} t=${t} app=${app} locale=${locale} /><${Writing} chat=${chat} t=${t} app=${app} input=${input} />`
        : declined && chat.phase === 'consent' ? html`<${Declined} t=${t} onBack=${() => setDeclined(false)} />`
        : html`<${Consent} t=${t} config=${config} chat=${chat} settings=${settings} locale=${locale} onCode=${() => app.show('enter')} onDecline=${() => setDeclined(true)} />`}
    </main>
    ${app.dialog && dialogs[app.dialog]()}
  </div>`;
}
