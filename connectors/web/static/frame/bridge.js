// The frame's side of the conversation with the host page: exact origins both ways.

export class Bridge {
  constructor(config) {
    const query = new URLSearchParams(location.search);
    const origin = query.get('origin') || '';
    const allowed = [location.origin, ...config.sites];
    this.embedded = window.parent !== window;
    this.origin = this.embedded && allowed.includes(origin) ? origin : '';
    this.handlers = {};
    if (this.origin) window.addEventListener('message', (event) => this.receive(event));
  }

  on(type, handler) {
    this.handlers[type] = handler;
  }

  async receive(event) {
    if (event.origin !== this.origin || event.source !== window.parent) return;
    const data = event.data;
    if (!data || data.lawbridge !== 1 || !this.handlers[data.type]) return;
    try {
      const value = await this.handlers[data.type](data);
      if (data.call) this.post('answer', { call: data.call, value });
    } catch (error) {
      if (data.call) this.post('answer', { call: data.call, failed: String(error.message || error) });
    }
  }

  post(type, data = {}) {
    if (this.origin) window.parent.postMessage({ lawbridge: 1, type, ...data }, this.origin);
  }

  // Resolves to the host's settings; without a host, to nothing.
  settings() {
    if (!this.origin) return Promise.resolve({});
    return new Promise((resolve) => {
      const late = setTimeout(() => resolve({}), 2000);
      this.on('init', (data) => {
        clearTimeout(late);
        resolve({ ...data.settings, open: data.open });
      });
      this.post('hello');
    });
  }
}
