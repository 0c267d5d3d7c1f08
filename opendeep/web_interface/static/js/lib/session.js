// Who uses this page. In local mode a name is all that an account needs.

const NAME_KEY = "opendeep.username";
const DEFAULT_NAME = "default";

export const session = new EventTarget();

export function username() {
  return localStorage.getItem(NAME_KEY) || DEFAULT_NAME;
}

/** Change the user of this browser's pages; every view is told and reads anew. */
export function setUsername(name) {
  const cleaned = name.trim().slice(0, 64) || DEFAULT_NAME;
  if (cleaned === username()) return;
  localStorage.setItem(NAME_KEY, cleaned);
  publishCookie();
  session.dispatchEvent(new Event("change"));
}

/** <audio> and links cannot send a header: the cookie names the user for them. */
export function publishCookie() {
  const value = encodeURIComponent(username());
  document.cookie = `opendeep_user=${value}; path=/; SameSite=Strict; max-age=31536000`;
}

/** Something kept for this browser tab and user only; null where there is none. */
export function remembered(key) {
  const text = sessionStorage.getItem(`opendeep.${username()}.${key}`);
  return text === null ? null : JSON.parse(text);
}

export function remember(key, value) {
  const name = `opendeep.${username()}.${key}`;
  if (value === null) sessionStorage.removeItem(name);
  else sessionStorage.setItem(name, JSON.stringify(value));
}
