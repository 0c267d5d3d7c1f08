// 8 kHz µ-law (ITU-T G.711) to and from samples between -1 and 1.

export const SAMPLE_RATE = 8000;

const BIAS = 0x84;
const CLIP = 32635;

const DECODED = Float32Array.from({ length: 256 }, (_, code) => {
  const bits = ~code & 0xff;
  const exponent = (bits >> 4) & 0x07;
  const magnitude = (((bits & 0x0f) << 3) + BIAS << exponent) - BIAS;
  return (bits & 0x80 ? -magnitude : magnitude) / 32768;
});

export function decode(bytes) {
  return Float32Array.from(bytes, (code) => DECODED[code]);
}

export function encode(samples) {
  return Uint8Array.from(samples, encodeSample);
}

function encodeSample(sample) {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(CLIP, Math.round(Math.abs(sample) * 32767)) + BIAS;
  const exponent = Math.max(0, 31 - Math.clz32(magnitude) - 7);
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}
