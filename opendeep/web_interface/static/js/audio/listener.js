// Listening in to a live call: both sides, mixed.

import { socketUrl } from "../lib/api.js";
import { Player } from "./player.js";

export class CallListener {
  #player = new Player();
  #socket = null;
  #stopped;

  /** "stopped" is told once, when the call is over or the user had enough. */
  constructor(callId, stopped) {
    this.callId = callId;
    this.#stopped = stopped;
  }

  async start() {
    await this.#player.open();
    const path = `/ws/calls/${encodeURIComponent(this.callId)}/audio`;
    this.#socket = new WebSocket(socketUrl(path));
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("message", ({ data }) => {
      const bytes = new Uint8Array(data);
      this.#player.play(bytes[0], bytes.subarray(1));
    });
    this.#socket.addEventListener("close", () => this.stop());
  }

  stop() {
    const stopped = this.#stopped;
    this.#stopped = null;
    if (!stopped) return;
    this.#socket?.close();
    this.#player.close();
    stopped();
  }
}
