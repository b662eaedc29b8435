// Questions asked above the page. What was filled in stays until the server has taken it.

import { html, useEffect, useRef, useState } from "../vendor/htm/preact-standalone.module.js";
import { own } from "./parts.js";
import { KEYS } from "./keys.js";

export function Dialog({ title, kind = "", onClose, children }) {
  const box = useRef(null);
  const gone = useRef(false);
  useEffect(() => {
    const before = document.activeElement;
    const dialog = box.current;
    dialog.showModal();
    return () => {
      gone.current = true;
      dialog.close();
      // What opened the dialog may be folded away by now, or gone with its conversation.
      const back = before?.isConnected && before.offsetParent ? before : document.querySelector(".acts .more");
      if (back?.offsetParent) back.focus();
    };
  }, []);
  return html`<dialog class=${`ask ${kind}`} ref=${box} aria-labelledby="ask-title"
    onClose=${() => { if (!gone.current) onClose(); }}>
    <h2 id="ask-title">${title}</h2>${children}</dialog>`;
}

export function FormDialog({ title, detail, verb, kind, isGrave, problem, onSubmit, onClose, children }) {
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const sentence = problem?.() ?? "";
    setError(sentence);
    if (sentence) return;
    setBusy(true);
    try {
      await onSubmit();
      onClose();
    } catch (failure) {
      setError(failure.message);
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${title} kind=${kind} onClose=${onClose}>
    <form onSubmit=${submit} novalidate>
      ${detail && html`<p class="hint">${detail}</p>`}
      ${error && html`<p class="alert" role="alert">${error}</p>`}
      ${children}
      <div class="row"><button type="button" onClick=${onClose}>取消</button>
        <button type="submit" class=${isGrave ? "primary grave" : "primary"} disabled=${busy}>${busy ? "请稍候……" : verb}</button></div>
    </form><//>`;
}

export function Choice({ name, value, chosen, disabled, onChoose, children }) {
  return html`<label class=${`choice ${disabled ? "off" : ""}`}>
    <input type="radio" name=${name} value=${value} checked=${chosen} disabled=${disabled} onChange=${onChoose} />
    <span>${children}</span></label>`;
}

const REASONS = ["核对身份", "回电联系", "制作文书"];
const OTHER = "其他";

export function Reveal({ form, desk, onClose }) {
  const { reason = "", words = "" } = form;
  return html`<${FormDialog} title="显示号码" verb="显示" onClose=${onClose}
    detail="显示身份证号、电话等完整号码。谁、何时、为什么看过，会记入审计。"
    problem=${() => (!reason ? "请选择查看理由。" : reason === OTHER && !words.trim() ? "请写明查看理由。" : "")}
    onSubmit=${async () => {
      await desk.reveal(reason === OTHER ? words.trim() : reason);
      desk.form("reveal", { reason: "", words: "" });
    }}>
    <fieldset class="choices"><legend>查看理由（必选）</legend>
      ${[...REASONS, OTHER].map((value) => html`<${Choice} key=${value} name="reason" value=${value} chosen=${reason === value}
        onChoose=${() => desk.form("reveal", { reason: value })}>${value}<//>`)}</fieldset>
    ${reason === OTHER && html`<label for="reveal-words">写明理由</label>
      <input id="reveal-words" maxlength="100" value=${words} onInput=${(event) => desk.form("reveal", { words: event.target.value })} />`}
  <//>`;
}

export function GiveBack({ form, desk, onClose }) {
  const { advice = "" } = form;
  return html`<${FormDialog} title="交还给机器人？" verb="交还" onClose=${onClose}
    detail="来访者会看到提示，之后由机器人继续回答。工单仍然开着。" onSubmit=${() => desk.giveBack(advice)}>
    <label for="back-advice">您给的意见（可不填，记入工单）</label>
    <textarea id="back-advice" rows="3" maxlength="1000" value=${advice} onInput=${(event) => desk.form("giveBack", { advice: event.target.value })}></textarea>
  <//>`;
}

export function Picture({ picture, onClose }) {
  return html`<${Dialog} title=${picture.name} kind="picture" onClose=${onClose}>
    <img src=${own(picture.url)} alt=${`来自会话的图片：${picture.name}`} />
    <div class="row"><a class="button" href=${own(picture.url)} download>下载</a><button onClick=${onClose}>关闭</button></div><//>`;
}

export function Help({ onClose }) {
  return html`<${Dialog} title="快捷键" onClose=${onClose}>
    <table class="key-list"><tbody>${KEYS.map(([keys, what]) => html`<tr key=${keys}><th scope="row"><kbd>${keys}</kbd></th><td>${what}</td></tr>`)}</tbody></table>
    <div class="row"><button class="primary" onClick=${onClose}>关闭</button></div><//>`;
}
