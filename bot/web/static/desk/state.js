// Everything the desk's screen shows, and how each event changes it. No network, no document.

export const initial = {
  loaded: false, online: false, queue: [], mine: [], chats: {}, current: null, tab: "queue",
  toast: "", seen: {},
};

export function merged(known, found) {
  const byId = new Map(known.map((message) => [message.id, message]));
  for (const message of found) byId.set(message.id, message);
  return [...byId.values()].sort((a, b) => Number(a.id) - Number(b.id));
}

export const lastId = (chat) => Number(chat?.messages.at(-1)?.id ?? 0);

function withChat(state, id, change) {
  const chat = state.chats[id];
  return chat ? { ...state, chats: { ...state.chats, [id]: { ...chat, ...change(chat) } } } : state;
}

function arrived(chat, found) {
  const stored = new Set(found.map((message) => message.client_id).filter(Boolean));
  return {
    messages: merged(chat.messages, found),
    pending: chat.pending.filter((message) => !stored.has(message.id)),
    typingAt: found.some((message) => message.sender === "visitor") ? 0 : chat.typingAt,
  };
}

const NEW_CHAT = { messages: [], pending: [], draft: "", typingAt: 0, revealed: false, ended: false };

const changes = {
  queue(state, { queue, mine }) {
    return { ...state, queue, mine, loaded: true };
  },
  online(state, { online }) {
    return { ...state, online };
  },
  toast(state, { text }) {
    return { ...state, toast: text };
  },
  tab(state, { tab }) {
    return { ...state, tab };
  },
  select(state, { id }) {
    return { ...state, current: id, tab: id ? "chat" : "queue", toast: "" };
  },
  opened(state, { view }) {
    const old = state.chats[view.id] ?? NEW_CHAT;
    const chat = {
      ...old, mode: view.mode, mine: view.mine, summary: view.summary, ended: false,
      earlier: old.messages.length ? old.earlier : view.earlier,
      ...arrived(old, view.messages),
    };
    return { ...state, chats: { ...state.chats, [view.id]: chat } };
  },
  earlier(state, { view }) {
    return withChat(state, view.id, (chat) => ({
      messages: merged(view.messages, chat.messages), earlier: view.earlier,
    }));
  },
  summary(state, { view }) {
    return withChat(state, view.id, () => ({ summary: view.summary }));
  },
  messages(state, { id, messages }) {
    return withChat(state, id, (chat) => arrived(chat, messages));
  },
  revealed(state, { id, messages }) {
    return withChat(state, id, (chat) => ({
      messages: merged(chat.messages, messages), revealed: true,
    }));
  },
  typing(state, { id, now }) {
    return withChat(state, id, () => ({ typingAt: now }));
  },
  draft(state, { id, text }) {
    return withChat(state, id, () => ({ draft: text }));
  },
  sending(state, { id, message }) {
    return withChat(state, id, (chat) => ({
      pending: [...chat.pending.filter((m) => m.id !== message.id), message], draft: "",
    }));
  },
  failed(state, { id, messageId, error }) {
    return withChat(state, id, (chat) => ({
      pending: chat.pending.map((m) => (m.id === messageId ? { ...m, error } : m)),
    }));
  },
  withdrawn(state, { id, messageId }) {
    return withChat(state, id, (chat) => ({
      pending: chat.pending.filter((m) => m.id !== messageId),
    }));
  },
  ended(state, { id }) {
    return withChat(state, id, () => ({ ended: true, mine: false }));
  },
  seen(state, { id, newest }) {
    return (state.seen[id] ?? 0) >= newest
      ? state : { ...state, seen: { ...state.seen, [id]: newest } };
  },
};

export const reduce = (state, event) => changes[event.type](state, event);

export const isUnread = (state, entry) => entry.newest_id > (state.seen[entry.id] ?? 0);
