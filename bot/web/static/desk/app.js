// The lawyers' desk: joins the live connection, the interface and the three columns.

import { html, render, useCallback, useEffect, useMemo, useReducer, useRef, useState } from "../vendor/htm/preact-standalone.module.js";
import * as api from "./api.js";
import { Chat } from "./chat.js";
import { Live } from "./live.js";
import { Queue } from "./queue.js";
import * as sounds from "./sound.js";
import { initial, isUnread, lastId, reduce } from "./state.js";
import { Summary } from "./summary.js";

const POLL_MS = 5000;
const TOAST_MS = 6000;
const SUMMARY_PAUSE_MS = 1500;
const NAME = document.title;

function useNow() {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function Desk({ canned }) {
  const [state, tell] = useReducer(reduce, initial);
  const [claiming, setClaiming] = useState("");
  const [sound, setSound] = useState(sounds.isOn());
  const now = useNow();
  const latest = useRef(state);
  latest.current = state;
  const live = useRef(null);
  const summaryTimer = useRef(0);

  const say = useCallback((text) => tell({ type: "toast", text }), []);
  const complain = useCallback((error) => say(error.message), []);

  const load = useCallback(async (id) => {
    const view = await api.open(id);
    tell({ type: "opened", view });
    if (view.mine) live.current.watch(id, view.messages.at(-1)?.id ?? 0);
  }, []);

  const select = useCallback((id) => {
    tell({ type: "select", id });
    if (id) {
      load(id).catch((error) => {
        complain(error);
        if (error.status === 403 || error.status === 404) tell({ type: "select", id: null });
      });
    }
  }, []);

  const refreshSummary = useCallback((id) => {
    clearTimeout(summaryTimer.current);
    summaryTimer.current = setTimeout(
      () => api.open(id).then((view) => tell({ type: "summary", view }), () => {}),
      SUMMARY_PAUSE_MS,
    );
  }, []);

  const onFrame = useCallback((frame) => {
    const id = frame.conversation_id;
    if (frame.kind === "queue") tell({ type: "queue", queue: frame.queue, mine: frame.mine });
    else if (frame.kind === "messages") {
      tell({ type: "messages", id, messages: frame.messages });
      if (frame.messages.some((message) => message.sender === "visitor")) refreshSummary(id);
    } else if (frame.kind === "typing") tell({ type: "typing", id, now: Date.now() });
    else if (frame.kind === "ended") tell({ type: "ended", id });
    else if (frame.kind === "error") say(frame.sentence);
  }, []);

  useEffect(() => {
    live.current = new Live({
      onFrame,
      onState: (online) => tell({ type: "online", online }),
      lastIds: () => Object.fromEntries(
        Object.entries(latest.current.chats).filter(([, chat]) => chat.mine).map(([id, chat]) => [id, lastId(chat)]),
      ),
    });
  }, []);

  // Where live connections are blocked, the desk asks every few seconds.
  useEffect(() => {
    if (state.online) return undefined;
    const poll = async () => {
      const { current, chats } = latest.current;
      try {
        const view = await api.queue();
        tell({ type: "queue", ...view });
        if (chats[current]?.mine) {
          const found = await api.news(current, lastId(chats[current]));
          tell({ type: "messages", id: current, messages: found.messages });
        }
      } catch (error) {
        if (error.status === 403) tell({ type: "ended", id: current });
      }
    };
    const timer = setInterval(poll, POLL_MS);
    return () => clearInterval(timer);
  }, [state.online]);

  const claim = useCallback(async (id) => {
    setClaiming(id);
    try {
      await api.claim(id);
      select(id);
    } catch (error) {
      complain(error);
      api.queue().then((view) => tell({ type: "queue", ...view }), () => {});
    } finally {
      setClaiming("");
    }
  }, []);

  const deliver = useCallback(async (id, message) => {
    tell({ type: "sending", id, message: { ...message, error: "" } });
    try {
      const stored = await api.say(id, message.id, message.text);
      tell({ type: "messages", id, messages: [stored] });
    } catch (error) {
      tell({ type: "failed", id, messageId: message.id, error: error.message });
    }
  }, []);

  // A sound and a number in the title for whoever came since the last look.
  const waiting = useRef(null);
  useEffect(() => {
    if (!state.loaded) return;
    const ids = new Set(state.queue.map((entry) => entry.id));
    if (waiting.current && [...ids].some((id) => !waiting.current.has(id))) sounds.ring();
    waiting.current = ids;
  }, [state.queue]);
  const unread = state.mine.filter((entry) => entry.id !== state.current && isUnread(state, entry)).length;
  useEffect(() => {
    const count = state.queue.length + unread;
    document.title = count ? `(${count}) ${NAME}` : NAME;
  }, [state.queue, unread]);

  const chat = state.chats[state.current];
  useEffect(() => {
    if (chat) tell({ type: "seen", id: state.current, newest: lastId(chat) });
  }, [chat?.messages]);

  useEffect(() => {
    if (!state.toast) return undefined;
    const timer = setTimeout(() => tell({ type: "toast", text: "" }), TOAST_MS);
    return () => clearTimeout(timer);
  }, [state.toast]);

  useEffect(() => {
    const onKey = (event) => {
      if (event.altKey && event.code === "KeyN") {
        event.preventDefault();
        const next = latest.current.queue[0];
        if (next) claim(next.id);
        else say("现在没有人排队。");
      } else if (event.key === "Escape" && !event.isComposing && !document.querySelector("dialog[open]")) {
        const { current, chats } = latest.current;
        const entry = document.querySelector(".queue .current .open") ?? document.querySelector(".queue .open");
        // A look at a waiting visitor ends; a conversation of one's own stays open, with its draft.
        if (current && !chats[current]?.mine) tell({ type: "select", id: null });
        entry?.focus();
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);

  const actions = useMemo(() => {
    const id = state.current;
    const move = (work, done) => async () => {
      try {
        await work(id);
        tell({ type: "ended", id });
        tell({ type: "select", id: null });
        say(done);
        tell({ type: "queue", ...(await api.queue()) });
      } catch (error) {
        complain(error);
      }
    };
    return {
      claim: () => claim(id),
      giveBack: move(api.giveBack, "已交还机器人。"),
      close: move(api.close, "会话已结束，已请来访者评价。"),
      reveal: () => api.reveal(id).then(({ messages }) => tell({ type: "revealed", id, messages }), complain),
      earlier: () => api.open(id, latest.current.chats[id].messages[0]?.id)
        .then((view) => tell({ type: "earlier", view }), complain),
      draft: (text) => tell({ type: "draft", id, text }),
      send: (text) => deliver(id, { id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`, text: text.trim() }),
      retry: (message) => deliver(id, message),
      edit: (message) => {
        tell({ type: "withdrawn", id, messageId: message.id });
        tell({ type: "draft", id, text: message.text });
      },
      typing: () => live.current.typing(id),
    };
  }, [state.current]);

  const tabs = [["queue", "排队", state.queue.length], ["chat", "会话", unread], ["summary", "摘要", 0]];
  return html`
    ${!state.online && state.loaded && html`<p class="banner" role="status">连接已断开，正在重新连接。已写的内容不会丢失。</p>`}
    <nav class="tabs" aria-label="栏目">${tabs.map(([key, label, count]) => html`
      <button key=${key} aria-pressed=${state.tab === key ? "true" : "false"} onClick=${() => tell({ type: "tab", tab: key })}>
        ${label}${count > 0 && html` <span class="count">${count}</span>`}</button>`)}</nav>
    <div class=${`columns show-${state.tab}`}>
      <${Queue} state=${state} now=${now} claiming=${claiming} sound=${sound}
        onSound=${() => { sounds.turn(!sound); setSound(!sound); }} onSelect=${select} onClaim=${claim} />
      <${Chat} id=${state.current} chat=${chat} now=${now} canned=${canned} claiming=${claiming} actions=${actions} />
      <${Summary} chat=${chat} now=${now} />
    </div>
    <div class="toasts" role="status" aria-live="polite">${state.toast && html`<p class="toast">${state.toast}</p>`}</div>`;
}

const root = document.getElementById("desk");
const canned = JSON.parse(root.dataset.canned);
root.replaceChildren();
render(html`<${Desk} canned=${canned} />`, root);
