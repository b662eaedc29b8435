// What the browser keeps: nothing before consent; afterwards one entry in session storage, or in
// local storage where the host site chose so. A browser that refuses storage keeps it in memory.

const KEY = 'lawbridge.v1';

function place(kind) {
  try {
    const store = kind === 'local' ? window.localStorage : window.sessionStorage;
    store.getItem(KEY);
    return store;
  } catch (denied) {
    const held = new Map();
    return {
      getItem: (key) => held.get(key) ?? null,
      setItem: (key, value) => held.set(key, value),
      removeItem: (key) => held.delete(key),
    };
  }
}

export class Memory {
  constructor(kind) {
    this.store = place(kind);
    this.kept = null;
    const text = this.store.getItem(KEY);
    if (text) {
      try {
        const found = JSON.parse(text);
        if (found && typeof found.token === 'string') this.kept = found;
      } catch (damaged) {
        this.store.removeItem(KEY);
      }
    }
  }

  // Without a token there is no consent yet, and nothing is written.
  keep(values) {
    const next = { ...this.kept, ...values };
    if (!next.token) return;
    this.kept = next;
    this.store.setItem(KEY, JSON.stringify(next));
  }

  forget() {
    this.kept = null;
    this.store.removeItem(KEY);
  }
}
