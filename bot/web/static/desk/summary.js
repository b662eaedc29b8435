// The right column: what is known already, so that nobody has to ask again.

import { html } from "../vendor/htm/preact-standalone.module.js";
import { Copilot } from "./copilot.js";
import { Section } from "./section.js";
import { dayAndHour, hourOf, lasted, since } from "./time.js";

const DRAFTS = { none: "没有草稿", active: "正在填写", paused: "有未完成的草稿" };
const CHANNELS = { web: "网页", wechat: "微信公众号", console: "终端", hotline: "热线" };
const STATES = { waiting: "等待接待", dispatched: "已派单", in_progress: "办理中", returned: "已交还机器人", closed: "已办结" };

function Row({ label, children }) {
  return html`<div><dt>${label}</dt><dd>${children}</dd></div>`;
}

async function copy(words, desk) {
  try {
    await navigator.clipboard.writeText(words);
    desk.say("工单号已复制。");
  } catch {
    desk.say(`浏览器不让复制，请手抄：${words}`);
  }
}

function Matter({ matter, desk }) {
  const number = matter.spoken || matter.number;
  return html`<div class="matter"><p class="fine">工单号</p>
    <p class="number"><b>${number}</b> <button class="quiet" onClick=${() => copy(matter.number, desk)} aria-label=${`复制工单号 ${number}`}>复制</button></p>
    <p>${matter.state_label ?? STATES[matter.state] ?? matter.state}${matter.due_at && html`<span class=${matter.overdue ? "soon" : "fine"}>
      ，${matter.overdue ? "已超时，" : ""}限 ${dayAndHour(matter.due_at)} 前</span>`}</p>
    ${matter.moves?.length > 0 && html`<details class="fold"><summary>办理经过</summary><ol class="moves">${matter.moves.map((move, i) => html`
      <li key=${i}><time datetime=${move.at}>${dayAndHour(move.at)}</time> ${move.label ?? move.action}${move.actor && `，${move.actor}`}${move.note && `：${move.note}`}</li>`)}</ol></details>`}
  </div>`;
}

function Known({ summary, now, mine, desk }) {
  const waited = summary.claimed_at
    ? lasted(summary.waited_s ?? 0)
    : summary.queued_at && since(summary.queued_at, now);
  return html`<${Section} name="known" title="来访情况">
    <dl class="rows">
      <${Row} label="主题">${summary.topic || "未判定"}<//>
      <${Row} label="转接原因">${summary.reason || "—"}<//>
      ${summary.lane && html`<${Row} label="安全提示"><b class="chip bad">${summary.lane}</b><//>`}
      ${waited && html`<${Row} label="等待">${waited}<//>`}
      <${Row} label="来自">${CHANNELS[summary.channel] ?? summary.channel}，${hourOf(summary.opened_at)} 开始<//>
    </dl>
    ${summary.trigger && html`<h4>转接前说的话</h4><p class="words question">${summary.trigger}</p>`}
    ${summary.question && summary.question !== summary.trigger && html`<h4>想问的事</h4><p class="words question">${summary.question}</p>`}
    ${summary.facts.length > 0 && html`<h4>提到的事实</h4>
      <dl class="rows facts">${summary.facts.map((fact) => html`
        <${Row} key=${fact.kind} label=${fact.label}>${fact.values.map((value) => html`<span class="chip" key=${value}>${value}</span>`)}<//>`)}</dl>`}
    ${mine && html`<button class="quiet inline" onClick=${() => desk.dialog({ kind: "opponents" })}>登记对方当事人，避免利益冲突</button>`}<//>`;
}

function Told({ summary }) {
  return html`<${Section} name="told" title="机器人答过什么">
    ${summary.answers.length === 0 && html`<p class="fine">还没有回答过。</p>`}
    <ol class="answers">${summary.answers.map((answer) => html`
      <li key=${answer.id}><p>${answer.text}</p>
        ${answer.articles.length > 0 && html`<p class="fine">依据：${answer.articles.join("、")}</p>`}</li>`)}</ol>
    ${summary.articles.length > 0 && html`<h4>引用过的条文</h4>
      <ul class="cards">${summary.articles.map((cited) => html`
        <li key=${cited.key}><details><summary>${cited.title}</summary><p class="words">${cited.gist}</p></details></li>`)}</ul>`}
    <h4>法律援助</h4>
    <p>${DRAFTS[summary.aid.draft]}${summary.aid.applications.map(([number]) => html`<br /><a href=${`/desk/aid/${encodeURIComponent(number)}`}>申请 ${number}</a>`)}</p><//>`;
}

export function Summary({ id, chat, now, desk }) {
  if (!chat?.summary) {
    return html`<section class="column summary" aria-label="摘要"><h2>摘要</h2>
      <p class="empty">选择一个会话后，这里显示主题、转接原因、机器人答过什么、引用了哪些条文。</p></section>`;
  }
  return html`<section class="column summary" aria-label="摘要">
    <h2>摘要</h2>
    ${chat.matter?.number && html`<${Matter} matter=${chat.matter} desk=${desk} />`}
    <${Known} summary=${chat.summary} now=${now} mine=${chat.mine} desk=${desk} />
    ${chat.mine && html`<${Copilot} id=${id} chat=${chat} desk=${desk} />`}
    <${Told} summary=${chat.summary} />
  </section>`;
}
