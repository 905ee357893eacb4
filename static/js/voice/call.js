// A hands-free call as a state machine. Pure: `next` says what becomes of a call, and what is to be done.

/**
 * `name`: idle, listening, thinking, speaking, refused or ended (`why`: for which reason). `muted`: the microphone is off.
 * `heard`: what was heard and not yet asked. `asked`: the question under way. `before`: a question that was broken off
 * because its asker went on speaking.
 */
export const IDLE = Object.freeze({ name: "idle", muted: false, heard: "", before: "", asked: "", why: "" });

const NOTHING_HEARD = { heard: "", before: "" };
const LIVE = ["listening", "thinking", "speaking"];
export const isLive = ({ name }) => LIVE.includes(name);

/** What a person is told: who has muted is not being listened to. */
export const shownName = ({ name, muted }) => (muted && name === "listening" ? "muted" : name);

/**
 * `event` is {type, …}; returns {call, effects}. Effects: listen, deafen (the microphone), wait (begin the pause after which
 * the question is asked, anew), hold (no pause: somebody is speaking), ask, hush (stop speaking), stop (end the answer under
 * way), fresh (forget what was heard), release (all that a call holds).
 */
export function next(call, event) {
  const [change, ...effects] = (isLive(call) ? WHILE_LIVE : OTHERWISE)[event.type]?.(call, event) ?? [{}];
  return { call: { ...call, ...change }, effects };
}

const OTHERWISE = {
  start: () => [{ ...IDLE, name: "listening" }, "listen"],
  end: () => [{ name: "ended" }, "release"],
};

const WHILE_LIVE = {
  heard: (call, event) => (event.text && !call.muted ? HEARD[call.name](call, event) : [{}]),
  speech: ({ name, muted }) => (muted ? [{}] : SPEECH[name]),
  quiet: ({ name, heard }) => (name === "listening" && heard ? [{}, "wait"] : [{}]),
  due: (call) => (call.name === "listening" && call.heard ? asking(call, call.heard) : [{}]),
  saying: ({ name }) => (name === "thinking" ? [{ name: "speaking" }] : [{}]),
  over: ({ name }) => (name === "listening" ? [{}] : [{ ...NOTHING_HEARD, name: "listening", asked: "" }, "fresh"]),
  mute: () => [{ ...NOTHING_HEARD, muted: true }, "hold", "deafen"],
  unmute: ({ muted }) => [{ muted: false }, ...(muted ? ["listen"] : [])],
  failed: (_, { why }) => [{ name: why === "refused" ? "refused" : "ended", why }, "hush", "release"],
  end: () => [{ name: "ended" }, "hush", "release"],
};

const HEARD = {
  listening: (call, { text, isDue }) => (isDue ? asking(call, text) : [{ heard: text }, "wait"]),
  thinking: (call, event) => interrupted({ ...call, before: call.asked }, event), // they go on with the same question
  speaking: interrupted,
};

const SPEECH = {
  listening: [{}, "hold"],
  thinking: [{}], // not every noise is worth an answer: wait for words
  speaking: [{ ...NOTHING_HEARD, name: "listening" }, "hush", "stop"],
};

function interrupted(call, event) {
  const [change, ...effects] = HEARD.listening(call, event);
  return [{ name: "listening", before: call.before, ...change }, "hush", "stop", ...effects];
}

function asking({ before }, text) {
  const asked = before ? `${before} ${text}` : text;
  return [{ ...NOTHING_HEARD, name: "thinking", asked }, "hold", "fresh", "ask"];
}
