// Talks to the server: JSON requests, and a chat turn as a stream.

import { username } from "./session.js";

const csrf = document.querySelector('meta[name="csrf-token"]').content;

/** What the server refused, in its own words; "details" has one entry per fault. */
export class ApiError extends Error {
  constructor(status, { code, message, details }) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details ?? [];
  }
}

function headers(more = {}) {
  const name = encodeURIComponent(username());
  return { "X-CSRF-Token": csrf, "X-OpenDeep-User": name, ...more };
}

async function send(path, options) {
  try {
    return await fetch(path, options);
  } catch {
    const message = "OpenDeep does not answer. Is it still running?";
    throw new ApiError(0, { code: "offline", message });
  }
}

async function refusal(response) {
  const body = await response.json().catch(() => null);
  const unknown = { code: "unknown", message: `The server answered ${response.status}.` };
  return new ApiError(response.status, body?.error ?? unknown);
}

async function request(method, path, body, more = {}) {
  const typed = body === undefined ? {} : { "Content-Type": "application/json" };
  const response = await send(path, {
    method,
    headers: headers({ ...typed, ...more }),
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) throw await refusal(response);
  return response.status === 204 ? null : response.json();
}

/** Send a form with a file in it. */
async function upload(path, form) {
  const response = await send(path, { method: "POST", headers: headers(), body: form });
  if (!response.ok) throw await refusal(response);
  return response.json();
}

/** Fetch a file of ours and let the browser save it. */
async function download(path, name) {
  const response = await send(path, { headers: headers() });
  if (!response.ok) throw await refusal(response);
  const address = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}

export const api = {
  upload,
  download,
  get: (path) => request("GET", path),
  post: (path, body, more) => request("POST", path, body, more),
  put: (path, body) => request("PUT", path, body),
  delete: (path) => request("DELETE", path),
};

/** Read a whole list, part by part, up to "most" items. */
export async function readAll(path, most = 500) {
  const items = [];
  let cursor = null;
  do {
    const mark = path.includes("?") ? "&" : "?";
    const more = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    const part = await api.get(`${path}${mark}limit=100${more}`);
    items.push(...part.items);
    cursor = part.next_cursor;
  } while (cursor && items.length < most);
  return items;
}

/**
 * One turn of the chat. "hear" is told of ("tool", activity) and ("delta", {text}) as they come.
 * Returns the whole turn.
 */
export async function chatTurn(body, hear) {
  const response = await send("/api/chat_interaction", {
    method: "POST",
    headers: headers({ "Content-Type": "application/json", Accept: "text/event-stream" }),
    body: JSON.stringify(body),
  });
  if (!response.ok) throw await refusal(response);
  let turn = null;
  let failure = null;
  for await (const { name, data } of serverEvents(response.body)) {
    if (name === "done") turn = data;
    else if (name === "error") failure = new ApiError(200, data.error);
    else hear(name, data);
  }
  if (failure) throw failure;
  if (turn) return turn;
  const message = "The answer broke off. Send your message again.";
  throw new ApiError(0, { code: "broken_off", message });
}

/** Read server-sent events (ours have one data line each). */
async function* serverEvents(stream) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read().catch(() => ({ done: true }));
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const [, name] = /^event: (.*)$/m.exec(block) ?? [];
      const [, data] = /^data: (.*)$/m.exec(block) ?? [];
      if (name && data) yield { name, data: JSON.parse(data) };
    }
  }
}

/** The address of a WebSocket of ours, for the present user. */
export function socketUrl(path, parameters = {}) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const query = new URLSearchParams({ user: encodeURIComponent(username()), ...parameters });
  return `${scheme}://${location.host}${path}?${query}`;
}
