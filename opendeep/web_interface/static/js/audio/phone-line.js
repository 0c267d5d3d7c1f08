// The practice phone of this browser: it rings, is picked up, and carries microphone and speaker.
// One a page, and it stays while the user looks at other views.

import { socketUrl } from "../lib/api.js";
import { encode } from "./mulaw.js";
import { Player } from "./player.js";

const LOWPASS_HZ = 3400;
const PAUSE_MS = 2000;

/** States: off, ready, ringing, talking. Tells "change" and "level" (0 to 1). */
class PhoneLine extends EventTarget {
  state = "off";
  level = 0;
  #socket = null;
  #player = null;
  #microphone = null;
  #wanted = false;
  #ring = null;

  turnOn() {
    this.#wanted = true;
    this.#connect();
  }

  turnOff() {
    this.#wanted = false;
    this.#socket?.close();
  }

  /** Pick up; asks for the microphone. */
  async answer() {
    this.#stopRinging();
    this.#player = new Player();
    await this.#player.open();
    this.#microphone = await openMicrophone((samples) => this.#speak(samples));
    this.#send({ type: "answer" });
    this.#become("talking");
  }

  hangUp() {
    this.#send({ type: "hangup" });
    this.#release();
    this.#become("ready");
  }

  #connect() {
    if (this.#socket) return;
    const socket = new WebSocket(socketUrl("/ws/phone"));
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => this.#become("ready"));
    socket.addEventListener("message", ({ data }) => this.#hear(data));
    socket.addEventListener("close", () => this.#lost());
    this.#socket = socket;
  }

  #lost() {
    this.#socket = null;
    this.#release();
    this.#become("off");
    if (this.#wanted) setTimeout(() => this.#wanted && this.#connect(), PAUSE_MS);
  }

  #hear(data) {
    if (typeof data !== "string") {
      this.#player?.play("line", new Uint8Array(data));
      return;
    }
    const { type } = JSON.parse(data);
    if (type === "ring") {
      this.#startRinging();
      this.#become("ringing");
    } else if (type === "hangup") {
      this.#release();
      this.#become("ready");
    }
  }

  #speak(samples) {
    if (this.state !== "talking") return;
    this.level = Math.min(1, Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length) * 4);
    this.dispatchEvent(new Event("level"));
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(encode(samples));
  }

  #send(command) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(command));
  }

  #startRinging() {
    this.#ring = ringTone();
  }

  #stopRinging() {
    this.#ring?.close();
    this.#ring = null;
  }

  #release() {
    this.#stopRinging();
    this.#player?.close();
    this.#player = null;
    this.#microphone?.close();
    this.#microphone = null;
  }

  #become(state) {
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }
}

async function openMicrophone(hear) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  });
  const context = new AudioContext();
  await context.audioWorklet.addModule(new URL("microphone-worklet.js", import.meta.url));
  const source = context.createMediaStreamSource(stream);
  const node = new AudioWorkletNode(context, "od-microphone", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
  node.port.onmessage = ({ data }) => hear(data);
  source.connect(lowpass(context)).connect(lowpass(context)).connect(node);
  return {
    close() {
      stream.getTracks().forEach((track) => track.stop());
      context.close();
    },
  };
}

function lowpass(context) {
  return new BiquadFilterNode(context, { type: "lowpass", frequency: LOWPASS_HZ, Q: 0.7 });
}

/** A quiet ringing tone; silent where the browser wants a click first. */
function ringTone() {
  const context = new AudioContext();
  const volume = new GainNode(context, { gain: 0 });
  for (const frequency of [440, 480]) {
    const tone = new OscillatorNode(context, { frequency });
    tone.connect(volume);
    tone.start();
  }
  for (let cycle = 0; cycle < 20; cycle += 1) {
    volume.gain.setValueAtTime(0.06, context.currentTime + cycle * 3);
    volume.gain.setValueAtTime(0, context.currentTime + cycle * 3 + 1.2);
  }
  volume.connect(context.destination);
  return context;
}

export const phoneLine = new PhoneLine();
