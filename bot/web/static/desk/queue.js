// The left column: who waits, and whom I am talking to.

import { html, useEffect, useRef } from "../vendor/htm/preact-standalone.module.js";
import { isUnread } from "./state.js";
import { since } from "./time.js";

const CHANNELS = { web: "网页", wechat: "微信", console: "终端" };
const URGENT = 50;
const LONG_WAIT_MS = 5 * 60 * 1000;

function Entry({ entry, state, now, verb, onSelect, children }) {
  const current = state.current === entry.id;
  const urgent = entry.priority >= URGENT && entry.mode === "queued";
  const late = entry.mode === "queued" && now - new Date(entry.since) > LONG_WAIT_MS;
  const unread = entry.mode === "human" && !current && isUnread(state, entry);
  // What made the rules call a person says more than the thanks that came after it.
  const cause = urgent ? entry.trigger || entry.question : entry.question || entry.trigger;
  const words = entry.mode === "queued" ? cause || entry.last_words : entry.last_words;
  return html`<li class=${`entry ${current ? "current" : ""} ${urgent ? "urgent" : ""}`}>
    <button class="open" aria-current=${current ? "true" : null} onClick=${() => onSelect(entry.id)}>
      <span class="line">
        ${urgent && html`<b class="chip bad">紧急</b>`}
        ${entry.lane && html`<b class="chip bad">${entry.lane}</b>`}
        ${entry.topic && html`<b class="chip">${entry.topic}</b>`}
        <span class="chip pale">${CHANNELS[entry.channel] ?? entry.channel}</span>
        ${unread && html`<b class="dot"><span class="unseen">有新消息</span></b>`}
      </span>
      <span class="reason">${entry.reason || "来访者"}</span>
      ${words && html`<span class="last">${words}</span>`}
      <span class=${`wait ${late ? "late" : ""}`}>${verb} <time datetime=${entry.since}>${since(entry.since, now)}</time></span>
    </button>
    ${children}
  </li>`;
}

export function Queue({ state, now, claiming, sound, onSound, onSelect, onClaim }) {
  const { queue, mine } = state;
  const column = useRef(null);
  const isMine = mine.some((entry) => entry.id === state.current);
  // A conversation just claimed moves to the top of the column, out of a list that was scrolled.
  useEffect(() => {
    if (isMine) column.current.querySelector(".mine .current")?.scrollIntoView({ block: "nearest" });
  }, [state.current, isMine]);
  return html`<section class="column queue" aria-label="排队和我的接待" ref=${column}>
    ${mine.length > 0 && html`
      <h2>我接待的 <span class="count">${mine.length}</span></h2>
      <ul class="entries mine">${mine.map((entry) => html`
        <${Entry} key=${entry.id} entry=${entry} state=${state} now=${now} verb="已接待" onSelect=${onSelect} />`)}</ul>`}
    <h2>排队中 <span class="count" aria-live="polite">${queue.length}</span>
      <button class="quiet sound" aria-pressed=${sound ? "true" : "false"} onClick=${onSound}
        title="有新来访时响一声">提示音：${sound ? "开" : "关"}</button></h2>
    ${queue.length === 0 && state.loaded && html`<p class="empty">现在没有人排队。<br />有人请求人工时会出现在这里。</p>`}
    <ul class="entries waiting">${queue.map((entry) => html`
      <${Entry} key=${entry.id} entry=${entry} state=${state} now=${now} verb="已等" onSelect=${onSelect}>
        <button class="primary claim" disabled=${claiming === entry.id}
          aria-label=${`接待：${entry.topic || ""}${entry.reason}`} onClick=${() => onClaim(entry.id)}>接待</button>
      <//>`)}</ul>
    <p class="keys hint"><kbd>Alt</kbd>+<kbd>N</kbd> 接待下一位</p>
  </section>`;
}
