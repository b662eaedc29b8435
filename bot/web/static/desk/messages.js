// The messages of one conversation, with the notes of colleagues between them.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/htm/preact-standalone.module.js";
import { isVoice } from "./files.js";
import { Part } from "./parts.js";
import { dayKey, dayLine, hourOf } from "./time.js";

const NAMES = { visitor: "来访者", bot: "机器人" };
// Held: it goes by itself later. Lost: the lawyer has to do something.
const TONES = {
  quota: "held", passive_only: "held", noticed: "held",
  window: "lost", unfollowed: "lost", unauthorised: "lost", failed: "lost",
};
const TYPING_SHOWN_MS = 5000;
const NEAR_BOTTOM_PX = 120;

function delivered(message, chat) {
  const id = Number(message.id);
  if (id <= chat.seen) return "已读";
  return id <= chat.got ? "已送达" : "已保存";
}

// What became of a message in WeChat, unless the visitor's screen has it on our page.
function Standing({ message, chat }) {
  const { delivery, sender } = message;
  if (delivery && Number(message.id) > chat.got) return html`<p class=${`by state ${TONES[delivery.state] ?? ""}`}>${delivery.words}</p>`;
  return sender === "lawyer" ? html`<p class="by state">${delivered(message, chat)}</p>` : null;
}

function Bubble({ message, chat, onPicture }) {
  // What was spoken is heard before it is read.
  const heard = [...message.parts].sort((a, b) => isVoice(b) - isVoice(a));
  const parts = html`<div class="parts">${heard.map((part, i) => html`
    <${Part} key=${i} part=${part} mine=${chat.mine} onPicture=${onPicture} />`)}</div>`;
  if (message.sender === "system") return html`<li class="said system">${parts}<${Standing} message=${message} chat=${chat} /></li>`;
  return html`<li class=${`said ${message.sender}`}>
    <p class="by">${message.author || NAMES[message.sender]} <time datetime=${message.at}>${hourOf(message.at)}</time></p>
    ${parts}
    <${Standing} message=${message} chat=${chat} />
  </li>`;
}

function Noted({ note }) {
  return html`<li class="said noted">
    <p class="by">备注 · ${note.author} <time datetime=${note.at}>${hourOf(note.at)}</time></p>
    <div class="parts"><p class="words">${note.text}</p></div>
  </li>`;
}

function Pending({ message, onRetry, onEdit }) {
  return html`<li class=${`said lawyer pending ${message.error ? "failed" : ""}`}>
    <div class="parts"><p class="words">${message.text}</p></div>
    <p class="by">${message.error ? html`<span role="alert">未发送：${message.error}</span>
      <button class="quiet" onClick=${onRetry}>重试</button><button class="quiet" onClick=${onEdit}>修改</button>` : "正在发送……"}</p>
  </li>`;
}

// Notes stand where they were written; those older than what is loaded come with their messages.
function threaded(chat) {
  const since = chat.earlier && chat.messages.length ? chat.messages[0].at : "";
  const notes = chat.notes.filter((note) => new Date(note.at) >= new Date(since || 0));
  return [
    ...chat.messages.map((message) => ({ key: message.id, at: message.at, message })),
    ...notes.map((note) => ({ key: `note-${note.id}`, at: note.at, note })),
  ].sort((a, b) => new Date(a.at) - new Date(b.at));
}

export function Messages({ id, chat, now, onPicture, desk }) {
  const box = useRef(null);
  const [behind, setBehind] = useState(false);
  const lines = threaded(chat);
  const count = lines.length + chat.pending.length;
  const newest = lines.at(-1)?.key;
  const standing = lines.at(-1)?.message?.delivery?.state;
  const toEnd = () => { box.current.scrollTop = box.current.scrollHeight; setBehind(false); };
  const atEnd = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    return scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX;
  };
  const typing = now - chat.typingAt < TYPING_SHOWN_MS;
  const colleague = chat.colleague && now - chat.colleague.at < TYPING_SHOWN_MS ? chat.colleague.name || "同事" : "";
  const wasAtEnd = useRef(true);
  useLayoutEffect(toEnd, [id]);
  useLayoutEffect(() => { if (wasAtEnd.current) toEnd(); else if (!typing) setBehind(true); }, [newest, count, chat.pending, typing, colleague]);
  useLayoutEffect(() => { if (wasAtEnd.current) toEnd(); }, [standing]);
  // What stands between the messages and the composer takes its place from the last words.
  useEffect(() => {
    const room = new ResizeObserver(() => { if (wasAtEnd.current) toEnd(); });
    room.observe(box.current);
    return () => room.disconnect();
  }, []);
  let day = "";
  return html`<div class="scroller">
    <ol class="messages" ref=${box} tabindex="0" role="log" aria-live="polite" aria-label="会话消息"
      onScroll=${() => { wasAtEnd.current = atEnd(); if (wasAtEnd.current) setBehind(false); }}>
      ${chat.earlier && html`<li class="day"><button class="quiet" onClick=${desk.earlier}>更早的消息</button></li>`}
      ${lines.map((line) => {
        const today = dayKey(line.at);
        const mark = today === day ? null
          : html`<li class="day" key=${`day-${line.key}`}><span>${dayLine(line.at, now)}</span></li>`;
        day = today;
        return [mark, line.note
          ? html`<${Noted} key=${line.key} note=${line.note} />`
          : html`<${Bubble} key=${line.key} message=${line.message} chat=${chat} onPicture=${onPicture} />`];
      })}
      ${chat.pending.map((message) => html`<${Pending} key=${message.id} message=${message}
        onRetry=${() => desk.retry(message)} onEdit=${() => desk.edit(message)} />`)}
      ${typing && html`<li class="typing" key="typing">来访者正在输入<i></i><i></i><i></i></li>`}
      ${colleague && html`<li class="typing ours" key="colleague">${colleague}正在输入<i></i><i></i><i></i></li>`}
    </ol>
    ${behind && html`<button class="to-end" onClick=${toEnd}>↓ 新消息</button>`}
  </div>`;
}
