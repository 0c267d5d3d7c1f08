// A loudspeaker for 8 kHz µ-law.

import { SAMPLE_RATE, decode } from "./mulaw.js";

export class Player {
  #context = null;
  #node = null;

  /** Open the loudspeaker; browsers want this to follow a click. */
  async open() {
    this.#context = new AudioContext({ sampleRate: SAMPLE_RATE, latencyHint: "interactive" });
    await this.#context.audioWorklet.addModule(new URL("player-worklet.js", import.meta.url));
    this.#node = new AudioWorkletNode(this.#context, "od-player", {
      numberOfInputs: 0, outputChannelCount: [1],
    });
    this.#node.connect(this.#context.destination);
    await this.#context.resume();
  }

  /** Play bytes; each "source" has its own place in time. */
  play(source, bytes) {
    const samples = decode(bytes);
    this.#node?.port.postMessage({ source, samples }, [samples.buffer]);
  }

  close() {
    this.#node = null;
    this.#context?.close();
    this.#context = null;
  }
}
