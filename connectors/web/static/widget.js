// The loader: one script tag on any allowed site. It draws the launcher, holds the frame, and passes
// messages between the two with exact origins. It stores nothing but a mark that a session is open.
(function () {
  'use strict';
  var script = document.currentScript;
  if (!script || window.lawbridge) return;

  var BASE = new URL(script.src, location.href).origin;
  var OPEN_MARK = 'lawbridge.session';
  var ANSWER_MS = 15000;
  var LONGEST_ASK = 200;
  var WORDS = {
    'zh-Hans': { launcher: '法律咨询', close: '收起', frame: '法律咨询窗口', unread: '条新消息' },
    'zh-Hant': { launcher: '法律諮詢', close: '收起', frame: '法律諮詢視窗', unread: '則新訊息' },
    en: { launcher: 'Legal help', close: 'Close', frame: 'Legal help chat', unread: 'new messages' }
  };
  var DEFAULTS = {
    position: 'right', locale: 'zh-Hans', darkMode: 'auto', launcherTitle: '', welcomeTitle: '',
    hideMessageBubble: false, availableMessage: '', unavailableMessage: '', storage: 'session',
    color: '', identity: null, attributes: {}
  };

  function readSettings() {
    var found = Object.assign({}, DEFAULTS);
    Object.keys(DEFAULTS).forEach(function (name) {
      var given = script.dataset[name];
      if (given === undefined || name === 'identity' || name === 'attributes') return;
      found[name] = name === 'hideMessageBubble' ? given !== 'false' : given;
    });
    if (script.dataset.userId) {
      found.identity = { id: script.dataset.userId, signature: script.dataset.userSignature || '' };
    }
    Object.assign(found, window.lawbridgeSettings || {});
    if (!WORDS[found.locale]) found.locale = 'zh-Hans';
    if (found.position !== 'left') found.position = 'right';
    if (!/^#[0-9a-f]{6}$/i.test(found.color)) found.color = '';
    return found;
  }

  var settings = readSettings();
  var frame = null;
  var frameReady = null;
  var markReady = null;
  var isOpen = false;
  var unread = 0;
  var calls = {};
  var lastCall = 0;
  var root, panel, launcher, label, badge;

  function word(name) { return WORDS[settings.locale][name]; }

  function tell(name, detail) {
    window.dispatchEvent(new CustomEvent('lawbridge:' + name, { detail: detail || {} }));
  }

  // Styles are set through the object model, which a host's style-src policy does not forbid.
  function style(element, rules) { Object.assign(element.style, rules); }

  function isNarrow() { return window.matchMedia('(max-width: 540px)').matches; }

  function icon() {
    var space = 'http://www.w3.org/2000/svg';
    var svg = document.createElementNS(space, 'svg');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('width', '26');
    svg.setAttribute('height', '26');
    svg.setAttribute('aria-hidden', 'true');
    var path = document.createElementNS(space, 'path');
    path.setAttribute('fill', 'none');
    path.setAttribute('stroke', 'currentColor');
    path.setAttribute('stroke-width', '1.8');
    path.setAttribute('stroke-linecap', 'round');
    path.setAttribute('stroke-linejoin', 'round');
    path.setAttribute('d', 'M12 4v15M7.5 19h9M5 7.2h14M12 4.2v.1M5.6 7.2 3 13a2.8 2.8 0 0 0 5.2 0L5.6 7.2zM18.4 7.2 15.8 13a2.8 2.8 0 0 0 5.2 0l-2.6-5.8z');
    svg.appendChild(path);
    return svg;
  }

  function build() {
    var host = document.createElement('div');
    host.id = 'lawbridge-widget';
    root = host.attachShadow ? host.attachShadow({ mode: 'open' }) : host;

    panel = document.createElement('div');
    panel.setAttribute('role', 'dialog');
    panel.hidden = true;

    launcher = document.createElement('button');
    launcher.type = 'button';
    launcher.setAttribute('aria-haspopup', 'dialog');
    launcher.appendChild(icon());
    label = document.createElement('span');
    launcher.appendChild(label);
    badge = document.createElement('span');
    badge.setAttribute('role', 'status');
    launcher.appendChild(badge);
    launcher.addEventListener('click', function () { toggle(); });
    launcher.addEventListener('focus', function () { style(launcher, { outline: '3px solid #ffbf47', outlineOffset: '2px' }); });
    launcher.addEventListener('blur', function () { style(launcher, { outline: 'none' }); });

    root.appendChild(panel);
    root.appendChild(launcher);
    document.body.appendChild(host);
    window.matchMedia('(max-width: 540px)').addEventListener('change', paint);
    paint();
  }

  function paint() {
    var side = settings.position;
    var other = side === 'left' ? 'right' : 'left';
    var narrow = isNarrow();
    style(launcher, {
      all: 'initial', position: 'fixed', bottom: '20px', zIndex: '2147483000', boxSizing: 'border-box',
      display: settings.hideMessageBubble || (isOpen && narrow) ? 'none' : 'inline-flex',
      alignItems: 'center', gap: '8px', minHeight: '60px', minWidth: '60px', padding: '0 22px 0 18px',
      borderRadius: '30px', background: safeColor(settings.color) || '#124a9e', color: '#fff',
      cursor: 'pointer', boxShadow: '0 6px 20px rgba(9,38,86,.35)',
      font: '600 17px/1.2 system-ui,-apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif'
    });
    launcher.style[side] = '20px';
    launcher.style[other] = 'auto';
    label.textContent = isOpen ? word('close') : settings.launcherTitle || word('launcher');
    launcher.setAttribute('aria-expanded', String(isOpen));
    style(badge, {
      display: unread && !isOpen ? 'inline-block' : 'none', position: 'absolute', top: '-6px', right: '-4px',
      minWidth: '24px', padding: '3px 6px', borderRadius: '13px', background: '#c8102e', color: '#fff',
      font: '700 13px/1.2 system-ui,sans-serif', textAlign: 'center', boxSizing: 'border-box'
    });
    badge.textContent = unread && !isOpen ? (unread > 99 ? '99+' : String(unread)) : '';
    badge.setAttribute('aria-label', unread ? unread + ' ' + word('unread') : '');

    panel.setAttribute('aria-label', word('frame'));
    style(panel, {
      position: 'fixed', zIndex: '2147483001', display: isOpen ? 'block' : 'none', overflow: 'hidden',
      background: '#fff', boxSizing: 'border-box', margin: '0', padding: '0', border: '0',
      width: narrow ? '100%' : '412px', height: narrow ? '100%' : 'min(700px, calc(100vh - 116px))',
      top: narrow ? '0' : 'auto', bottom: narrow ? '0' : '94px',
      borderRadius: narrow ? '0' : '14px', boxShadow: narrow ? 'none' : '0 12px 44px rgba(9,38,86,.32)'
    });
    panel.style[side] = narrow ? '0' : '20px';
    panel.style[other] = narrow ? '0' : 'auto';
    if (frame) frame.title = word('frame');
  }

  // White words on the launcher need a contrast of 4.5 to 1; a paler colour is not used.
  function safeColor(hex) {
    if (!hex) return '';
    var parts = [1, 3, 5].map(function (at) {
      var value = parseInt(hex.substr(at, 2), 16) / 255;
      return value <= 0.03928 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4);
    });
    var light = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    return 1.05 / (light + 0.05) >= 4.5 ? hex : '';
  }

  function ensureFrame() {
    if (frameReady) return frameReady;
    frame = document.createElement('iframe');
    frame.src = BASE + '/widget/frame?origin=' + encodeURIComponent(location.origin);
    frame.title = word('frame');
    frame.setAttribute('allow', 'clipboard-write');
    style(frame, { border: '0', width: '100%', height: '100%', display: 'block', colorScheme: 'normal' });
    frameReady = new Promise(function (resolve, reject) {
      markReady = resolve;
      setTimeout(function () { reject(new Error('lawbridge: the frame did not load')); }, 30000);
    });
    frameReady.catch(function () { tell('error', { code: 'frame_not_loaded' }); });
    panel.appendChild(frame);
    return frameReady;
  }

  function post(type, data) {
    frame.contentWindow.postMessage(Object.assign({ lawbridge: 1, type: type }, data), BASE);
  }

  function call(type, data) {
    return ensureFrame().then(function () {
      return new Promise(function (resolve, reject) {
        var id = ++lastCall;
        var timer = setTimeout(function () {
          delete calls[id];
          reject(new Error('lawbridge: no answer to ' + type));
        }, ANSWER_MS);
        calls[id] = function (failed, value) {
          clearTimeout(timer);
          delete calls[id];
          if (failed) reject(new Error('lawbridge: ' + failed));
          else resolve(value);
        };
        post(type, Object.assign({ call: id }, data));
      });
    });
  }

  function plainSettings() {
    return JSON.parse(JSON.stringify(settings));
  }

  function mark(active) {
    try {
      if (active) sessionStorage.setItem(OPEN_MARK, '1');
      else sessionStorage.removeItem(OPEN_MARK);
    } catch (denied) {
      // A page without storage only loses the early start of the frame.
      tell('error', { code: 'storage_denied' });
    }
  }

  function wasOpen() {
    try { return sessionStorage.getItem(OPEN_MARK) === '1'; } catch (denied) { return false; }
  }

  function toggle(state) {
    var next = state === 'open' ? true : state === 'close' ? false : !isOpen;
    if (next === isOpen) return Promise.resolve({ open: isOpen });
    isOpen = next;
    panel.hidden = !isOpen;
    if (isOpen) unread = 0;
    var loaded = ensureFrame();
    paint();
    if (isOpen) {
      tell('open');
      return loaded.then(function () { frame.focus(); post('open'); return { open: true }; });
    }
    tell('close');
    launcher.focus();
    return loaded.then(function () { post('close'); return { open: false }; });
  }

  function leave(url) {
    mark(false);
    document.documentElement.style.setProperty('display', 'none', 'important');
    root.host ? root.host.remove() : panel.remove();
    location.replace(/^https:\/\//.test(url) ? url : 'https://www.gov.cn/');
  }

  window.addEventListener('message', function (event) {
    if (event.origin !== BASE || !frame || event.source !== frame.contentWindow) return;
    var data = event.data;
    if (!data || data.lawbridge !== 1) return;
    if (data.type === 'hello') post('init', { settings: plainSettings(), open: isOpen });
    else if (data.type === 'ready') markReady();
    else if (data.type === 'answer' && calls[data.call]) calls[data.call](data.failed, data.value);
    else if (data.type === 'close') toggle('close');
    else if (data.type === 'session') mark(data.active);
    else if (data.type === 'unread') { unread = isOpen ? 0 : Number(data.count) || 0; paint(); tell('unread', { count: unread }); }
    else if (data.type === 'message') tell('message', { id: data.id, sender: data.sender });
    else if (data.type === 'error') tell('error', { code: data.code });
    else if (data.type === 'exit') leave(String(data.url || ''));
  });

  window.lawbridge = {
    toggle: toggle,
    // Opens the window and says these words for the visitor: at once where a conversation is open,
    // otherwise after consent.
    ask: function (words) {
      var said = String(words || '').trim();
      if (!said || said.length > LONGEST_ASK) return Promise.reject(new Error('lawbridge: ask needs 1 to ' + LONGEST_ASK + ' characters'));
      toggle('open');
      return call('ask', { text: said });
    },
    setLocale: function (locale) {
      if (!WORDS[locale]) return Promise.reject(new Error('lawbridge: unknown locale ' + locale));
      settings.locale = locale;
      paint();
      return frame ? call('locale', { locale: locale }) : Promise.resolve({ locale: locale });
    },
    setColorScheme: function (scheme) {
      if (['auto', 'light', 'dark'].indexOf(scheme) < 0) return Promise.reject(new Error('lawbridge: unknown scheme ' + scheme));
      settings.darkMode = scheme;
      return frame ? call('scheme', { scheme: scheme }) : Promise.resolve({ scheme: scheme });
    },
    setCustomAttributes: function (attributes) {
      var plain = {};
      Object.keys(attributes || {}).slice(0, 10).forEach(function (key) {
        plain[String(key).slice(0, 40)] = String(attributes[key]).slice(0, 200);
      });
      settings.attributes = Object.assign({}, settings.attributes, plain);
      return frame ? call('attributes', { attributes: plain }) : Promise.resolve({ attributes: plain });
    },
    reset: function () {
      mark(false);
      unread = 0;
      paint();
      return frame || wasOpen() ? call('reset', {}) : Promise.resolve({ reset: true });
    },
    popout: function () {
      function plain() {
        var url = BASE + '/widget/frame?popout=1&locale=' + encodeURIComponent(settings.locale);
        window.open(url, '_blank', 'noopener,width=430,height=740');
        return { popout: true };
      }
      return frame ? call('popout', {}).catch(plain) : Promise.resolve(plain());
    },
    get isOpen() { return isOpen; }
  };

  function start() {
    build();
    if (wasOpen()) ensureFrame();
    tell('ready');
  }
  if (document.body) start();
  else document.addEventListener('DOMContentLoaded', start);
})();
