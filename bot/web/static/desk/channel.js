// Whether words still reach a visitor who writes from WeChat: told before anything is written.

import { html, useEffect } from "../vendor/htm/preact-standalone.module.js";
import { lasted } from "./time.js";

export function ChannelLine({ id, chat, now, ahead, desk }) {
  const { channel, matter } = chat;
  const mayPush = channel?.can_push && channel.following && channel.left > 0 && Boolean(channel.window_until);
  const left = mayPush ? new Date(channel.window_until) - (now - ahead) : 0;
  // What the server said holds until the window ends; then it is asked anew.
  const isOver = Boolean(mayPush) && left <= 0;
  useEffect(() => { if (isOver) desk.refresh(id); }, [id, isOver]);
  if (!channel) return null;
  const level = isOver ? "bad" : channel.level;
  return html`<div class=${`reach ${level}`}>
    <p role="status">${isOver ? "微信：窗口刚刚到时间，正在核对还能不能发。" : channel.sentence}</p>
    ${left > 0 && html`<p class="left" aria-hidden="true">窗口还剩 ${lasted(left / 1000)}</p>`}
    ${level === "bad" && matter?.number && html`<a class="button" href=${`/desk/matters/${matter.number}`} target="_blank" rel="noopener">到工单查回电号码</a>`}
  </div>`;
}
