// Runs in the audio thread: hands the microphone's samples on, 16 ms at a time, at 48 kHz.

const CHUNK = 768;

class Recorder extends AudioWorkletProcessor {
  chunk = new Float32Array(CHUNK);
  filled = 0;

  process([[samples]]) {
    if (!samples) return true;
    this.chunk.set(samples, this.filled);
    this.filled += samples.length;
    if (this.filled === CHUNK) {
      this.port.postMessage(this.chunk, [this.chunk.buffer]);
      this.chunk = new Float32Array(CHUNK);
      this.filled = 0;
    }
    return true;
  }
}

registerProcessor("recorder", Recorder);
