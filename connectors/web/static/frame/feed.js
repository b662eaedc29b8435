// Live delivery: a WebSocket that resumes after the last id seen, exponential back-off between
// attempts, and polling while the WebSocket does not come up.

import { api, Refused } from './api.js';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30000;
const POLL_MS = 4000;
const PING_MS = 25000;
const PONG_MS = 10000;
const POLL_AFTER_FAILURES = 2;
const LOST = ['not_signed_in', 'continued_elsewhere'];

export class Feed {
  constructor({ token, onMessages, onTyping, onRead, onStatus, onLost }) {
    this.token = token;
    this.onMessages = onMessages;
    this.onTyping = onTyping;
    this.onRead = onRead;
    this.onStatus = onStatus;
    this.onLost = onLost;
    this.cursor = 0;
    this.failures = 0;
    this.socket = null;
    this.stopped = false;
    this.polling = null;
    this.timers = {};
    this.goOnline = () => { this.failures = 0; this.connect(); };
    this.goOffline = () => { this.status('offline'); this.drop(); };
    window.addEventListener('online', this.goOnline);
    window.addEventListener('offline', this.goOffline);
  }

  get isLive() {
    return Boolean(this.socket && this.socket.readyState === 1);
  }

  status(value) {
    if (this.stopped || this.last === value) return;
    this.last = value;
    this.onStatus(value);
  }

  connect() {
    if (this.stopped || this.socket) return;
    clearTimeout(this.timers.retry);
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(`${scheme}//${location.host}/api/web/ws`);
    this.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ token: this.token, after: String(this.cursor) }));
    socket.onmessage = (event) => this.take(socket, JSON.parse(event.data));
    socket.onclose = () => this.closed(socket);
  }

  take(socket, frame) {
    if (socket !== this.socket) return;
    clearTimeout(this.timers.pong);
    if (frame.kind === 'messages') {
      this.failures = 0;
      this.stopPolling();
      this.status('online');
      this.beat();
      this.deliver(frame);
    } else if (frame.kind === 'typing') {
      this.onTyping();
    } else if (frame.kind === 'read') {
      this.onRead(Number(frame.id));
    } else if (frame.kind === 'error' && LOST.includes(frame.code)) {
      this.lose(frame.code);
    }
  }

  deliver({ messages, mode }) {
    for (const message of messages) this.cursor = Math.max(this.cursor, Number(message.id));
    this.onMessages(messages, mode);
  }

  beat() {
    clearInterval(this.timers.ping);
    this.timers.ping = setInterval(() => {
      if (!this.isLive) return;
      this.socket.send('{"kind":"ping"}');
      this.timers.pong = setTimeout(() => this.drop(), PONG_MS);
    }, PING_MS);
  }

  receipt(seen) {
    const frame = { kind: 'receipt', got: this.cursor, seen: seen ? this.cursor : 0 };
    if (this.isLive) this.socket.send(JSON.stringify(frame));
  }

  typing() {
    if (this.isLive) this.socket.send('{"kind":"typing"}');
  }

  // A socket that no longer answers is left at once: its own close may take minutes.
  drop() {
    const socket = this.socket;
    if (!socket) return;
    socket.onmessage = null;
    socket.close();
    this.closed(socket);
  }

  closed(socket) {
    if (socket !== this.socket) return;
    this.socket = null;
    clearInterval(this.timers.ping);
    clearTimeout(this.timers.pong);
    if (this.stopped) return;
    this.failures += 1;
    if (!this.polling) this.status('offline');
    if (this.failures >= POLL_AFTER_FAILURES) this.startPolling();
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.failures - 1));
    clearTimeout(this.timers.retry);
    this.timers.retry = setTimeout(() => this.connect(), pause * (0.7 + 0.6 * Math.random()));
  }

  startPolling() {
    if (this.polling) return;
    const round = async () => {
      await this.poll();
      if (this.polling) this.polling = setTimeout(round, POLL_MS);
    };
    this.polling = setTimeout(round, 0);
  }

  stopPolling() {
    clearTimeout(this.polling);
    this.polling = null;
  }

  async poll() {
    try {
      const found = await api.after(this.token, this.cursor);
      if (this.stopped) return;
      this.status('online');
      this.deliver(found);
    } catch (error) {
      if (error instanceof Refused && error.status === 401) this.lose(error.code);
      else this.status('offline');
    }
  }

  lose(code) {
    if (this.stopped) return;
    this.stop();
    this.onLost(code);
  }

  stop() {
    this.stopped = true;
    this.stopPolling();
    Object.values(this.timers).forEach((timer) => { clearTimeout(timer); clearInterval(timer); });
    window.removeEventListener('online', this.goOnline);
    window.removeEventListener('offline', this.goOffline);
    if (this.socket) this.socket.close();
    this.socket = null;
  }
}
