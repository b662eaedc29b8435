// The web channel's HTTP. Every failure becomes a Refused with the server's sentence, or an
// Unreachable when no answer came.

export class Refused extends Error {
  constructor(status, code, sentence, waitS) {
    super(sentence);
    this.status = status;
    this.code = code;
    this.sentence = sentence;
    this.waitS = waitS;
  }
}

export class Unreachable extends Error {}

async function ask(method, path, { token, json, form, timeoutMs = 30000 } = {}) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (json !== undefined) headers['Content-Type'] = 'application/json';
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeoutMs);
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers,
      body: form ?? (json === undefined ? undefined : JSON.stringify(json)),
      signal: stop.signal,
      credentials: 'omit',
      cache: 'no-store',
    });
  } catch (error) {
    throw new Unreachable(String(error));
  } finally {
    clearTimeout(timer);
  }
  if (answer.ok) return answer;
  let told = {};
  try {
    told = (await answer.json()).error || {};
  } catch (notJson) {
    // A proxy in between answers in HTML; its status is all that is needed.
    if (answer.status >= 500) throw new Unreachable(`status ${answer.status}`);
  }
  if (answer.status >= 500 && answer.status !== 503) throw new Unreachable(`status ${answer.status}`);
  const waitS = Number(answer.headers.get('Retry-After')) || 5;
  throw new Refused(answer.status, told.code || 'unknown', told.message || '', waitS);
}

export const api = {
  open: (body) => ask('POST', '/api/web/sessions', { json: body }).then((a) => a.json()),
  send: (token, body) => ask('POST', '/api/web/messages', { token, json: body }).then((a) => a.json()),
  after: (token, id) => ask('GET', `/api/web/messages?after=${id}`, { token, timeoutMs: 15000 }).then((a) => a.json()),
  upload: (token, id, file) => {
    const form = new FormData();
    form.append('id', id);
    form.append('file', file, file.name);
    return ask('POST', '/api/web/files', { token, form, timeoutMs: 180000 }).then((a) => a.json());
  },
  attributes: (token, attributes) => ask('POST', '/api/web/attributes', { token, json: { attributes } }),
  end: (token) => ask('POST', '/api/web/end', { token }),
  rate: (token, rating) => ask('POST', '/api/web/rating', { token, json: rating }),
  erase: (token) => ask('DELETE', '/api/web/session', { token }),
  askCode: (token) => ask('POST', '/api/web/continuations', { token }).then((a) => a.json()),
  redeem: (code, id) => ask('POST', '/api/web/continuations/redeem', { json: { code, id } }).then((a) => a.json()),
  download: (token, path) => ask('GET', path, { token, timeoutMs: 180000 }).then((a) => a.blob()),
};
