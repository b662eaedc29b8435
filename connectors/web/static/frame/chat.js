// One visitor's conversation in the browser: consent, session, messages in the server's order, and a
// queue of what has not been accepted yet. Knows no DOM.

import { api, Refused } from './api.js';
import { Feed } from './feed.js';

const TYPING_MS = 6000;
const CATCH_UP_MS = 1500;
const TYPING_EVERY_MS = 3000;
const LONGEST_RETRY_MS = 20000;

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

export class Chat {
  constructor(memory, config, onChange, onEvent) {
    this.memory = memory;
    this.config = config;
    this.onChange = onChange;
    this.onEvent = onEvent;
    this.attributes = {};
    this.identity = null;
    this.visible = true;
    this.toAsk = '';
    this.clear('consent');
    if (memory.kept) this.resume(memory.kept);
  }

  clear(phase) {
    if (this.feed) this.feed.stop();
    clearTimeout(this.retryTimer);
    Object.assign(this, {
      phase, feed: null, token: '', greeting: null, mode: 'bot', status: 'connecting', typing: false,
      messages: new Map(), pending: [], draft: this.draft || '', unread: 0, rated: false, problem: '',
      busy: false, failures: 0, loaded: false, asked: false, readUpTo: 0,
    });
  }

  changed() {
    this.onChange();
  }

  keep() {
    this.memory.keep({
      draft: this.draft,
      rated: this.rated,
      pending: this.pending.filter((item) => !item.file).map(({ id, text, button, after, state }) => (
        { id, text, button, after, state: state === 'failed' ? 'failed' : 'waiting' })),
    });
  }

  // Calling this is the visitor's consent; nothing was stored before, here or on the server.
  async agree(locale) {
    if (this.busy) return;
    this.busy = true;
    this.problem = '';
    this.changed();
    try {
      const body = { consent: this.config.consent, locale };
      if (this.identity) body.identity = this.identity;
      this.enter(await api.open(body));
      this.sendAttributes();
    } catch (error) {
      this.busy = false;
      this.problem = error instanceof Refused && error.sentence ? error.sentence : 'offline';
      this.onEvent('error', { code: error.code || 'offline' });
    }
    this.keep();
    this.changed();
  }

  enter(opened) {
    this.memory.keep({ token: opened.token, session: opened.session, greeting: opened.greeting });
    this.busy = false;
    this.start(opened.token, opened.greeting);
    this.onEvent('session', { active: true });
  }

  // A code lets another device go on; this one is then left. A refusal resolves to its sentence.
  async askCode() {
    let given = null;
    const problem = await this.act(async () => { given = await api.askCode(this.token); });
    return { given, problem };
  }

  // A conversation begun elsewhere, where consent was given, goes on here. The attempt keeps its id:
  // when the answer is lost on the way, the next try is answered like the first.
  async redeem(code) {
    if (this.attempt?.code !== code) this.attempt = { code, id: newId() };
    let opened;
    try {
      opened = await api.redeem(code, this.attempt.id);
    } catch (error) {
      this.onEvent('error', { code: error.code || 'offline' });
      return error instanceof Refused && error.sentence ? error.sentence : 'offline';
    }
    this.attempt = null;
    this.memory.forget();
    this.clear('consent');
    this.enter(opened);
    // What the host page says of itself was told where the conversation began.
    this.memory.keep({ attributes: JSON.stringify(this.attributes) });
    this.keep();
    this.changed();
    return '';
  }

  // What a change of device would leave behind.
  get hasUnsent() {
    return Boolean(this.draft.trim() || this.pending.some((item) => item.state !== 'sent'));
  }

  resume(kept) {
    this.draft = kept.draft || '';
    this.rated = Boolean(kept.rated);
    this.pending = (kept.pending || []).map((item) => ({ ...item }));
    this.start(kept.token, kept.greeting);
  }

  start(token, greeting) {
    this.phase = 'chat';
    this.token = token;
    this.greeting = greeting;
    this.feed = new Feed({
      token,
      onMessages: (messages, mode) => this.take(messages, mode),
      onTyping: () => this.showTyping(),
      onRead: (id) => { this.readUpTo = id; this.changed(); },
      onStatus: (status) => this.setStatus(status),
      onLost: (code) => (code === 'continued_elsewhere' ? this.forget('moved') : this.lost()),
    });
    this.feed.connect();
    this.flush();
  }

  setStatus(status) {
    this.status = status;
    if (status === 'online') {
      this.failures = 0;
      this.wake();
    }
    this.changed();
  }

  // The conversation is gone on the server. What was typed goes back into the draft.
  lost() {
    const unsent = this.pending.filter((item) => item.text && !item.button && item.state !== 'sent');
    const draft = [...unsent.map((item) => item.text), this.draft].filter(Boolean).join('\n');
    this.memory.forget();
    this.clear('expired');
    this.draft = draft;
    this.onEvent('session', { active: false });
    this.onEvent('error', { code: 'not_signed_in' });
    this.changed();
  }

  take(messages, mode) {
    let fresh = 0;
    for (const message of messages) {
      if (this.messages.has(message.id)) continue;
      this.messages.set(message.id, message);
      if (message.client_id) {
        this.pending = this.pending.filter((item) => item.id !== message.client_id);
      }
      if (message.sender !== 'visitor') {
        fresh += 1;
        this.typing = false;
        if (this.loaded) this.onEvent('message', { id: message.id, sender: message.sender });
      }
    }
    if (mode !== 'closed' && this.mode === 'closed' && this.loaded) this.rated = false;
    this.mode = mode;
    if (this.loaded && fresh && !this.visible) {
      this.unread += fresh;
      this.onEvent('unread', { count: this.unread });
    }
    this.loaded = true;
    this.keep();
    this.changed();
    this.acknowledge();
    this.sendAsked();
  }

  see(visible) {
    this.visible = visible;
    if (visible && this.unread) {
      this.unread = 0;
      this.onEvent('unread', { count: 0 });
      this.changed();
    }
    if (visible) this.acknowledge();
  }

  // A lawyer sees whether the words arrived and were looked at; nobody looks while the bot answers.
  acknowledge() {
    if (this.mode === 'human' && this.feed) this.feed.receipt(this.visible && !document.hidden);
  }

  // In the server's order: ids grow, and what is still on its way comes last.
  list() {
    return [...this.messages.values()].sort((a, b) => Number(a.id) - Number(b.id));
  }

  setDraft(text) {
    this.draft = text;
    this.keep();
    const now = Date.now();
    if (text && this.mode === 'human' && this.feed && now - (this.toldTyping || 0) > TYPING_EVERY_MS) {
      this.toldTyping = now;
      this.feed.typing();
    }
    this.changed();
  }

  say(text) {
    this.draft = '';
    this.queue({ text });
  }

  press(button) {
    this.queue({ text: button.label, button: button.id });
  }

  // What the host page's button names. It waits for the visitor's consent and for the conversation
  // to be known: a lawyer who is writing with the visitor is not interrupted by it.
  ask(text) {
    this.toAsk = text;
    return { asked: this.sendAsked() };
  }

  sendAsked() {
    const text = this.toAsk;
    if (!text || this.phase !== 'chat' || !this.loaded) return false;
    this.toAsk = '';
    if (this.mode === 'human' || this.pending.some((item) => item.text === text && item.state !== 'failed')) return false;
    this.queue({ text });
    return true;
  }

  queue(item) {
    const after = Math.max(0, ...[...this.messages.keys()].map(Number));
    this.pending = [...this.pending, { id: newId(), state: 'waiting', after, ...item }];
    this.keep();
    this.changed();
    this.flush();
  }

  retry(id) {
    this.change(id, { state: 'waiting', problem: '', code: '' });
    this.flush();
  }

  discard(id) {
    const item = this.pending.find((one) => one.id === id);
    this.pending = this.pending.filter((one) => one.id !== id);
    if (item && item.text && !item.button && !this.draft) this.draft = item.text;
    this.keep();
    this.changed();
  }

  change(id, values) {
    this.pending = this.pending.map((item) => (item.id === id ? { ...item, ...values } : item));
    this.keep();
    this.changed();
  }

  // One at a time and in order; the id stays the same, so that a repeat is not a second message.
  async flush() {
    if (this.sending || this.phase !== 'chat') return;
    const item = this.pending.find((one) => one.state !== 'sent' && one.state !== 'failed');
    if (!item || item.state !== 'waiting') return;
    this.sending = true;
    clearTimeout(this.retryTimer);
    const token = this.token;
    this.change(item.id, { state: 'sending' });
    try {
      if (item.file) await api.upload(token, item.id, item.file);
      else await api.send(token, { id: item.id, text: item.text, ...(item.button ? { button: item.button } : {}) });
      if (this.token !== token) return;
      this.failures = 0;
      this.change(item.id, { state: 'sent' });
      this.catchUp(item.id);
    } catch (error) {
      if (this.token !== token) return;
      this.failed(item, error);
    } finally {
      this.sending = false;
      this.changed();
      this.flush();
    }
  }

  failed(item, error) {
    if (error instanceof Refused && error.status === 401) {
      this.feed.lose(error.code);
      return;
    }
    // A file that could not be checked waits for the visitor's next try, not in the way of words.
    const isBusy = error instanceof Refused && [429, 503].includes(error.status) && error.code !== 'unchecked_file';
    if (error instanceof Refused && !isBusy) {
      this.change(item.id, { state: 'failed', problem: error.sentence, code: error.code });
      this.onEvent('error', { code: error.code });
      return;
    }
    this.failures += 1;
    const pause = error instanceof Refused
      ? error.waitS * 1000
      : Math.min(LONGEST_RETRY_MS, 1000 * 2 ** (this.failures - 1));
    this.change(item.id, { state: 'paused', problem: error instanceof Refused ? error.sentence : '' });
    this.retryTimer = setTimeout(() => this.wake(), pause);
  }

  wake() {
    this.pending = this.pending.map((one) => (one.state === 'paused' ? { ...one, state: 'waiting' } : one));
    this.flush();
  }

  // The live connection brings message and answer in their order; without it, fetch them.
  catchUp(id) {
    const feed = this.feed;
    if (!feed.isLive) {
      feed.poll();
      return;
    }
    setTimeout(() => {
      if (this.pending.some((item) => item.id === id) && feed === this.feed) feed.poll();
    }, CATCH_UP_MS);
  }

  get isAnswering() {
    return this.mode === 'bot' && Boolean(this.sending) && this.status === 'online';
  }

  showTyping() {
    this.typing = true;
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => { this.typing = false; this.changed(); }, TYPING_MS);
    this.changed();
  }

  setAttributes(attributes) {
    this.attributes = { ...this.attributes, ...attributes };
    this.sendAttributes();
  }

  sendAttributes() {
    const now = JSON.stringify(this.attributes);
    if (this.phase !== 'chat' || now === '{}' || now === this.memory.kept?.attributes) return;
    this.memory.keep({ attributes: now });
    api.attributes(this.token, this.attributes).catch((error) => {
      this.memory.keep({ attributes: '' });
      this.onEvent('error', { code: error.code || 'offline' });
    });
  }

  // Each of these resolves to an empty string, or to the sentence that says why it did not work.
  async act(work) {
    try {
      await work();
      this.changed();
      return '';
    } catch (error) {
      if (error instanceof Refused && error.status === 401) this.feed.lose(error.code);
      this.onEvent('error', { code: error.code || 'offline' });
      return error instanceof Refused && error.sentence ? error.sentence : 'offline';
    }
  }

  end() {
    return this.act(async () => {
      await api.end(this.token);
      this.mode = 'closed';
      if (!this.feed.isLive) this.feed.poll();
    });
  }

  rate(rating) {
    return this.act(async () => {
      await api.rate(this.token, rating);
      this.rated = true;
      this.keep();
    });
  }

  skipRating() {
    this.rated = true;
    this.keep();
    this.changed();
  }

  erase() {
    return this.act(async () => {
      await api.erase(this.token);
      this.forget('erased');
    });
  }

  forget(phase) {
    this.memory.forget();
    this.draft = '';
    this.toAsk = '';
    if (this.unread) this.onEvent('unread', { count: 0 });
    this.clear(phase);
    this.onEvent('session', { active: false });
    this.changed();
  }

  download(path) {
    return api.download(this.token, path);
  }
}
