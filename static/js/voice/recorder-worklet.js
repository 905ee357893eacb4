// Runs in the audio thread: hands the microphone's samples on, some 20 ms at a time.

const CHUNK = 1_024;

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
