// What calls a lawyer back to the desk: a sound, a number in the title, a notice of the system.
// A notice lies on a screen that others see: it names a topic at most, never a person's words.

import { useEffect, useRef } from "../vendor/htm/preact-standalone.module.js";
import * as sounds from "./sound.js";
import { isUnread, leftToAnswer } from "./state.js";

const KEY = "lawbridge-desk-notices";
const NAME = document.title;

export const ANSWER = "请在 1 分钟内回复，否则将转给其他律师";

export const isOn = () => (
  "Notification" in window && Notification.permission === "granted" && localStorage.getItem(KEY) === "on"
);

// Resolves to a sentence when the browser does not allow it.
export async function turn(on) {
  if (!on) {
    localStorage.setItem(KEY, "off");
    return "";
  }
  if (!("Notification" in window)) return "这个浏览器不支持桌面提醒。";
  if ((await Notification.requestPermission()) !== "granted") return "浏览器没有允许桌面提醒，可以在地址栏左侧的网站设置里打开。";
  localStorage.setItem(KEY, "on");
  return "";
}

function show(words, tag) {
  if (!isOn() || document.hasFocus()) return;
  try {
    const notice = new Notification("法桥律师工作台", { body: words, tag, icon: "/static/desk/icon.svg" });
    notice.onclick = () => { window.focus(); notice.close(); };
  } catch {
    // Some phones allow notices only from a service worker; the sound and the title remain.
  }
}

// Once for each question that is left waiting.
const mark = (entry) => `${entry.id} ${entry.answer_by}`;
const named = (words, entry) => (entry.topic ? `${words}：${entry.topic}` : words);

export function useNotices(state, now) {
  const known = useRef(null);
  useEffect(() => {
    if (!state.loaded) return;
    const marks = new Map(state.queue.map((entry) => [entry.id, entry.offered]));
    if (known.current) {
      const offered = state.queue.find((entry) => entry.offered && !known.current.get(entry.id));
      const arrived = state.queue.find((entry) => !known.current.has(entry.id));
      if (offered) { sounds.ring(2); show(named("派给您", offered), "offered"); }
      else if (arrived) { sounds.ring(); show(named("有来访者排队", arrived), "queue"); }
    }
    known.current = marks;
  }, [state.queue]);

  const newest = useRef(null);
  useEffect(() => {
    if (!state.loaded) return;
    const ids = new Map(state.mine.map((entry) => [entry.id, entry.newest_id]));
    const spoke = newest.current && state.mine.find((entry) => entry.newest_id > (newest.current.get(entry.id) ?? Infinity));
    if (spoke) show(named("接待中的来访者有新消息", spoke), "message");
    newest.current = ids;
  }, [state.mine]);

  const warned = useRef(new Set());
  const late = state.mine.find((entry) => (
    !warned.current.has(mark(entry)) && leftToAnswer(state, entry, now) !== null
  ));
  useEffect(() => {
    if (!late) return;
    warned.current.add(mark(late));
    sounds.ring();
    show(named(ANSWER, late), "answer");
  }, [late && mark(late)]);

  const unread = state.mine.filter((entry) => entry.id !== state.current && isUnread(state, entry)).length;
  const count = state.queue.length + unread;
  useEffect(() => { document.title = count ? `(${count}) ${NAME}` : NAME; }, [count]);
  return unread;
}
