// Everything the desk's screen shows, and how each event changes it. No network, no document.

export const initial = {
  loaded: false, online: false, queue: [], mine: [], found: null, chats: {}, current: null,
  tab: "queue", pane: "queue", toast: "", seen: {}, looking: {}, presence: null, dialog: null,
  // How far the clock of this computer is ahead of the server's.
  ahead: 0,
};

const WARNED_MS = 60 * 1000;

// What is known wins: a message never changes, and a revealed number must not be hidden again.
// What became of it does change, and is taken from what was found.
export function merged(found, known) {
  const byId = new Map(found.map((message) => [message.id, message]));
  for (const message of known) {
    const delivery = byId.get(message.id)?.delivery ?? message.delivery;
    byId.set(message.id, delivery ? { ...message, delivery } : message);
  }
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
    messages: merged(found, chat.messages),
    pending: chat.pending.filter((message) => !stored.has(message.id)),
    typingAt: found.some((message) => message.sender === "visitor") ? 0 : chat.typingAt,
    colleague: found.some((message) => message.sender === "lawyer") ? null : chat.colleague,
  };
}

const NEW_CHAT = {
  messages: [], pending: [], notes: [], guests: [], got: 0, seen: 0, channel: null,
  writing: "reply", draft: "", noteDraft: "", refusal: "", fromCopilot: false, attached: [],
  typingAt: 0, colleague: null, revealedTo: 0, ended: false, left: false,
  forms: {}, matter: null, copilot: { status: "none" },
};

const facets = (view) => ({
  mode: view.mode, mine: view.mine, owner: view.owner ?? view.mine, summary: view.summary,
  notes: view.notes ?? [], guests: view.guests ?? [], got: view.got ?? 0, seen: view.seen ?? 0,
  channel: view.channel_state ?? null,
});

const changes = {
  queue(state, { queue, mine, ahead }) {
    return { ...state, queue, mine, ahead, loaded: true };
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
  pane(state, { pane }) {
    return { ...state, pane };
  },
  dialog(state, { dialog }) {
    return { ...state, dialog };
  },
  presence(state, { presence }) {
    return { ...state, presence };
  },
  found(state, { found }) {
    return { ...state, found };
  },
  select(state, { id }) {
    return { ...state, current: id, tab: id ? "chat" : "queue", dialog: null };
  },
  opened(state, { view }) {
    const old = state.chats[view.id] ?? NEW_CHAT;
    const chat = {
      ...old, ...facets(view), ended: false, left: false,
      earlier: old.messages.length ? old.earlier : view.earlier,
      ...arrived(old, view.messages),
    };
    return { ...state, chats: { ...state.chats, [view.id]: chat } };
  },
  refreshed(state, { view }) {
    return withChat(state, view.id, (chat) => ({
      ...facets(view), ended: chat.ended && !view.mine, ...arrived(chat, view.messages),
    }));
  },
  earlier(state, { view }) {
    return withChat(state, view.id, (chat) => ({
      messages: merged(view.messages, chat.messages), earlier: view.earlier,
    }));
  },
  messages(state, { id, messages }) {
    return withChat(state, id, (chat) => arrived(chat, messages));
  },
  revealed(state, { id, messages }) {
    return withChat(state, id, (chat) => ({
      messages: merged(chat.messages, messages), revealedTo: Number(messages.at(-1)?.id ?? 0),
    }));
  },
  typing(state, { id, now, colleague }) {
    return withChat(state, id, () => (
      colleague === undefined ? { typingAt: now } : { colleague: { name: colleague, at: now } }
    ));
  },
  looking(state, { id, name, now }) {
    return { ...state, looking: { ...state.looking, [id]: { name, at: now } } };
  },
  writing(state, { id, writing }) {
    return withChat(state, id, () => ({ writing, refusal: "" }));
  },
  draft(state, { id, text, fromCopilot }) {
    return withChat(state, id, (chat) => ({
      draft: text, refusal: "", fromCopilot: fromCopilot ?? (chat.fromCopilot && text.trim() !== ""),
    }));
  },
  noteDraft(state, { id, text }) {
    return withChat(state, id, () => ({ noteDraft: text, refusal: "" }));
  },
  refused(state, { id, sentence }) {
    return withChat(state, id, () => ({ refusal: sentence }));
  },
  noted(state, { id, note }) {
    return withChat(state, id, (chat) => ({
      notes: [...chat.notes.filter((known) => known.id !== note.id), note],
      noteDraft: "", refusal: "",
    }));
  },
  attached(state, { id, attached }) {
    return withChat(state, id, (chat) => ({ attached: [...chat.attached, ...attached] }));
  },
  attachment(state, { id, fileId, change }) {
    return withChat(state, id, (chat) => ({
      attached: chat.attached.map((file) => (file.id === fileId ? { ...file, ...change } : file)),
    }));
  },
  detached(state, { id, fileId }) {
    return withChat(state, id, (chat) => ({
      attached: chat.attached.filter((file) => file.id !== fileId),
    }));
  },
  sending(state, { id, message }) {
    return withChat(state, id, (chat) => ({
      pending: [...chat.pending.filter((m) => m.id !== message.id), message],
      draft: chat.draft.trim() === message.text ? "" : chat.draft,
      refusal: "", fromCopilot: false,
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
  form(state, { id, kind, values }) {
    return withChat(state, id, (chat) => ({
      forms: { ...chat.forms, [kind]: { ...chat.forms[kind], ...values } },
    }));
  },
  matter(state, { id, matter }) {
    return withChat(state, id, () => ({ matter }));
  },
  copilot(state, { id, copilot }) {
    return withChat(state, id, (chat) => ({ copilot: { ...chat.copilot, ...copilot } }));
  },
  ended(state, { id }) {
    return withChat(state, id, (chat) => ({
      // Left once, it stays left: the same end may be told twice.
      ended: true, left: chat.left || chat.mine, mine: false, owner: false, writing: "reply", forms: {},
    }));
  },
  seen(state, { id, newest }) {
    return (state.seen[id] ?? 0) >= newest
      ? state : { ...state, seen: { ...state.seen, [id]: newest } };
  },
};

export const reduce = (state, event) => changes[event.type](state, event);

// A view of the queue as an event; `heard` is when this computer got it.
export const shownQueue = ({ queue, mine, now }, heard) => (
  { type: "queue", queue, mine, ahead: heard - new Date(now) }
);

// What is left before the server gives the visitor to somebody else; null while there is time.
export function leftToAnswer(state, entry, now) {
  if (!entry?.answer_by) return null;
  const left = new Date(entry.answer_by) - (now - state.ahead);
  return left <= WARNED_MS ? Math.max(0, left) : null;
}

// A desk that was just opened has seen nothing; what its lawyer read before is no news.
export const isUnread = (state, entry) => entry.newest_id > (state.seen[entry.id] ?? entry.seen_id);

// Whoever was sent to me comes before those who wait for anybody.
export const inOrder = (queue) => [
  ...queue.filter((entry) => entry.offered), ...queue.filter((entry) => !entry.offered),
];
