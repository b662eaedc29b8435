// The left column: who waits, whom I am talking to, and what was before.

import { html, useEffect, useRef, useState } from "../vendor/htm/preact-standalone.module.js";
import { LOOKING_SHOWN_MS } from "./chat.js";
import * as notices from "./notices.js";
import * as sounds from "./sound.js";
import { inOrder, isUnread, leftToAnswer } from "./state.js";
import { countdown, dayAndHour, since } from "./time.js";

const CHANNELS = { web: "网页", wechat: "微信", console: "终端", hotline: "热线" };
const MODES = { queued: "排队中", human: "接待中", returned: "已交还", bot: "机器人", closed: "已结束" };
const URGENT = 50;
const LONG_WAIT_MS = 5 * 60 * 1000;
const TYPED_MS = 300;

function Entry({ entry, state, now, verb, onSelect, children }) {
  const current = state.current === entry.id;
  const isQueued = entry.mode === "queued";
  const urgent = entry.priority >= URGENT && isQueued;
  const late = isQueued && now - new Date(entry.since) > LONG_WAIT_MS;
  const unread = verb === "已接待" && !current && isUnread(state, entry);
  const looker = isQueued && state.looking[entry.id];
  const left = leftToAnswer(state, entry, now);
  // What made the rules call a person says more than the thanks that came after it.
  const cause = urgent ? entry.trigger || entry.question : entry.question || entry.trigger;
  const words = isQueued || !verb ? cause || entry.last_words : entry.last_words;
  return html`<li class=${`entry ${current ? "current" : ""} ${urgent ? "urgent" : ""} ${entry.offered && isQueued ? "offered" : ""}`}>
    <button class="open" aria-current=${current ? "true" : null} onClick=${() => onSelect(entry.id)}>
      <span class="line">
        ${entry.offered && isQueued && html`<b class="chip yours">派给您</b>`}
        ${left !== null && html`<b class="chip bad">限时回复 ${countdown(left)}</b>`}
        ${urgent && html`<b class="chip bad">紧急</b>`}
        ${entry.lane && html`<b class="chip bad">${entry.lane}</b>`}
        ${entry.topic && html`<b class="chip">${entry.topic}</b>`}
        <span class="chip pale">${CHANNELS[entry.channel] ?? entry.channel}</span>
        ${!verb && html`<span class="chip pale">${MODES[entry.mode] ?? entry.mode}</span>`}
        ${unread && html`<b class="dot"><span class="unseen">有新消息</span></b>`}
      </span>
      <span class="reason">${entry.reason || "来访者"}</span>
      ${words && html`<span class="last">${words}</span>`}
      <span class=${`wait ${late ? "late" : ""}`}>${verb
        ? html`${verb} <time datetime=${entry.since}>${since(entry.since, now)}</time>`
        : html`<time datetime=${entry.last_at ?? entry.since}>${dayAndHour(entry.last_at ?? entry.since)}</time>`}
        ${looker && now - looker.at < LOOKING_SHOWN_MS && html`<span class="looker">${looker.name}正在看</span>`}</span>
    </button>
    ${children}
  </li>`;
}

function Views({ pane, counts, onPane }) {
  const keys = ["queue", "mine", "find"];
  const names = { queue: "排队", mine: "我的", find: "查找" };
  const onKey = (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by || event.altKey) return;
    event.preventDefault();
    const next = keys[(keys.indexOf(pane) + by + keys.length) % keys.length];
    onPane(next);
    document.getElementById(`view-${next}`).focus();
  };
  return html`<div class="views" role="tablist" aria-label="列表" onKeyDown=${onKey}>${keys.map((key) => html`
    <button key=${key} id=${`view-${key}`} role="tab" aria-controls="list" aria-selected=${pane === key ? "true" : "false"}
      tabindex=${pane === key ? 0 : -1} onClick=${() => onPane(key)}>${names[key]}
      ${counts[key] !== undefined && html` <span class="count">${counts[key]}</span>`}
      ${key === "mine" && counts.unread > 0 && html`<b class="dot"><span class="unseen">有新消息</span></b>`}</button>`)}</div>`;
}

function Duty({ state, onAway }) {
  const { presence } = state;
  if (!presence) return null;
  return html`<div class="duty">
    <button role="switch" class="away" aria-checked=${presence.away ? "false" : "true"} aria-label="在岗，接受派单"
      onClick=${() => onAway(!presence.away)}><i></i>${presence.away ? "暂离" : "在岗"}</button>
    <span class="fine">手头 <b>${state.mine.length}/${presence.capacity}</b></span>
  </div>`;
}

function Find({ state, now, me, desk }) {
  const [words, setWords] = useState("");
  const [error, setError] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => desk.find(words.trim()).then(() => setError(""), (e) => setError(e.message)), state.found ? TYPED_MS : 0);
    return () => clearTimeout(timer);
  }, [words]);
  const found = state.found ?? [];
  return html`<div class="find"><label for="find-words">${me.supervises ? "查找所有人的会话" : "查找我接待过的会话"}</label>
      <input id="find-words" type="search" value=${words} maxlength="60" placeholder="主题、原因或来访者的话" onInput=${(event) => setWords(event.target.value)} /></div>
    ${error && html`<p class="alert" role="alert">${error}</p>`}
    ${state.found && html`<p class="fine found" role="status">${words.trim() ? `找到 ${found.length} 个` : `最近 ${found.length} 个`}</p>`}
    <ul class="entries">${found.map((entry) => html`
      <${Entry} key=${entry.id} entry=${entry} state=${state} now=${now} verb="" onSelect=${desk.select} />`)}</ul>`;
}

function Waiting({ state, now, claiming, onClaim, desk }) {
  return html`${state.queue.length === 0 && state.loaded && html`<p class="empty">现在没有人排队。<br />有人请求人工时会出现在这里。</p>`}
    <ul class="entries waiting">${inOrder(state.queue).map((entry) => html`
      <${Entry} key=${entry.id} entry=${entry} state=${state} now=${now} verb="已等" onSelect=${desk.select}>
        <button class="primary claim" disabled=${claiming === entry.id}
          aria-label=${`接待：${entry.topic || ""}${entry.reason}`} onClick=${() => onClaim(entry.id)}>接待</button>
      <//>`)}</ul>`;
}

export function Queue({ state, now, unread, me, desk, onPane }) {
  const [claiming, setClaiming] = useState("");
  const [sound, setSound] = useState(sounds.isOn());
  const [notified, setNotified] = useState(notices.isOn());
  const column = useRef(null);
  const isMine = state.mine.some((entry) => entry.id === state.current);
  useEffect(() => {
    if (isMine) column.current.querySelector(".mine .current")?.scrollIntoView({ block: "nearest" });
  }, [state.current, isMine, state.pane]);
  const claim = async (id) => { setClaiming(id); await desk.claim(id); setClaiming(""); };
  const notify = async () => {
    const problem = await notices.turn(!notified);
    if (problem) desk.say(problem);
    setNotified(notices.isOn());
  };
  const counts = { queue: state.queue.length, mine: state.mine.length, unread };
  return html`<section class="column queue" aria-label="来访列表">
    <div class="top"><${Duty} state=${state} onAway=${desk.setAway} />
      <${Views} pane=${state.pane} counts=${counts} onPane=${onPane} /></div>
    <div class="list" id="list" role="tabpanel" aria-labelledby=${`view-${state.pane}`} ref=${column}>
      ${state.pane === "queue" && html`<${Waiting} state=${state} now=${now} claiming=${claiming} onClaim=${claim} desk=${desk} />`}
      ${state.pane === "mine" && html`${state.mine.length === 0 && html`<p class="empty">您现在没有接待中的来访者。</p>`}
        <ul class="entries mine">${state.mine.map((entry) => html`
          <${Entry} key=${entry.id} entry=${entry} state=${state} now=${now} verb="已接待" onSelect=${desk.select} />`)}</ul>`}
      ${state.pane === "find" && html`<${Find} state=${state} now=${now} me=${me} desk=${desk} />`}
    </div>
    <div class="foot">
      <button class="quiet" aria-pressed=${sound ? "true" : "false"} title="有新来访时响一声"
        onClick=${() => { sounds.turn(!sound); setSound(!sound); }}>提示音：${sound ? "开" : "关"}</button>
      <button class="quiet" aria-pressed=${notified ? "true" : "false"} title="不看这一页时，由系统弹出提醒" onClick=${notify}>桌面提醒：${notified ? "开" : "关"}</button>
      <button class="quiet" title="Alt+H" aria-label="快捷键" onClick=${() => desk.dialog({ kind: "help" })}>快捷键 ?</button>
    </div>
  </section>`;
}
