// The keys of the desk. None is heard while an input method composes or a dialog is open.

import { useEffect } from "../vendor/htm/preact-standalone.module.js";

export const KEYS = [
  ["Alt+N", "接待下一位（派给您的在前）"],
  ["Alt+↑  Alt+↓", "在我的会话之间切换"],
  ["Alt+B", "在“回复”和“备注”之间切换"],
  ["Alt+C", "打开常用语"],
  ["Alt+1 … Alt+5", "插入右栏第几条依据"],
  ["Alt+D", "把草稿放进回复框，不会直接发出"],
  ["Alt+T", "转交"],
  ["Alt+E", "结束"],
  ["Alt+H", "打开这张表"],
  ["回车", "发送回复或保存备注；Shift+回车换行"],
  ["Esc", "关闭弹出的框，或回到列表"],
];

const composes = (event) => event.isComposing || event.keyCode === 229;

export function useKeys(work) {
  useEffect(() => {
    const onKey = (event) => {
      if (composes(event) || document.querySelector("dialog[open]")) return;
      if (event.key === "Escape") {
        work.current.Escape();
        return;
      }
      // AltGr, as on some keyboards, types letters and is no command.
      if (!event.altKey || event.ctrlKey || event.metaKey || event.getModifierState("AltGraph")) return;
      const deed = work.current[event.code];
      if (!deed) return;
      event.preventDefault();
      if (!event.repeat) deed();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
