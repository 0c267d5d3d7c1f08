// The user's events: one WebSocket a page, which comes back by itself and replays what it missed.
//
// Each message becomes a DOM event of its type on "events", with the changed object as its detail.
// "resync" says that something may have been missed: read anew.

import { socketUrl } from "./api.js";
import { session } from "./session.js";

export const events = new EventTarget();

const FIRST_PAUSE_MS = 500;
const MOST_PAUSE_MS = 8000;

let socket = null;
let lastId = null;
let pause = FIRST_PAUSE_MS;
let timer = null;
let opened = 0;

export function connect() {
  clearTimeout(timer);
  socket?.close();
  const parameters = lastId === null ? {} : { after: lastId };
  const mine = new WebSocket(socketUrl("/ws/events", parameters));
  socket = mine;
  mine.addEventListener("open", () => onOpen());
  mine.addEventListener("message", (message) => onMessage(JSON.parse(message.data)));
  mine.addEventListener("close", () => {
    if (socket === mine) comeBack();
  });
}

function onOpen() {
  pause = FIRST_PAUSE_MS;
  opened += 1;
  tell("online", null);
  if (opened > 1 && lastId === null) tell("resync", null);
}

function onMessage({ id, type, data }) {
  lastId = id;
  if (data !== null) tell(type, data);
}

function comeBack() {
  tell("offline", null);
  timer = setTimeout(connect, pause);
  pause = Math.min(pause * 2, MOST_PAUSE_MS);
}

function tell(type, detail) {
  events.dispatchEvent(new CustomEvent(type, { detail }));
}

/** Listen while an element is on the page; "types" is a list of event names. */
export function listen(types, hear, signal) {
  for (const type of types) {
    events.addEventListener(type, (event) => hear(event.detail, type), { signal });
  }
}

session.addEventListener("change", () => {
  lastId = null;
  connect();
  tell("resync", null);
});
