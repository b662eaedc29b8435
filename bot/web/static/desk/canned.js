// The texts a lawyer can insert: filled with what is known, found by typing.

import { html, useEffect, useRef, useState } from "../vendor/htm/preact-standalone.module.js";

const VARIABLE = /\{([^{}\s]{1,12})\}/g;
const OPEN = /[{【]([^{}【】\s]{1,12})[}】]/g;
// The variables of canned.yml.
const NAMES = new Set(["律师", "机构", "工单号", "日期"]);

// What is not known stays marked, and a message with a mark in it is not sent.
export const filled = (text, known) => text.replace(VARIABLE, (_, name) => known[name] || `【${name}】`);

export const blanks = (text) => [
  ...new Set([...text.matchAll(OPEN)].filter((m) => NAMES.has(m[1])).map((m) => m[0])),
];

export function Canned({ canned, known, isOpen, onOpen, onClose, onPick }) {
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  const box = useRef(null);
  const filter = useRef(null);
  const button = useRef(null);
  const shown = canned.filter((item) => `${item.title}${item.text}`.includes(words.trim()));
  useEffect(() => {
    if (!isOpen) return undefined;
    setWords("");
    setAt(0);
    filter.current.focus();
    const onPress = (event) => { if (!box.current.contains(event.target)) onClose(); };
    document.addEventListener("pointerdown", onPress);
    return () => document.removeEventListener("pointerdown", onPress);
  }, [isOpen]);
  useEffect(() => box.current.querySelector(".picked")?.scrollIntoView({ block: "nearest" }), [at]);
  const pick = (item) => { onClose(); onPick(item.text); };
  const onKey = (event) => {
    if (!isOpen || event.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      onClose();
      button.current.focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const by = event.key === "ArrowDown" ? 1 : -1;
      setAt((at + by + shown.length) % Math.max(1, shown.length));
    } else if (event.key === "Enter" && event.target === filter.current) {
      event.preventDefault();
      if (shown[at]) pick(shown[at]);
    }
  };
  return html`<div class="canned" ref=${box} onKeyDown=${onKey}>
    <button type="button" class="tool" ref=${button} aria-expanded=${isOpen ? "true" : "false"} aria-controls="canned-list"
      title="常用语（Alt+C）" onClick=${isOpen ? onClose : onOpen}>常用语</button>
    ${isOpen && html`<div class="menu-box" id="canned-list">
      <label class="unseen" for="canned-words">筛选常用语</label>
      <input id="canned-words" ref=${filter} value=${words} placeholder="输入几个字筛选，↑↓ 选择，回车插入" autocomplete="off"
        onInput=${(event) => { setWords(event.target.value); setAt(0); }} />
      ${shown.length === 0 && html`<p class="empty" role="status">没有含“${words.trim()}”的常用语。</p>`}
      <ul>${shown.map((item, i) => html`<li key=${item.id}><button type="button" class=${i === at ? "picked" : ""} onClick=${() => pick(item)}>
        <b>${item.title}</b><span>${filled(item.text, known)}</span></button></li>`)}</ul>
    </div>`}
  </div>`;
}
