// What a lawyer writes: replies, private notes, files, and what is inserted into them.

import * as api from "./api.js";
import { blanks, filled } from "./canned.js";
import { refusalOf } from "./files.js";
import { longDay } from "./time.js";

const fresh = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;

export function createWriting({ tell, get, live, me, say, refresh, answered }) {
  const here = () => ({ id: get().current, chat: get().chats[get().current] });
  const known = () => {
    const matter = here().chat?.matter;
    return { 律师: me.title, 机构: me.office, 日期: longDay(Date.now()), 工单号: matter?.spoken || matter?.number };
  };
  const refuse = (id, sentence) => tell({ type: "refused", id, sentence });

  async function deliver(id, message) {
    tell({ type: "sending", id, message: { ...message, error: "" } });
    try {
      const stored = await api.say(id, message.id, message.text);
      tell({ type: "messages", id, messages: [stored] });
      answered(id);
    } catch (error) {
      tell({ type: "failed", id, messageId: message.id, error: error.message });
    }
  }

  async function deliverFile(id, item) {
    tell({ type: "attachment", id, fileId: item.id, change: { sending: true, error: "" } });
    try {
      const stored = await api.sendFile(id, item.id, item.file);
      tell({ type: "messages", id, messages: [stored] });
      tell({ type: "detached", id, fileId: item.id });
      answered(id);
    } catch (error) {
      tell({ type: "attachment", id, fileId: item.id, change: { sending: false, error: error.message } });
    }
  }

  async function send() {
    const { id, chat } = here();
    const text = chat.draft.trim();
    const open = blanks(text);
    if (open.length) {
      refuse(id, `还有没填上的地方：${open.join("、")}，请换成实际内容再发送。`);
      return;
    }
    if (text) deliver(id, { id: fresh(), text });
    for (const item of chat.attached.filter((file) => !file.sending)) await deliverFile(id, item);
  }

  async function saveNote() {
    const { id, chat } = here();
    if (!chat.noteDraft.trim()) return;
    try {
      tell({ type: "noted", id, note: await api.note(id, chat.noteDraft) });
      refresh(id);
    } catch (error) {
      refuse(id, `备注没有存上：${error.message}`);
    }
  }

  function attach(files) {
    const { id, chat } = here();
    if (!chat?.mine || files.length === 0) return;
    if (chat.writing === "note") {
      refuse(id, "备注里不能放文件。要发给来访者，请先切到“回复”。");
      return;
    }
    tell({
      type: "attached", id,
      attached: files.map((file) => ({ id: fresh(), file, error: refusalOf(file), sending: false })),
    });
  }

  function insert(text, fromCopilot) {
    const { id, chat } = here();
    if (!chat?.mine) return;
    const isNote = chat.writing === "note";
    const old = isNote ? chat.noteDraft : chat.draft;
    const whole = old.trim() ? `${old.trimEnd()}\n${text}` : text;
    if (isNote) tell({ type: "noteDraft", id, text: whole });
    else tell({ type: "draft", id, text: whole, fromCopilot });
    tell({ type: "tab", tab: "chat" });
    requestAnimationFrame(() => {
      const field = document.getElementById(isNote ? "note" : "say");
      field?.focus();
      // The first gap is selected, so that typing fills it.
      const gap = blanks(whole)[0];
      const start = gap ? whole.indexOf(gap) : whole.length;
      field?.setSelectionRange(start, gap ? start + gap.length : start);
    });
  }

  return {
    send, saveNote, attach,
    retry: (message) => deliver(here().id, message),
    edit: (message) => {
      const { id, chat } = here();
      tell({ type: "withdrawn", id, messageId: message.id });
      tell({ type: "writing", id, writing: "reply" });
      tell({ type: "draft", id, text: chat.draft.trim() ? `${message.text}\n${chat.draft}` : message.text });
      requestAnimationFrame(() => document.getElementById("say")?.focus());
    },
    detach: (fileId) => tell({ type: "detached", id: here().id, fileId }),
    draft: (text) => tell({ type: "draft", id: here().id, text }),
    noteDraft: (text) => tell({ type: "noteDraft", id: here().id, text }),
    write: (writing) => tell({ type: "writing", id: here().id, writing }),
    typing: () => live().typing(here().id),
    insert: (text) => insert(text),
    known,
    insertCanned: (text) => insert(filled(text, known())),
    insertDraft: (text) => {
      if (here().chat.writing === "note") say("现在写的是备注。请先切到“回复”再插入草稿。");
      else insert(text, true);
    },
  };
}
