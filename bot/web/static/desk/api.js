// Calls to the desk's interface. Every change carries the header that a foreign page cannot send.

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const OFFLINE = "网络不通，请检查后重试。";

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(`/api/desk${path}`, {
      method,
      credentials: "same-origin",
      headers: { "X-Lawbridge": "desk", ...(body ? { "Content-Type": "application/json" } : {}) },
      body: body ? JSON.stringify(body) : undefined,
    });
  } catch {
    throw new ApiError(0, "offline", OFFLINE);
  }
  if (response.status === 204) return null;
  const data = await response.json().catch(() => null);
  if (response.ok) return data;
  if (response.status === 401) location.assign("/desk");
  const error = data?.error ?? {};
  throw new ApiError(response.status, error.code ?? "internal", error.message ?? OFFLINE);
}

const at = (id) => `/conversations/${encodeURIComponent(id)}`;

export const queue = () => call("GET", "/queue");
export const open = (id, before) => call("GET", `${at(id)}${before ? `?before=${before}` : ""}`);
export const news = (id, after) => call("GET", `${at(id)}/messages?after=${after}`);
export const claim = (id) => call("POST", `${at(id)}/claim`);
export const giveBack = (id) => call("POST", `${at(id)}/return`);
export const close = (id) => call("POST", `${at(id)}/close`);
export const reveal = (id) => call("POST", `${at(id)}/reveal`);
export const say = (id, clientId, text) => call("POST", `${at(id)}/messages`, { id: clientId, text });
