// What the desk can do: open, claim, hand on, end. Moves throw; whoever asked shows the sentence.

import * as api from "./api.js";
import { inOrder, lastId, leftToAnswer, shownQueue } from "./state.js";
import { createWriting } from "./writing.js";

const REFRESH_MS = 400;
const COPILOT_MS = 10000;
const NOT_THERE = new Set([403, 404]);
const NO_INTERFACE = 404;

export function createDesk({ tell, get, live, me }) {
  const say = (text) => tell({ type: "toast", text });
  const complain = (error) => say(error.message);
  const timers = {};
  let searches = 0;
  const later = (name, pause, work) => {
    clearTimeout(timers[name]);
    timers[name] = setTimeout(work, pause);
  };

  const reloadQueue = async () => tell(shownQueue(await api.queue(), Date.now()));

  // The warning goes with the answer, not with the next look at the queue.
  function answered(id) {
    const entry = get().mine.find((one) => one.id === id);
    if (leftToAnswer(get(), entry, Date.now()) !== null) reloadQueue().catch(() => {});
  }

  async function loadMatter(id) {
    try {
      tell({ type: "matter", id, matter: await api.matter(id) });
    } catch {
      // A conversation without a matter, or an office without matters: the column says nothing.
    }
  }

  async function loadCopilot(id) {
    const chat = get().chats[id];
    if (!chat?.mine || chat.copilot.status === "loading") return;
    tell({ type: "copilot", id, copilot: { status: "loading", at: Date.now() } });
    try {
      tell({ type: "copilot", id, copilot: { status: "ready", suggestion: await api.copilot(id), error: "" } });
    } catch (error) {
      const status = error.status === NO_INTERFACE ? "none" : "failed";
      tell({ type: "copilot", id, copilot: { status, error: error.message } });
    }
  }

  // New words of the visitor change what fits, but a search for every line would be too much.
  function renewCopilot(id) {
    const since = Date.now() - (get().chats[id]?.copilot.at ?? 0);
    later(`copilot ${id}`, Math.max(REFRESH_MS, COPILOT_MS - since), () => {
      if (get().current === id) loadCopilot(id);
    });
  }

  async function load(id) {
    const view = await api.open(id);
    tell({ type: "opened", view });
    if (view.mine) live().watch(id, Number(view.messages.at(-1)?.id ?? 0));
    loadMatter(id);
    return view;
  }

  function select(id) {
    tell({ type: "select", id });
    if (!id) return;
    tell({ type: "toast", text: "" });
    load(id).catch((error) => {
      complain(error);
      if (NOT_THERE.has(error.status) && get().current === id) tell({ type: "select", id: null });
    });
  }

  function refresh(id) {
    if (!get().chats[id]) return;
    later(`view ${id}`, REFRESH_MS, async () => {
      try {
        tell({ type: "refreshed", view: await api.open(id) });
        if (get().current === id) loadMatter(id);
      } catch (error) {
        if (NOT_THERE.has(error.status)) tell({ type: "ended", id });
      }
    });
  }

  async function claim(id) {
    try {
      await api.claim(id);
      tell({ type: "pane", pane: "mine" });
      select(id);
      reloadQueue().catch(() => {});
    } catch (error) {
      complain(error);
      reloadQueue().catch(() => {});
    }
  }

  function claimNext() {
    const next = inOrder(get().queue)[0];
    if (next) claim(next.id);
    else say("现在没有人排队。");
  }

  function step(by) {
    const { mine, current } = get();
    if (mine.length === 0) return;
    const at = mine.findIndex((entry) => entry.id === current);
    const to = at < 0 ? (by > 0 ? 0 : mine.length - 1) : (at + by + mine.length) % mine.length;
    tell({ type: "pane", pane: "mine" });
    select(mine[to].id);
  }

  async function leave(work, done) {
    const id = get().current;
    await work(id);
    tell({ type: "ended", id });
    tell({ type: "select", id: null });
    if (!get().mine.some((entry) => entry.id !== id)) tell({ type: "pane", pane: "queue" });
    say(done);
    live().unwatch(id);
    reloadQueue().catch(() => {});
  }

  async function uninvite(colleague) {
    const id = get().current;
    if (colleague === me.id) {
      await leave(() => api.uninvite(id, colleague), "您已离开这个会话。");
      return;
    }
    await api.uninvite(id, colleague);
    refresh(id);
  }

  async function loadPresence() {
    try {
      const own = (await api.colleagues()).find((one) => one.id === me.id);
      tell({ type: "presence", presence: own ?? null });
    } catch {
      // Without a roster there is no switch.
    }
  }

  async function setAway(isAway) {
    try {
      await api.away(isAway);
      await loadPresence();
      say(isAway ? "已暂离：不再派新的来访者给您，手头的会话不变。" : "已在岗。");
    } catch (error) {
      complain(error);
    }
  }

  const current = () => get().chats[get().current];

  return {
    ...createWriting({ tell, get, live, me, say, refresh, answered }),
    say, complain, select, load, refresh, claim, claimNext, step, setAway, loadPresence,
    loadCopilot, renewCopilot,
    dialog: (dialog) => tell({ type: "dialog", dialog }),
    form: (kind, values) => tell({ type: "form", id: get().current, kind, values }),
    find: async (words) => {
      // Answers may overtake each other: only that to the last words is shown.
      searches += 1;
      const mine = searches;
      const found = await api.find(words);
      if (mine === searches) tell({ type: "found", found });
    },
    earlier: () => api.open(get().current, current().messages[0]?.id)
      .then((view) => tell({ type: "earlier", view }), complain),
    transfer: (to, name, note) => leave(
      (id) => api.transfer(id, to, note), name ? `已转给${name}。` : "已转回队列。",
    ),
    invite: async (colleague, name) => {
      const id = get().current;
      await api.invite(id, colleague);
      refresh(id);
      say(`已邀请${name}。`);
    },
    uninvite: (colleague) => uninvite(colleague).catch(complain),
    giveBack: (advice) => leave((id) => api.giveBack(id, advice), "已交还机器人。"),
    close: (outcome, advice) => leave((id) => api.close(id, outcome, advice), "会话已结束，已请来访者评价。"),
    reveal: async (reason) => {
      const id = get().current;
      const { messages } = await api.reveal(id, reason);
      tell({ type: "revealed", id, messages });
    },
    oppose: async (names) => {
      const { conflict } = await api.oppose(get().current, names);
      say(conflict ? "您登记过代理对方，有利益冲突，请把会话转给同事。" : "已登记。");
    },
    correct: (correction) => api.correct(get().current, correction),
    // What this browser shows is read only while somebody looks at it.
    read: (id) => {
      const newest = lastId(get().chats[id]);
      tell({ type: "seen", id, newest });
      if (newest && get().chats[id].mine && !document.hidden) api.seen(id, newest).catch(() => {});
    },
  };
}
