// Joins the live connection to the state: frames, what is polled where none can be had, who looks.

import { useEffect, useRef } from "../vendor/htm/preact-standalone.module.js";
import * as api from "./api.js";
import { Live } from "./live.js";
import { lastId, shownQueue } from "./state.js";

const POLL_MS = 5000;
const LOOK_MS = 10000;
const AGAIN_MS = 30000;

function obey(frame, tell, desk) {
  const id = frame.conversation_id;
  const now = Date.now();
  if (frame.kind === "queue") tell(shownQueue(frame, now));
  else if (frame.kind === "messages") {
    tell({ type: "messages", id, messages: frame.messages });
    if (frame.messages.some((message) => message.sender === "visitor")) desk.renewCopilot(id);
    desk.refresh(id);
  } else if (frame.kind === "changed") desk.refresh(id);
  else if (frame.kind === "typing") {
    tell({ type: "typing", id, now, colleague: frame.sender === "lawyer" ? frame.name ?? "" : undefined });
  } else if (frame.kind === "looking") tell({ type: "looking", id, name: frame.name, now });
  else if (frame.kind === "ended") tell({ type: "ended", id });
  // A frame that this server does not know is nothing a lawyer could mend.
  else if (frame.kind === "error" && frame.code !== "bad_input") desk.say(frame.sentence);
}

export function useConnection({ state, latest, tell, desk, live }) {
  useEffect(() => {
    live.current = new Live({
      onFrame: (frame) => obey(frame, tell, desk),
      onState: (online) => tell({ type: "online", online }),
      lastIds: () => Object.fromEntries(
        Object.entries(latest.current.chats).filter(([, chat]) => chat.mine).map(([id, chat]) => [id, lastId(chat)]),
      ),
    });
    desk.loadPresence();
    const again = setInterval(desk.loadPresence, AGAIN_MS);
    return () => clearInterval(again);
  }, []);

  // Where live connections are blocked, the desk asks every few seconds.
  useEffect(() => {
    if (state.online) return undefined;
    const poll = async () => {
      const { current, chats } = latest.current;
      try {
        tell(shownQueue(await api.queue(), Date.now()));
        if (chats[current]?.mine) {
          const found = await api.news(current, lastId(chats[current]));
          tell({ type: "messages", id: current, messages: found.messages });
          desk.refresh(current);
        }
      } catch (error) {
        if (error.status === 403) tell({ type: "ended", id: current });
      }
    };
    const timer = setInterval(poll, POLL_MS);
    return () => clearInterval(timer);
  }, [state.online]);

  // A hint that was lost shows at the latest after this.
  const isMine = state.chats[state.current]?.mine;
  useEffect(() => {
    if (!isMine) return undefined;
    const timer = setInterval(() => desk.refresh(latest.current.current), AGAIN_MS);
    return () => clearInterval(timer);
  }, [state.current, isMine]);

  // Somebody else may have taken the visitor whom one looks at.
  const hasGone = state.chats[state.current]?.mode === "queued" && !isMine && state.loaded
    && !state.queue.some((entry) => entry.id === state.current);
  useEffect(() => { if (hasGone) desk.refresh(state.current); }, [state.current, hasGone]);

  const isWaiting = state.chats[state.current]?.mode === "queued" && !isMine;
  const told = useRef(0);
  useEffect(() => {
    if (!isWaiting || !state.online) return undefined;
    const look = () => { if (!document.hidden) live.current.look(latest.current.current); };
    look();
    told.current = setInterval(look, LOOK_MS);
    return () => clearInterval(told.current);
  }, [state.current, isWaiting, state.online]);
}
