// What can be suggested: what to ask, periods, evidence, the law and a draft. Nothing sends itself.

import { html, useState } from "../vendor/htm/preact-standalone.module.js";
import { Section } from "./section.js";
import { longDay } from "./time.js";

const KEYED = 5;

const cited = (title) => title.replace(/^(?!《)(.+?)(第.+条.*)$/, "《$1》$2");
const inserted = (statute) => {
  const words = statute.gist || statute.text;
  return words ? `${cited(statute.title)}：${words}` : cited(statute.title);
};

// Read in one place, whatever the server leaves out.
export function suggestionOf(chat) {
  const read = chat?.copilot.suggestion;
  if (!read) return null;
  return {
    question: read.question || chat.summary?.question || "",
    statutes: (read.statutes ?? []).map((one) => ({ ...one, ofTheDay: one.of_that_day ?? one.of_the_day })),
    cases: read.cases ?? [], draft: read.draft ?? "", factsOn: read.facts_on,
    missing: (read.missing ?? []).map((one) => (typeof one === "string" ? { label: one, ask: "" } : one)),
    evidence: (read.evidence ?? []).map((one) => (typeof one === "string" ? { kind: one, held: true } : one)),
    deadlines: (read.deadlines ?? []).map((one) => ({
      words: one.sentence ?? one.say, title: one.title ?? "", end: one.end ?? one.ends_on, left: one.days_left,
    })),
    sentences: [...(read.transitions ?? []), ...(read.notes ?? []), ...(read.sentence ? [read.sentence] : [])],
  };
}

export const statuteWords = (chat, number) => {
  const statute = suggestionOf(chat)?.statutes[number - 1];
  return statute ? inserted(statute) : "";
};

function Statute({ statute, number, desk }) {
  const keyed = number <= KEYED;
  return html`<li>
    <details><summary>${keyed && html`<kbd>${number}</kbd> `}${statute.title}
      ${statute.ofTheDay === true && html` <span class="chip here">事发时有效</span>`}${statute.now && html` <span class="chip bad">旧法</span>`}</summary>
      <p class="words">${statute.gist || statute.text}</p>
      ${statute.in_force_from && html`<p class="fine">${longDay(statute.in_force_from)}起施行${statute.in_force_until ? `，${longDay(statute.in_force_until)}前有效` : ""}</p>`}
    </details>
    <button class="quiet" title=${keyed ? `Alt+${number}` : ""} aria-label=${`插入 ${statute.title}`} onClick=${() => desk.insert(inserted(statute))}>插入</button>
  </li>`;
}

function Correction({ suggestion, form, desk }) {
  const [sending, setSending] = useState(false);
  const [told, setTold] = useState({ bad: false, sentence: "" });
  const { articles = "", none = false, question = suggestion.question } = form;
  const set = (values) => { setTold({ bad: false, sentence: "" }); desk.form("correction", values); };
  const submit = async (event) => {
    event.preventDefault();
    const chosen = none ? [] : articles.split("\n").map((line) => line.trim()).filter(Boolean);
    if (!none && chosen.length === 0) {
      setTold({ bad: true, sentence: "请写上正确的条文，或勾选“都不合适”。" });
      return;
    }
    setSending(true);
    try {
      await desk.correct({ question, offered: suggestion.statutes.map((one) => one.key), chosen });
      desk.form("correction", { articles: "", none: false });
      setTold({ bad: false, sentence: "已交主管审核，谢谢。" });
    } catch (error) {
      setTold({ bad: true, sentence: error.message });
    }
    setSending(false);
  };
  return html`<details class="fold correction"><summary>不对，改一下</summary>
    <form onSubmit=${submit} novalidate>
      ${told.sentence && html`<p class=${told.bad ? "alert" : "done"} role=${told.bad ? "alert" : "status"}>${told.sentence}</p>`}
      <label for="right-question">来访者问的是</label>
      <textarea id="right-question" rows="2" maxlength="500" value=${question} onInput=${(event) => set({ question: event.target.value })}></textarea>
      <label for="right-articles">正确的条文，一行一条</label>
      <textarea id="right-articles" rows="2" maxlength="1000" disabled=${none} value=${articles} placeholder="劳动合同法第八十二条"
        onInput=${(event) => set({ articles: event.target.value })}></textarea>
      <label class="choice"><input type="checkbox" checked=${none} onChange=${(event) => set({ none: event.target.checked })} /><span>都不合适，也说不出别的</span></label>
      <button type="submit" disabled=${sending}>交主管审核</button>
    </form></details>`;
}

function Held({ suggestion }) {
  return html`<ul class="chips">${suggestion.evidence.map((one) => html`
    <li key=${one.kind} class=${`chip ${one.held ? "here" : "pale"}`}>${one.kind}${one.held ? "" : "（说没有）"}</li>`)}</ul>`;
}

function Suggested({ suggestion, chat, desk }) {
  const { missing, deadlines, evidence, statutes, cases, draft, factsOn, sentences } = suggestion;
  return html`
    ${missing.length > 0 && html`<${Section} name="missing" title="还缺什么" count=${missing.length}>
      <ul class="asks">${missing.map((one) => html`<li key=${one.label}><span>${one.label}</span>
        ${one.ask && html`<button class="quiet" title=${one.ask} aria-label=${`插入问句：${one.ask}`} onClick=${() => desk.insert(one.ask)}>问</button>`}</li>`)}</ul><//>`}
    <${Section} name="statutes" title="依据" count=${statutes.length}>
      ${factsOn && html`<p class="fine">按事发时间“${factsOn.said ?? factsOn}”查</p>`}
      ${sentences.map((sentence) => html`<p class="remark" key=${sentence}>${sentence}</p>`)}
      ${statutes.length === 0 && sentences.length === 0 && html`<p class="fine">没有找到合适的条文。</p>`}
      <ol class="cards statutes">${statutes.map((statute, i) => html`<${Statute} key=${`${statute.key} ${statute.version}`} statute=${statute} number=${i + 1} desk=${desk} />`)}</ol>
      ${cases.length > 0 && html`<h4>案例</h4><ul class="cards">${cases.map((one) => html`
        <li key=${one.id}><details><summary>${one.title}</summary><p class="words">${one.point}</p><p class="fine">${one.source}</p></details></li>`)}</ul>`}
      <${Correction} suggestion=${suggestion} form=${chat.forms.correction ?? {}} desk=${desk} /><//>
    ${draft && html`<${Section} name="draft" title="草稿回复">
      <p class="is-draft">草稿，请核对。不会自己发出。</p>
      <p class="words draft-words">${draft}</p>
      <button title="Alt+D" onClick=${() => desk.insertDraft(draft)}>放进回复框 <kbd>Alt+D</kbd></button><//>`}
    ${deadlines.length > 0 && html`<${Section} name="deadlines" title="期限" count=${deadlines.length}>
      <ul class="deadlines">${deadlines.map((one) => html`<li key=${one.words}><p>${one.words}</p>
        ${one.end && html`<p class=${one.left !== undefined && one.left !== null && one.left <= 30 ? "soon" : "fine"}>最后一日 ${longDay(one.end)}${Number.isInteger(one.left) ? (one.left < 0 ? "，已过" : `，还有 ${one.left} 天`) : ""}</p>`}
        ${one.title && html`<p class="fine">${one.title}</p>`}</li>`)}</ul><//>`}
    ${evidence.length > 0 && html`<${Section} name="evidence" title="提到的证据" count=${evidence.length}><${Held} suggestion=${suggestion} /><//>`}`;
}

export function Copilot({ chat, desk, id }) {
  const { status, error } = chat.copilot;
  const suggestion = suggestionOf(chat);
  return html`
    ${status === "loading" && html`<p class="fine quiet-line" role="status">${suggestion ? "正在按新的话更新依据……" : "正在找依据和草稿……"}</p>`}
    ${status === "failed" && html`<p class="fine quiet-line">没有取到依据：${error} <button class="quiet" onClick=${() => desk.loadCopilot(id)}>再试一次</button></p>`}
    ${suggestion && html`<${Suggested} suggestion=${suggestion} chat=${chat} desk=${desk} />`}`;
}
