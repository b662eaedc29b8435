// Start of the frame: settings from the host or the address, the look, and the join of its pieces.

import { render } from './vendor/preact.js';
import { Bridge } from './bridge.js';
import { Chat } from './chat.js';
import { html } from './html.js';
import { Memory } from './memory.js';
import { View } from './view.js';
import { LOCALES, loadWords } from './words.js';

const config = JSON.parse(document.documentElement.dataset.config);
const page = document.documentElement;
const mount = document.getElementById('app');
const bridge = new Bridge(config);

// A pop-out gets its session in the address's fragment, which never leaves the browser, and which
// is taken out of the address at once.
function handedOver() {
  const found = /^#k=(.+)$/.exec(location.hash);
  if (!found) return null;
  history.replaceState(null, '', location.pathname + location.search);
  try {
    return JSON.parse(decodeURIComponent(found[1]));
  } catch (damaged) {
    return null;
  }
}

function darkEnoughForWhite(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05) >= 4.5;
}

async function start() {
  const query = new URLSearchParams(location.search);
  const settings = { locale: query.get('locale') || 'zh-Hans', darkMode: 'auto', storage: 'session', ...(await bridge.settings()) };
  const memory = new Memory(settings.storage);
  const given = handedOver();
  if (given && given.token) memory.keep(given);
  const kept = memory.kept || {};
  let locale = LOCALES[kept.locale] ? kept.locale : LOCALES[settings.locale] ? settings.locale : 'zh-Hans';
  let t = await loadWords(locale);
  let isOpen = bridge.embedded ? Boolean(settings.open) : true;

  const app = {
    embedded: bridge.embedded, dialog: '', problem: '', waitingFile: null, uploadAgreed: false,
    large: Boolean(kept.large || query.get('large')), scheme: kept.scheme || settings.darkMode, focusFirst: () => {},
    isVisible: () => isOpen && !document.hidden,
    show(name) { app.dialog = name; draw(); },
    close() { bridge.post('close'); },
    toggleLarge() { app.large = !app.large; memory.keep({ large: app.large }); draw(); },
    setScheme(scheme) {
      if (!['auto', 'light', 'dark'].includes(scheme)) throw new Error('unknown scheme');
      app.scheme = scheme;
      memory.keep({ scheme });
      draw();
      return { scheme };
    },
    async setLocale(name) {
      if (!LOCALES[name]) throw new Error('unknown locale');
      t = await loadWords(name);
      locale = name;
      memory.keep({ locale });
      draw();
      return { locale };
    },
    press(button) {
      if (button.id === 'confirm_delete') app.show('erase');
      else chat.press(button);
    },
    upload(file) {
      if (app.uploadAgreed) { chat.queue({ file, text: '' }); return; }
      app.waitingFile = file;
      app.show('upload');
    },
    async confirmUpload() {
      app.uploadAgreed = true;
      chat.queue({ file: app.waitingFile, text: '' });
      app.waitingFile = null;
      return '';
    },
    async download(path, name) {
      app.problem = '';
      try {
        const blob = await chat.download(path);
        const link = document.createElement('a');
        link.href = URL.createObjectURL(blob);
        link.download = name;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 60000);
      } catch (error) {
        app.problem = error.sentence || t('action_failed');
      }
      draw();
    },
    // The form is a page of its own; the token goes there in a body, never in an address.
    fillForm() {
      const form = Object.assign(document.createElement('form'), { method: 'post', action: '/apply/enter', target: '_blank', rel: 'noopener', hidden: true });
      form.append(Object.assign(document.createElement('input'), { type: 'hidden', name: 'token', value: memory.kept.token }));
      document.body.append(form);
      form.submit();
      form.remove();
    },
    popout() {
      const handed = memory.kept ? `#k=${encodeURIComponent(JSON.stringify(memory.kept))}` : '';
      const url = `${location.origin}/widget/frame?popout=1&locale=${locale}${handed}`;
      const opened = window.open(url, '_blank', 'width=430,height=740');
      if (!opened) throw new Error('popup blocked');
      opened.opener = null;
      bridge.post('close');
      return { popout: true };
    },
    // Nothing of the conversation stays on this screen or in this browser; the server's copy stays
    // until the visitor has it erased, for it may be evidence.
    leave() {
      page.hidden = true;
      mount.remove();
      memory.forget();
      // The application's pages remember the visit by themselves.
      fetch('/apply/leave', { method: 'POST', keepalive: true }).catch(() => {});
      if (bridge.origin) bridge.post('exit', { url: config.exit });
      else location.replace(config.exit);
    },
  };

  let drawing = false;
  const chat = new Chat(memory, config, () => draw(), (name, detail) => {
    bridge.post(name, detail);
    if (name === 'session' && detail.active) memory.keep({ large: app.large, scheme: app.scheme, locale });
    // No window may stay open over a conversation that has gone from this screen.
    if (name === 'session' && !detail.active) Object.assign(app, { dialog: '', problem: '', waitingFile: null });
    if (name === 'unread' && !bridge.embedded) document.title = detail.count ? `(${detail.count}) ${t('title')}` : t('title');
  });
  chat.identity = settings.identity || null;
  chat.visible = app.isVisible();
  if (settings.attributes) chat.setAttributes(settings.attributes);

  function draw() {
    if (drawing) return;
    drawing = true;
    queueMicrotask(() => {
      drawing = false;
      if (!mount.isConnected) return;
      page.lang = locale;
      page.dataset.size = app.large ? 'large' : 'normal';
      page.dataset.scheme = app.scheme;
      render(html`<${View} app=${app} chat=${chat} t=${t} config=${config} settings=${settings} locale=${locale} />`, mount);
    });
  }

  if (/^#[0-9a-f]{6}$/i.test(settings.color || '') && darkEnoughForWhite(settings.color)) page.style.setProperty('--brand', settings.color);
  document.title = t('title');
  mount.textContent = '';
  draw();

  const look = () => chat.see(app.isVisible());
  document.addEventListener('visibilitychange', look);
  bridge.on('open', () => { isOpen = true; look(); app.focusFirst(); draw(); });
  bridge.on('close', () => { isOpen = false; look(); });
  bridge.on('locale', (data) => app.setLocale(data.locale));
  bridge.on('scheme', (data) => app.setScheme(data.scheme));
  bridge.on('attributes', (data) => { chat.setAttributes(data.attributes); return { attributes: data.attributes }; });
  bridge.on('ask', (data) => chat.ask(String(data.text).slice(0, 200)));
  bridge.on('reset', () => { chat.forget('consent'); return { reset: true }; });
  bridge.on('popout', () => app.popout());
  bridge.post('ready');
  if (chat.phase === 'chat') bridge.post('session', { active: true });
}

start().catch((error) => {
  bridge.post('error', { code: 'frame_failed' });
  mount.textContent = '在线咨询暂时打不开，请刷新页面，或拨打 12348 公共法律服务热线。';
  throw error;
});
