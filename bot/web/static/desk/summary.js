// The right column: what is known already, so that nobody has to ask again.

import { html } from "../vendor/htm/preact-standalone.module.js";
import { hourOf, lasted, since } from "./time.js";

const DRAFTS = { none: "没有草稿", active: "正在填写", paused: "有未完成的草稿" };
const CHANNELS = { web: "网页", wechat: "微信公众号", console: "终端" };

function Row({ label, children }) {
  return html`<div><dt>${label}</dt><dd>${children}</dd></div>`;
}

export function Summary({ chat, now }) {
  if (!chat?.summary) {
    return html`<section class="column summary" aria-label="摘要"><h2>摘要</h2>
      <p class="empty">选择一个会话后，这里显示主题、转接原因、机器人答过什么、引用了哪些条文。</p></section>`;
  }
  const { summary } = chat;
  const waited = summary.claimed_at
    ? lasted(summary.waited_s ?? 0)
    : summary.queued_at && since(summary.queued_at, now);
  return html`<section class="column summary" aria-label="摘要">
    <h2>摘要</h2>
    <dl class="rows">
      <${Row} label="主题">${summary.topic || "未判定"}<//>
      <${Row} label="转接原因">${summary.reason || "—"}<//>
      ${summary.lane && html`<${Row} label="安全提示"><b class="chip bad">${summary.lane}</b><//>`}
      ${waited && html`<${Row} label="等待">${waited}<//>`}
      <${Row} label="来自">${CHANNELS[summary.channel] ?? summary.channel}，${hourOf(summary.opened_at)} 开始<//>
    </dl>
    ${summary.trigger && html`<h3>转接前说的话</h3><p class="words question">${summary.trigger}</p>`}
    ${summary.question && summary.question !== summary.trigger && html`<h3>想问的事</h3><p class="words question">${summary.question}</p>`}
    ${summary.facts.length > 0 && html`<h3>提到的事实</h3>
      <dl class="rows facts">${summary.facts.map((fact) => html`
        <${Row} key=${fact.kind} label=${fact.label}>${fact.values.map((value) => html`<span class="chip" key=${value}>${value}</span>`)}<//>`)}</dl>`}
    ${summary.answers.length > 0 && html`<h3>机器人怎么答的</h3>
      <ol class="answers">${summary.answers.map((answer) => html`
        <li key=${answer.id}><p>${answer.text}</p>
          ${answer.articles.length > 0 && html`<p class="fine">依据：${answer.articles.join("、")}</p>`}</li>`)}</ol>`}
    ${summary.articles.length > 0 && html`<h3>引用过的条文</h3>
      <ul class="cards">${summary.articles.map((cited) => html`
        <li key=${cited.key}><details><summary>${cited.title}</summary><p class="words">${cited.gist}</p></details></li>`)}</ul>`}
    <h3>法律援助</h3>
    <p>${DRAFTS[summary.aid.draft]}${summary.aid.applications.map(([number]) => html`<br /><a href=${`/desk/aid/${encodeURIComponent(number)}`}>申请 ${number}</a>`)}</p>
  </section>`;
}
