// The lawyers' desk: joins the live connection, the interface and the three columns.

import { html, render, useEffect, useMemo, useReducer, useRef, useState } from "../vendor/htm/preact-standalone.module.js";
import { Chat } from "./chat.js";
import { useConnection } from "./connection.js";
import { statuteWords, suggestionOf } from "./copilot.js";
import { createDesk } from "./desk.js";
import { GiveBack, Help, Picture, Reveal } from "./dialogs.js";
import { Close, Invite, Opponents, Transfer } from "./handover.js";
import { useKeys } from "./keys.js";
import { useNotices } from "./notices.js";
import { Queue } from "./queue.js";
import { initial, reduce } from "./state.js";
import { Summary } from "./summary.js";

const TOAST_MS = 6000;
const DIALOGS = { reveal: Reveal, giveBack: GiveBack, transfer: Transfer, invite: Invite, close: Close, opponents: Opponents, picture: Picture, help: Help };
const OWNERS = new Set(["giveBack", "transfer", "invite", "close"]);

function useNow() {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function useToast(toast, tell) {
  useEffect(() => {
    if (!toast) return undefined;
    const timer = setTimeout(() => tell({ type: "toast", text: "" }), TOAST_MS);
    return () => clearTimeout(timer);
  }, [toast]);
}

// What is shown is read, and what is mine gets its suggestions, once it is on the screen.
function useOpenChat(state, chat, desk) {
  const newest = chat?.messages.at(-1)?.id;
  useEffect(() => {
    if (!chat) return undefined;
    const read = () => { if (!document.hidden) desk.read(state.current); };
    read();
    document.addEventListener("visibilitychange", read);
    return () => document.removeEventListener("visibilitychange", read);
  }, [state.current, newest, chat?.mine]);
  useEffect(() => {
    if (chat?.mine && chat.copilot.status === "none") desk.loadCopilot(state.current);
  }, [state.current, chat?.mine]);
}

function keysOf({ state, desk, onMenu }) {
  const chat = state.chats[state.current];
  const whenMine = (work) => () => { if (chat?.mine) work(); };
  const ask = (kind) => () => { if (chat?.owner && chat.mine) desk.dialog({ kind }); };
  const statute = (number) => whenMine(() => {
    const words = statuteWords(chat, number);
    if (words) desk.insert(words);
    else desk.say(`右栏没有第 ${number} 条依据。`);
  });
  return {
    KeyN: desk.claimNext, ArrowDown: () => desk.step(1), ArrowUp: () => desk.step(-1),
    KeyT: ask("transfer"), KeyE: ask("close"), KeyH: () => desk.dialog({ kind: "help" }),
    KeyC: whenMine(() => onMenu(true)),
    KeyB: whenMine(() => {
      const writing = chat.writing === "note" ? "reply" : "note";
      desk.write(writing);
      requestAnimationFrame(() => document.getElementById(writing === "note" ? "note" : "say")?.focus());
    }),
    KeyD: whenMine(() => {
      const draft = suggestionOf(chat)?.draft;
      if (draft) desk.insertDraft(draft);
      else desk.say("现在没有草稿。");
    }),
    ...Object.fromEntries([1, 2, 3, 4, 5].map((number) => [`Digit${number}`, statute(number)])),
    Escape: () => {
      const entry = document.querySelector(".list .current .open") ?? document.querySelector(".list .open");
      // A look at a conversation ends; one of one's own stays open, with its draft.
      if (state.current && !chat?.mine) desk.select(null);
      entry?.focus();
    },
  };
}

function Desk({ canned, me }) {
  const [state, tell] = useReducer(reduce, initial);
  const [menuOpen, onMenu] = useState(false);
  const now = useNow();
  const latest = useRef(state);
  latest.current = state;
  const live = useRef(null);
  const desk = useMemo(() => createDesk({ tell, get: () => latest.current, live: () => live.current, me }), []);
  const chat = state.chats[state.current];
  const keys = useRef({});
  keys.current = keysOf({ state, desk, onMenu });

  useConnection({ state, latest, tell, desk, live });
  useKeys(keys);
  useToast(state.toast, tell);
  useOpenChat(state, chat, desk);
  const unread = useNotices(state, now);
  const before = useRef(null);
  useEffect(() => {
    onMenu(false);
    const hasGone = before.current && !state.current;
    // Where a conversation has gone, its list takes the focus that would be lost.
    if (hasGone && document.activeElement === document.body) document.querySelector(".views [tabindex='0']")?.focus();
    before.current = state.current;
  }, [state.current]);

  const onPane = (pane) => tell({ type: "pane", pane });
  const tabs = [["queue", "来访", state.queue.length], ["chat", "会话", unread], ["summary", "摘要", 0]];
  const Asked = state.dialog && DIALOGS[state.dialog.kind];
  const isAllowed = Asked && (!OWNERS.has(state.dialog.kind) || chat?.mine);
  return html`
    ${!state.online && state.loaded && html`<p class="banner" role="status">连接已断开，正在重新连接。已写的内容不会丢失。</p>`}
    <div class=${`columns show-${state.tab}`}>
      <${Queue} state=${state} now=${now} unread=${unread} me=${me} desk=${desk} onPane=${onPane} />
      <${Chat} state=${state} now=${now} canned=${canned} me=${me} menuOpen=${menuOpen} onMenu=${onMenu} desk=${desk} />
      <${Summary} id=${state.current} chat=${chat} now=${now} desk=${desk} />
    </div>
    <nav class="tabs" aria-label="栏目">${tabs.map(([key, label, count]) => html`
      <button key=${key} aria-pressed=${state.tab === key ? "true" : "false"} onClick=${() => tell({ type: "tab", tab: key })}>
        ${label}${count > 0 && html` <span class="count">${count}</span>`}</button>`)}</nav>
    ${isAllowed && html`<${Asked} key=${state.dialog.kind} id=${state.current} chat=${chat} me=${me} desk=${desk}
      form=${chat?.forms[state.dialog.kind] ?? {}} picture=${state.dialog.picture} onClose=${() => desk.dialog(null)} />`}
    <div class="toasts" role="status" aria-live="polite">${state.toast && html`<p class="toast">${state.toast}</p>`}</div>`;
}

const root = document.getElementById("desk");
const { canned, author, office, staff, supervises } = root.dataset;
const me = { id: Number(staff), author, office, title: author.split("（")[0], supervises: supervises === "true" };
root.replaceChildren();
render(html`<${Desk} canned=${JSON.parse(canned)} me=${me} />`, root);
