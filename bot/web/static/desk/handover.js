// Handing a conversation on, asking a colleague in, and ending it with its outcome.

import { html, useEffect, useState } from "../vendor/htm/preact-standalone.module.js";
import * as api from "./api.js";
import { Choice, FormDialog } from "./dialogs.js";

const MANY = 8;
const QUEUE = "queue";

function presence(one) {
  if (one.conflict) return "有利益冲突，不能接";
  if (!one.present) return "不在线";
  return one.away ? "暂离" : "在岗";
}

const rank = (one) => (one.conflict ? 3 : !one.present ? 2 : one.away ? 1 : 0);
const fill = (one) => one.load / Math.max(1, one.capacity);

function useColleagues(id, me, without = []) {
  const [found, setFound] = useState({ list: null, error: "" });
  useEffect(() => {
    api.colleagues(id).then(
      (all) => setFound({
        list: all.filter((one) => one.id !== me.id && !without.includes(one.id))
          .sort((a, b) => rank(a) - rank(b) || fill(a) - fill(b)),
        error: "",
      }),
      () => setFound({ list: [], error: "暂时取不到同事名单。" }),
    );
  }, [id]);
  return found;
}

function Colleagues({ found, chosen, onChoose, children }) {
  const [words, setWords] = useState("");
  const list = found.list ?? [];
  const shown = list.filter((one) => `${one.name}${one.office ?? ""}${(one.topics ?? []).join("")}`.includes(words.trim()));
  return html`
    ${list.length > MANY && html`<label for="who">找同事</label>
      <input id="who" value=${words} placeholder="姓名、单位或领域" onInput=${(event) => setWords(event.target.value)} />`}
    <fieldset class="choices tall"><legend>给谁（必选）</legend>
      ${children}
      ${found.list === null && html`<p class="hint" role="status">正在取同事名单……</p>`}
      ${found.error && html`<p class="hint">${found.error}</p>`}
      ${shown.map((one) => html`<${Choice} key=${one.id} name="colleague" value=${one.id} chosen=${chosen === one.id}
        disabled=${Boolean(one.conflict)} onChoose=${() => onChoose(one)}>
        <b>${one.name}</b> <span class=${`chip ${rank(one) === 0 ? "here" : rank(one) === 3 ? "bad" : "pale"}`}>${presence(one)}</span>
        <small>${[one.office, one.topics?.length ? one.topics.join("、") : "", `手头 ${one.load}/${one.capacity}`].filter(Boolean).join(" · ")}</small><//>`)}
    </fieldset>`;
}

export function Transfer({ id, form, desk, me, onClose }) {
  const found = useColleagues(id, me);
  const { to = null, name = "", note = "" } = form;
  return html`<${FormDialog} title="转交" verb="转交" kind="roomy" onClose=${onClose}
    detail="来访者会看到正在转给同事的提示。说明只有同事看得到。"
    problem=${() => (to === null ? "请选择转给谁。" : !note.trim() ? "请写给同事的说明：已经做了什么，还要做什么。" : "")}
    onSubmit=${() => desk.transfer(to === QUEUE ? null : to, name, note.trim())}>
    <${Colleagues} found=${found} chosen=${to} onChoose=${(one) => desk.form("transfer", { to: one.id, name: one.name })}>
      <${Choice} name="colleague" value=${QUEUE} chosen=${to === QUEUE} onChoose=${() => desk.form("transfer", { to: QUEUE, name: "" })}>
        <b>转回队列</b> <small>由有空的同事接</small><//>
    <//>
    <label for="transfer-note">给同事的说明（必填）</label>
    <textarea id="transfer-note" rows="3" maxlength="1000" value=${note} onInput=${(event) => desk.form("transfer", { note: event.target.value })}></textarea>
  <//>`;
}

export function Invite({ id, chat, form, desk, me, onClose }) {
  const found = useColleagues(id, me, chat.guests.map((guest) => guest.id));
  const { to = null, name = "" } = form;
  return html`<${FormDialog} title="邀请同事" verb="邀请" kind="roomy" onClose=${onClose}
    detail="同事能看到整个会话，也能回复。来访者会看到同事加入的提示。会话仍由您负责。"
    problem=${() => (to === null ? "请选择邀请谁。" : "")}
    onSubmit=${async () => { await desk.invite(to, name); desk.form("invite", { to: null, name: "" }); }}>
    <${Colleagues} found=${found} chosen=${to} onChoose=${(one) => desk.form("invite", { to: one.id, name: one.name })} />
  <//>`;
}

export function Close({ form, desk, onClose }) {
  const [found, setFound] = useState({ list: null, error: "" });
  const { outcome = "", advice = "" } = form;
  const ask = () => api.outcomes().then(
    (list) => setFound({ list, error: "" }), (error) => setFound({ list: [], error: error.message }),
  );
  useEffect(() => { ask(); }, []);
  return html`<${FormDialog} title="结束这次咨询" verb="结束" kind="roomy" isGrave=${true} onClose=${onClose}
    detail="来访者会看到提示，并被邀请评价。" problem=${() => (outcome ? "" : "请选择处理结果。")}
    onSubmit=${() => desk.close(outcome, advice.trim())}>
    <fieldset class="choices two"><legend>处理结果（必选）</legend>
      ${found.list === null && html`<p class="hint" role="status">正在取处理结果……</p>`}
      ${found.error && html`<p class="hint">取不到处理结果的选项。<button type="button" class="quiet" onClick=${ask}>再试一次</button></p>`}
      ${(found.list ?? []).map(({ value, code = value, label }) => html`<${Choice} key=${code} name="outcome" value=${code} chosen=${outcome === code}
        onChoose=${() => desk.form("close", { outcome: code })}>${label}<//>`)}</fieldset>
    <label for="close-advice">您给的意见（建议填写，记入工单）</label>
    <textarea id="close-advice" rows="4" maxlength="1000" value=${advice} placeholder="一两句话：告诉了来访者什么，下一步怎么做"
      onInput=${(event) => desk.form("close", { advice: event.target.value })}></textarea>
  <//>`;
}

// Whoever acts for the other side must neither be offered the conversation nor take it.
export function Opponents({ form, desk, onClose }) {
  const { names = "" } = form;
  const lines = () => names.split("\n").map((line) => line.trim()).filter(Boolean);
  return html`<${FormDialog} title="登记对方当事人" verb="登记" onClose=${onClose}
    detail="写对方的姓名或单位名称，一行一个。只保存加密的指纹，用来避免派给代理对方的律师。"
    problem=${() => (lines().length ? "" : "请写上对方的姓名或单位名称。")}
    onSubmit=${async () => { await desk.oppose(lines()); desk.form("opponents", { names: "" }); }}>
    <label for="opponents">对方当事人</label>
    <textarea id="opponents" rows="3" maxlength="600" value=${names} onInput=${(event) => desk.form("opponents", { names: event.target.value })}></textarea>
  <//>`;
}
