// Stands in for the browser's speech: recognition, voices and the microphone, all led by the test through `speech`.

const speech = {
  said: [], // utterances, in order
  sessions: [], // of recognition
  microphones: 0,
  endsBySelf: true, // whether each utterance ends at once

  /** The session that listens now. */
  get session() {
    return speech.sessions.findLast((session) => session.isOn);
  },
  hear(...texts) {
    speech.session.onresult({ results: texts.map((transcript) => [{ transcript }]) });
  },
  fail(error) {
    const { session } = speech;
    session.onerror({ error });
    session.end();
  },
  finish() {
    speech.said.at(-1).onend();
  },
  /** Whether the page holds the microphone. */
  get isOpen() {
    return speech.track?.readyState === "live";
  },
  /** 0 is silence. */
  volume(value) {
    speech.gain.gain.value = value;
  },
};

class FakeRecognition {
  isOn = false;

  start() {
    this.isOn = true;
    speech.sessions.push(this);
    setTimeout(() => (speech.refuses ? speech.fail("not-allowed") : this.isOn && this.onstart?.()));
  }

  end() {
    this.isOn = false;
    this.onend?.();
  }

  stop() {
    this.end();
  }

  abort() {
    this.isOn = false;
  }
}

class FakeUtterance {
  constructor(text) {
    this.text = text;
  }
}

const synthesis = {
  speaking: false,
  pending: false,
  getVoices: () => [
    { name: "Google Anna", lang: "en-GB", voiceURI: "anna" },
    { name: "Bert", lang: "en-GB", voiceURI: "bert", localService: true },
    { name: "Ting", lang: "zh-CN", voiceURI: "ting" },
  ],
  addEventListener() {},
  pause() {
    synthesis.isHeld = true;
  },
  resume() {
    synthesis.isHeld = false;
  },
  cancel() {
    synthesis.speaking = false;
    speech.cancelled = (speech.cancelled ?? 0) + 1;
  },
  speak(utterance) {
    if (!utterance.text) return; // what unlocks
    speech.said.push(utterance);
    synthesis.speaking = true;
    const end = utterance.onend;
    utterance.onend = () => {
      synthesis.speaking = false;
      end();
    };
    setTimeout(() => utterance.onstart());
    if (speech.endsBySelf) setTimeout(() => utterance.onend());
  },
};

async function openMicrophone() {
  speech.microphones++;
  if (speech.refuses) throw new DOMException("no", "NotAllowedError");
  const context = new AudioContext();
  speech.gain = new GainNode(context, { gain: 0 });
  const tone = new OscillatorNode(context, { frequency: 440 });
  const syllables = new OscillatorNode(context, { frequency: 6 }); // a steady tone is no voice
  const voice = new GainNode(context, { gain: 0.6 });
  syllables.connect(new GainNode(context, { gain: 0.4 })).connect(voice.gain);
  const out = new MediaStreamAudioDestinationNode(context);
  tone.connect(voice).connect(speech.gain).connect(out);
  tone.start();
  syllables.start();
  [speech.track] = out.stream.getTracks();
  return out.stream;
}

window.speech = speech;
window.SpeechRecognition = FakeRecognition;
window.SpeechSynthesisUtterance = FakeUtterance;
Object.defineProperty(window, "speechSynthesis", { value: synthesis });
Object.assign(navigator.mediaDevices ?? {}, {
  getUserMedia: openMicrophone,
  enumerateDevices: async () => (speech.isPulledOut ? [] : [{ kind: "audioinput" }]),
}); // a page of the browser's own, that of a failed load, has none
navigator.permissions.query = async () => ({ state: "granted" });
