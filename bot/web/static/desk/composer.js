// Where a lawyer writes. A reply and a private note are two fields that never mix.

import { html, useEffect, useLayoutEffect, useRef } from "../vendor/htm/preact-standalone.module.js";
import { Canned } from "./canned.js";
import { ACCEPTED, kindOf, sizeOf } from "./files.js";

const TYPING_SENT_MS = 2500;
const TALLEST_PX = 180;

const FORMS = {
  reply: {
    field: "say", label: "给来访者的回复", verb: "发送", longest: 2000,
    hint: "回复来访者。回车发送，Shift+回车换行", short: "回复来访者",
  },
  note: {
    field: "note", label: "备注，来访者看不到", verb: "存备注", longest: 1000,
    hint: "写给同事的备注，来访者看不到。回车保存", short: "备注，来访者看不到",
  },
};

function Switch({ writing, onWrite }) {
  return html`<div class="switch" role="group" aria-label="写给谁（Alt+B 切换）">
    ${[["reply", "回复"], ["note", "备注"]].map(([key, label]) => html`
      <button key=${key} type="button" class=${key} aria-pressed=${writing === key ? "true" : "false"}
        onClick=${() => onWrite(key)}>${label}</button>`)}
  </div>`;
}

function Attached({ item, onRemove }) {
  return html`<li class=${item.error ? "bad-file" : ""}>
    <span class="file-words"><b>${item.file.name}</b>
      <span>${kindOf(item.file.name)}，${sizeOf(item.file.size) || "空文件"}${item.sending ? "，正在发送……" : ""}</span>
      ${item.error && html`<span class="wrong" role="alert">未发送：${item.error}</span>`}</span>
    <button type="button" class="quiet" disabled=${item.sending} aria-label=${`移除 ${item.file.name}`} onClick=${onRemove}>移除</button>
  </li>`;
}

export function Composer({ id, chat, canned, menuOpen, onMenu, desk }) {
  const told = useRef(0);
  const field = useRef(null);
  const picker = useRef(null);
  const isNote = chat.writing === "note";
  const form = FORMS[chat.writing];
  const text = isNote ? chat.noteDraft : chat.draft;
  // On a phone the keyboard would cover the conversation.
  useEffect(() => { if (matchMedia("(pointer: fine)").matches) field.current.focus(); }, [id]);
  useLayoutEffect(() => {
    field.current.style.height = "auto";
    field.current.style.height = `${Math.min(field.current.scrollHeight + 2, TALLEST_PX)}px`;
  }, [text, id, isNote]);
  const write = (words) => {
    if (isNote) desk.noteDraft(words);
    else {
      desk.draft(words);
      if (words && Date.now() - told.current > TYPING_SENT_MS) { told.current = Date.now(); desk.typing(); }
    }
  };
  const ready = isNote ? text.trim() : text.trim() || chat.attached.some((item) => !item.sending && !item.error);
  const submit = () => {
    if (!ready) return;
    told.current = 0;
    if (isNote) desk.saveNote();
    else desk.send();
  };
  const onKeyDown = (event) => {
    // Enter that ends an input method's choice must not send half a sentence.
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229 || event.shiftKey) return;
    event.preventDefault();
    submit();
  };
  const onPaste = (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    // What is copied from a text program brings its picture along; the words are meant.
    if (files.length === 0 || event.clipboardData.getData("text/plain")) return;
    event.preventDefault();
    desk.attach(files);
  };
  const hint = matchMedia("(max-width: 640px)").matches ? form.short : form.hint;
  return html`<form class=${`composer ${chat.writing}`} aria-label=${form.label}
    onSubmit=${(event) => { event.preventDefault(); submit(); }}>
    <div class="tools">
      <${Switch} writing=${chat.writing} onWrite=${(writing) => { desk.write(writing); requestAnimationFrame(() => document.getElementById(FORMS[writing].field)?.focus()); }} />
      <${Canned} canned=${canned} known=${desk.known()} isOpen=${menuOpen} onOpen=${() => onMenu(true)} onClose=${() => onMenu(false)} onPick=${desk.insertCanned} />
      ${!isNote && html`<button type="button" class="tool" onClick=${() => picker.current.click()}
        title="JPG、PNG、WebP 图片或 PDF，最大 10 MB；也可以粘贴或拖到这里">发文件</button>
        <input ref=${picker} class="unseen" type="file" multiple tabindex="-1" aria-label="选择文件" accept=${ACCEPTED}
          onChange=${(event) => { desk.attach([...event.target.files]); event.target.value = ""; }} />`}
      ${isNote && html`<p class="only-us">只有同事看得到</p>`}
    </div>
    ${chat.refusal && html`<p class="alert" role="alert">${chat.refusal}</p>`}
    ${!isNote && chat.fromCopilot && html`<p class="is-draft" role="status">草稿，请逐句核对后再发送。</p>`}
    ${!isNote && chat.attached.length > 0 && html`<ul class="attached" aria-label="要发送的文件">
      ${chat.attached.map((item) => html`<${Attached} key=${item.id} item=${item} onRemove=${() => desk.detach(item.id)} />`)}</ul>`}
    <div class="line">
      <label class="unseen" for=${form.field}>${form.label}</label>
      <textarea key=${form.field} id=${form.field} ref=${field} rows="2" maxlength=${form.longest} value=${text}
        placeholder=${hint} onInput=${(event) => write(event.target.value)} onKeyDown=${onKeyDown} onPaste=${onPaste}></textarea>
      <button class=${isNote ? "save-note" : "primary"} type="submit" disabled=${!ready}>${form.verb}</button>
    </div>
  </form>`;
}
