// The live connection: comes back by itself and names, for each conversation, the last message held.

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15000;
const PING_MS = 25000;
const NOT_SIGNED_IN = 4401;

export class Live {
  constructor({ onFrame, onState, lastIds }) {
    this.onFrame = onFrame;
    this.onState = onState;
    this.lastIds = lastIds;
    this.pause = FIRST_PAUSE_MS;
    this.stopped = false;
    addEventListener("online", () => this.now());
    this.connect();
  }

  connect() {
    clearTimeout(this.timer);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/api/desk/ws`);
    this.socket = socket;
    socket.onopen = () => {
      this.pause = FIRST_PAUSE_MS;
      this.heard = Date.now();
      this.onState(true);
      for (const [id, after] of Object.entries(this.lastIds())) this.watch(id, after);
      this.pinger = setInterval(() => this.ping(), PING_MS);
    };
    socket.onmessage = (event) => {
      this.heard = Date.now();
      this.onFrame(JSON.parse(event.data));
    };
    socket.onclose = (event) => {
      clearInterval(this.pinger);
      if (this.socket !== socket || this.stopped) return;
      this.onState(false);
      if (event.code === NOT_SIGNED_IN) {
        location.assign("/desk");
        return;
      }
      this.timer = setTimeout(() => this.connect(), this.pause * (0.75 + Math.random() / 2));
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
    };
  }

  now() {
    if (this.socket.readyState === WebSocket.CLOSED) this.connect();
  }

  ping() {
    // A connection that died silently is noticed by what does not come back.
    if (Date.now() - this.heard > 2.5 * PING_MS) this.socket.close();
    else this.send({ kind: "ping" });
  }

  send(frame) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  watch(id, after) {
    this.send({ kind: "watch", conversation_id: id, after: Number(after) });
  }

  unwatch(id) {
    this.send({ kind: "unwatch", conversation_id: id });
  }

  look(id) {
    this.send({ kind: "look", conversation_id: id });
  }

  typing(id) {
    this.send({ kind: "typing", conversation_id: id });
  }
}
