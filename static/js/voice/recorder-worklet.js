// Runs in the audio thread: hands the microphone's samples on, some 40 ms at a time.

const CHUNK = 2_048;

class Recorder extends AudioWorkletProcessor {
  samples = [];

  process([[heard = []]]) {
    this.samples.push(...heard);
    if (this.samples.length >= CHUNK) this.port.postMessage(Float32Array.from(this.samples.splice(0)));
    return true;
  }
}

registerProcessor("recorder", Recorder);
