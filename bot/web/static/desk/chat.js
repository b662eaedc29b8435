// The middle column: one conversation, read and written live.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/htm/preact-standalone.module.js";
import { Part } from "./parts.js";
import { dayKey, dayLine, hourOf } from "./time.js";

const NAMES = { visitor: "来访者", bot: "机器人" };
const TYPING_SHOWN_MS = 5000;
const TYPING_SENT_MS = 2500;
const NEAR_BOTTOM_PX = 120;

function Bubble({ message }) {
  if (message.sender === "system") {
    return html`<li class="said system"><div class="parts">${message.parts.map((part, i) => html`<${Part} key=${i} part=${part} />`)}</div></li>`;
  }
  return html`<li class=${`said ${message.sender}`}>
    <p class="by">${message.author || NAMES[message.sender]} <time datetime=${message.at}>${hourOf(message.at)}</time></p>
    <div class="parts">${message.parts.map((part, i) => html`<${Part} key=${i} part=${part} />`)}</div>
  </li>`;
}

function Pending({ message, onRetry, onEdit }) {
  return html`<li class=${`said lawyer pending ${message.error ? "failed" : ""}`}>
    <div class="parts"><p class="words">${message.text}</p></div>
    <p class="by">${message.error ? html`<span role="alert">未发送：${message.error}</span>
      <button class="quiet" onClick=${onRetry}>重试</button><button class="quiet" onClick=${onEdit}>修改</button>` : "正在发送……"}</p>
  </li>`;
}

function Messages({ id, chat, now, onEarlier, onRetry, onEdit }) {
  const box = useRef(null);
  const [behind, setBehind] = useState(false);
  const count = chat.messages.length + chat.pending.length;
  const newest = chat.messages.at(-1)?.id;
  const toEnd = () => { box.current.scrollTop = box.current.scrollHeight; setBehind(false); };
  const atEnd = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    return scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX;
  };
  const typing = now - chat.typingAt < TYPING_SHOWN_MS;
  const wasAtEnd = useRef(true);
  useLayoutEffect(toEnd, [id]);
  useLayoutEffect(() => { if (wasAtEnd.current) toEnd(); else if (!typing) setBehind(true); }, [newest, count, chat.pending, typing]);
  let day = "";
  return html`<div class="scroller">
    <ol class="messages" ref=${box} tabindex="0" role="log" aria-live="polite" aria-label="会话消息"
      onScroll=${() => { wasAtEnd.current = atEnd(); if (wasAtEnd.current) setBehind(false); }}>
      ${chat.earlier && html`<li class="day"><button class="quiet" onClick=${onEarlier}>更早的消息</button></li>`}
      ${chat.messages.map((message) => {
        const line = dayKey(message.at) === day ? null
          : html`<li class="day" key=${`day-${message.id}`}><span>${dayLine(message.at, now)}</span></li>`;
        day = dayKey(message.at);
        return [line, html`<${Bubble} key=${message.id} message=${message} />`];
      })}
      ${chat.pending.map((message) => html`<${Pending} key=${message.id} message=${message}
        onRetry=${() => onRetry(message)} onEdit=${() => onEdit(message)} />`)}
      ${typing && html`<li class="typing" key="typing">来访者正在输入<i></i><i></i><i></i></li>`}
    </ol>
    ${behind && html`<button class="to-end" onClick=${toEnd}>↓ 新消息</button>`}
  </div>`;
}

function Composer({ id, chat, canned, onDraft, onSend, onTyping }) {
  const field = useRef(null);
  const told = useRef(0);
  const menu = useRef(null);
  // On a phone the keyboard would cover the conversation.
  useEffect(() => { if (matchMedia("(pointer: fine)").matches) field.current.focus(); }, [id]);
  useLayoutEffect(() => {
    field.current.style.height = "auto";
    field.current.style.height = `${Math.min(field.current.scrollHeight + 2, 180)}px`;
  }, [chat.draft, id]);
  const write = (text) => {
    onDraft(text);
    if (text && Date.now() - told.current > TYPING_SENT_MS) { told.current = Date.now(); onTyping(); }
  };
  const send = () => { if (chat.draft.trim()) { told.current = 0; onSend(chat.draft); } };
  const insert = (text) => {
    write(chat.draft.trim() ? `${chat.draft.trimEnd()}\n${text}` : text);
    menu.current.open = false;
    field.current.focus();
  };
  const onKeyDown = (event) => {
    // Enter that ends an input method's choice must not send half a sentence.
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229 || event.shiftKey) return;
    event.preventDefault();
    send();
  };
  useEffect(() => {
    const onPress = (event) => {
      if (!menu.current.contains(event.target)) menu.current.open = false;
    };
    document.addEventListener("pointerdown", onPress);
    return () => document.removeEventListener("pointerdown", onPress);
  }, []);
  const onMenuKey = (event) => {
    if (event.key !== "Escape" || !menu.current.open) return;
    event.stopPropagation();
    menu.current.open = false;
    field.current.focus();
  };
  return html`<form class="composer" onSubmit=${(event) => { event.preventDefault(); send(); }}>
    <details class="canned" ref=${menu} onKeyDown=${onMenuKey}>
      <summary>常用语</summary>
      <ul>${canned.map((item) => html`<li key=${item.id}><button type="button" onClick=${() => insert(item.text)}>
        <b>${item.title}</b><span>${item.text}</span></button></li>`)}</ul>
    </details>
    <label class="unseen" for="say">给来访者的消息</label>
    <textarea id="say" ref=${field} rows="2" maxlength="2000" value=${chat.draft}
      placeholder="输入消息，回车发送，Shift+回车换行" onInput=${(event) => write(event.target.value)} onKeyDown=${onKeyDown}></textarea>
    <button class="primary" type="submit" disabled=${!chat.draft.trim()}>发送</button>
  </form>`;
}

function Ask({ question, detail, verb, onYes, onNo }) {
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
  return html`<dialog class="ask" ref=${dialog} onClose=${onNo} aria-labelledby="ask-title">
    <h2 id="ask-title">${question}</h2><p>${detail}</p>
    <div class="row"><button onClick=${onNo}>取消</button><button class="primary" onClick=${onYes}>${verb}</button></div>
  </dialog>`;
}

const ASKS = {
  giveBack: { question: "交还给机器人？", detail: "来访者会看到提示，之后由机器人继续回答。", verb: "交还" },
  close: { question: "结束这次咨询？", detail: "来访者会看到提示，并被邀请评价。", verb: "结束" },
};

export function Chat({ id, chat, now, canned, claiming, actions }) {
  const [asking, setAsking] = useState("");
  useEffect(() => setAsking(""), [id]);
  if (!id) {
    return html`<section class="column chat blank" aria-label="会话"><p class="empty">从左边选择一位来访者，<br />或按 <kbd>Alt</kbd>+<kbd>N</kbd> 接待等得最久的一位。</p></section>`;
  }
  if (!chat) return html`<section class="column chat blank" aria-label="会话"><p class="empty" role="status">正在打开……</p></section>`;
  const title = chat.summary?.topic ? `来访者 · ${chat.summary.topic}` : "来访者";
  return html`<section class="column chat" aria-label="会话">
    <header class="head">
      <div><h2>${title}</h2><p class="fine">${chat.ended ? "您已不在这个会话中" : chat.mine ? "接待中" : "排队中，接待后可以回复"}</p></div>
      ${chat.mine && html`<div class="row">
        <button class="quiet" disabled=${chat.revealed} title="显示身份证号、电话等，会留下记录" onClick=${actions.reveal}>${chat.revealed ? "号码已显示" : "显示号码"}</button>
        <button onClick=${() => setAsking("giveBack")}>交还机器人</button>
        <button class="danger" onClick=${() => setAsking("close")}>结束</button></div>`}
    </header>
    <${Messages} id=${id} chat=${chat} now=${now} onEarlier=${actions.earlier} onRetry=${actions.retry} onEdit=${actions.edit} />
    ${chat.mine && html`<${Composer} id=${id} chat=${chat} canned=${canned} onDraft=${actions.draft} onSend=${actions.send} onTyping=${actions.typing} />`}
    ${!chat.mine && !chat.ended && html`<div class="composer only"><button class="primary wide" disabled=${claiming === id} onClick=${actions.claim}>接待这位来访者</button></div>`}
    ${chat.ended && html`<div class="composer only"><p class="hint">会话已结束、已交还，或已由来访者关闭。</p></div>`}
    ${asking && html`<${Ask} ...${ASKS[asking]} onNo=${() => setAsking("")} onYes=${() => { setAsking(""); actions[asking](); }} />`}
  </section>`;
}
