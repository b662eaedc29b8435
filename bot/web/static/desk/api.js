// Calls to the desk's interface. Every change carries the header that a foreign page cannot send.

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const OFFLINE = "网络不通，请检查后重试。";
const TOO_LARGE = "文件太大，服务器没有收下。最大 10 MB。";

async function call(method, path, body) {
  const isForm = body instanceof FormData;
  const asJson = body !== undefined && !isForm;
  let response;
  try {
    response = await fetch(`/api/desk${path}`, {
      method,
      credentials: "same-origin",
      headers: { "X-Lawbridge": "desk", ...(asJson ? { "Content-Type": "application/json" } : {}) },
      body: asJson ? JSON.stringify(body) : body,
    });
  } catch {
    throw new ApiError(0, "offline", OFFLINE);
  }
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  if (response.status === 401) location.assign("/desk");
  const error = answer?.error ?? {};
  const otherwise = response.status === 413 ? TOO_LARGE : OFFLINE;
  throw new ApiError(response.status, error.code ?? "internal", error.message ?? otherwise);
}

const at = (id, rest = "") => `/conversations/${encodeURIComponent(id)}${rest}`;

export const queue = () => call("GET", "/queue");
export const find = (words) => call("GET", `/conversations?words=${encodeURIComponent(words)}`);
export const open = (id, before) => call("GET", at(id, before ? `?before=${before}` : ""));
export const news = (id, after) => call("GET", at(id, `/messages?after=${after}`));
export const claim = (id) => call("POST", at(id, "/claim"));
export const transfer = (id, to, note) => call("POST", at(id, "/transfer"), { to, note });
export const invite = (id, colleague) => call("POST", at(id, "/invite"), { colleague });
export const uninvite = (id, colleague) => call("POST", at(id, "/uninvite"), { colleague });
export const giveBack = (id, advice) => call("POST", at(id, "/return"), { advice });
export const close = (id, outcome, advice) => call("POST", at(id, "/close"), { outcome, advice });
export const reveal = (id, reason) => call("POST", at(id, "/reveal"), { reason });
export const say = (id, clientId, text) => call("POST", at(id, "/messages"), { id: clientId, text });
export const note = (id, text) => call("POST", at(id, "/notes"), { text });
export const seen = (id, newest) => call("POST", at(id, "/seen"), { id: newest });
export const colleagues = (id) => call("GET", `/colleagues${id ? `?conversation=${encodeURIComponent(id)}` : ""}`);
export const away = (isAway) => call("POST", "/away", { away: isAway });
export const outcomes = () => call("GET", "/outcomes");
export const matter = (id) => call("GET", `/matters/of/${encodeURIComponent(id)}`);
export const copilot = (id) => call("GET", at(id, "/copilot"));
export const oppose = (id, names) => call("POST", `/opponents?conversation=${encodeURIComponent(id)}`, { names });
export const correct = (id, correction) => call("POST", at(id, "/corrections"), correction);

export function sendFile(id, clientId, file) {
  const form = new FormData();
  form.append("id", clientId);
  form.append("file", file);
  return call("POST", at(id, "/files"), form);
}
