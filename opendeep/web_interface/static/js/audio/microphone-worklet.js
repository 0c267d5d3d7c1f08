// Turns the microphone into 8 kHz frames of 20 ms, whatever the sound card's rate is. The node
// before it has taken out what 8 kHz cannot hold.

const FRAME = 160;
const STEP = sampleRate / 8000;

class Microphone extends AudioWorkletProcessor {
  frame = new Float32Array(FRAME);
  filled = 0;
  position = 0;
  last = 0;

  process([[input]]) {
    if (!input) return true;
    while (this.position < input.length) {
      const index = Math.floor(this.position);
      const before = index === 0 ? this.last : input[index - 1];
      const share = this.position - index;
      this.push(before + (input[index] - before) * share);
      this.position += STEP;
    }
    this.position -= input.length;
    this.last = input[input.length - 1];
    return true;
  }

  push(sample) {
    this.frame[this.filled] = sample;
    this.filled += 1;
    if (this.filled < FRAME) return;
    this.port.postMessage(this.frame.slice());
    this.filled = 0;
  }
}

registerProcessor("od-microphone", Microphone);
