// Plays what arrives, each source on its own queue, mixed. A queue waits until a little is there, so
// that the network's unevenness is not heard, and drops the oldest when it falls too far behind.

const WAIT_SAMPLES = 960; // 120 ms at 8 kHz
const MOST_SAMPLES = 12000; // 1.5 s

class Queue {
  chunks = [];
  length = 0;
  offset = 0;
  playing = false;

  put(samples) {
    this.chunks.push(samples);
    this.length += samples.length;
    while (this.length > MOST_SAMPLES) this.skip();
  }

  skip() {
    const gone = this.chunks.shift();
    this.length -= gone.length - this.offset;
    this.offset = 0;
  }

  next() {
    if (!this.playing && this.length < WAIT_SAMPLES) return 0;
    if (this.length === 0) {
      this.playing = false;
      return 0;
    }
    this.playing = true;
    const chunk = this.chunks[0];
    const sample = chunk[this.offset];
    this.offset += 1;
    this.length -= 1;
    if (this.offset === chunk.length) {
      this.chunks.shift();
      this.offset = 0;
    }
    return sample;
  }
}

class Player extends AudioWorkletProcessor {
  queues = new Map();

  constructor() {
    super();
    this.port.onmessage = ({ data: { source, samples } }) => {
      if (!this.queues.has(source)) this.queues.set(source, new Queue());
      this.queues.get(source).put(samples);
    };
  }

  process(_inputs, [[output]]) {
    const queues = [...this.queues.values()];
    for (let index = 0; index < output.length; index += 1) {
      output[index] = queues.reduce((sum, queue) => sum + queue.next(), 0);
    }
    return true;
  }
}

registerProcessor("od-player", Player);
