// The middle column: who is in the conversation, what can be done with it, what is said.

import { html, useEffect, useRef, useState } from "../vendor/htm/preact-standalone.module.js";
import { ChannelLine } from "./channel.js";
import { Composer } from "./composer.js";
import { Messages } from "./messages.js";
import { ANSWER } from "./notices.js";
import { lastId, leftToAnswer } from "./state.js";
import { countdown } from "./time.js";

export const LOOKING_SHOWN_MS = 25000;

const STANDING = {
  queued: "排队中，接待后可以回复", human: "由同事接待中，只能查看", returned: "已交还机器人，只能查看",
  bot: "机器人接待中，只能查看", closed: "已结束，只能查看",
};

const hasFiles = (event) => [...event.dataTransfer.types].includes("Files");

function Guests({ chat, me, onLeave }) {
  if (chat.guests.length === 0) return null;
  return html`<ul class="guests" aria-label="一起接待的同事">${chat.guests.map((guest) => html`
    <li key=${guest.id}>同事：${guest.name}
      ${chat.mine && (chat.owner || guest.id === me.id) && html`
        <button class="quiet" onClick=${() => onLeave(guest.id)}
          aria-label=${guest.id === me.id ? "离开这个会话" : `请${guest.name}离开`}>${guest.id === me.id ? "离开" : "请离开"}</button>`}</li>`)}</ul>`;
}

// One set of buttons: in a row where there is room, folded behind 更多 where there is not.
function Actions({ chat, desk }) {
  const [isOpen, setOpen] = useState(false);
  const box = useRef(null);
  useEffect(() => {
    if (!isOpen) return undefined;
    const onPress = (event) => { if (!box.current.contains(event.target)) setOpen(false); };
    document.addEventListener("pointerdown", onPress);
    return () => document.removeEventListener("pointerdown", onPress);
  }, [isOpen]);
  const shown = chat.revealedTo > 0 && chat.revealedTo >= lastId(chat);
  const ask = (kind) => () => { setOpen(false); desk.dialog({ kind }); };
  const onKey = (event) => {
    if (event.key !== "Escape" || !isOpen) return;
    event.stopPropagation();
    setOpen(false);
    box.current.querySelector(".more").focus();
  };
  return html`<div class=${`acts ${isOpen ? "open" : ""}`} ref=${box} onKeyDown=${onKey}>
    <button class="more" aria-expanded=${isOpen ? "true" : "false"} aria-controls="acts" onClick=${() => setOpen(!isOpen)}>更多</button>
    <div class="acts-list" id="acts">
      <button disabled=${shown} title="显示身份证号、电话等，要写理由，会留下记录" onClick=${ask("reveal")}>${shown ? "号码已显示" : "显示号码"}</button>
      ${chat.owner && html`
        <button onClick=${ask("invite")}>邀请同事</button>
        <button title="Alt+T" onClick=${ask("transfer")}>转交</button>
        <button onClick=${ask("giveBack")}>交还机器人</button>
        <button class="danger" title="Alt+E" onClick=${ask("close")}>结束</button>`}
    </div>
  </div>`;
}

export function Chat({ state, now, canned, me, menuOpen, onMenu, desk }) {
  const id = state.current;
  const chat = state.chats[id];
  const [over, setOver] = useState(false);
  if (!id) {
    return html`<section class="column chat blank" aria-label="会话"><p class="empty">从列表里选择一位来访者，<br />或按 <kbd>Alt</kbd>+<kbd>N</kbd> 接待下一位。</p></section>`;
  }
  if (!chat) return html`<section class="column chat blank" aria-label="会话"><p class="empty" role="status">正在打开……</p></section>`;
  const title = chat.summary?.topic ? `来访者 · ${chat.summary.topic}` : "来访者";
  const standing = chat.ended ? (chat.left ? "您已不在这个会话中" : "不再排队") : chat.mine ? (chat.owner ? "接待中" : "应邀一起接待") : STANDING[chat.mode] ?? "只能查看";
  const looker = state.looking[id];
  const left = leftToAnswer(state, state.mine.find((entry) => entry.id === id), now);
  const isWaiting = !chat.mine && !chat.ended && chat.mode === "queued";
  const drop = chat.mine ? {
    onDragOver: (event) => { if (hasFiles(event)) { event.preventDefault(); setOver(true); } },
    onDragLeave: (event) => { if (!event.currentTarget.contains(event.relatedTarget)) setOver(false); },
    onDrop: (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(false);
      desk.attach([...event.dataTransfer.files]);
    },
  } : {};
  return html`<section class=${`column chat ${over ? "over" : ""}`} aria-label="会话" ...${drop}>
    <header class="head">
      <div><h2>${title}</h2><p class="fine">${standing}${isWaiting && looker && now - looker.at < LOOKING_SHOWN_MS ? `。${looker.name}也在看` : ""}</p></div>
      ${chat.mine && html`<${Actions} key=${id} chat=${chat} desk=${desk} />`}
      <${Guests} chat=${chat} me=${me} onLeave=${desk.uninvite} />
    </header>
    <${Messages} id=${id} chat=${chat} now=${now} desk=${desk} onPicture=${(picture) => desk.dialog({ kind: "picture", picture })} />
    ${chat.mine && left !== null && html`<p class="answer-by"><span role="alert">${ANSWER}</span> <b aria-hidden="true">${countdown(left)}</b></p>`}
    ${chat.mine && html`<${ChannelLine} id=${id} chat=${chat} now=${now} ahead=${state.ahead} desk=${desk} />`}
    ${chat.mine && html`<${Composer} id=${id} chat=${chat} canned=${canned} menuOpen=${menuOpen} onMenu=${onMenu} desk=${desk} />`}
    ${isWaiting && html`<div class="composer only"><button class="primary wide" onClick=${() => desk.claim(id)}>接待这位来访者</button></div>`}
    ${chat.ended && html`<div class="composer only"><p class="hint">${chat.left ? "会话已结束、已转走或已交还，不能再发送。" : "这位来访者已由同事接待，或已离开队列。"}</p></div>`}
    ${over && html`<p class="drop-here" aria-hidden="true">松开就放进要发送的文件里</p>`}
  </section>`;
}
