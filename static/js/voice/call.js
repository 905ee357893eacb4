// A hands-free call as a state machine. Pure: `next` says what becomes of a call, and what is to be done.

/**
 * `name`: idle, listening, thinking, speaking, refused or ended (`why`: for which reason). `muted`: the microphone is off.
 * `heard`: what was heard and not yet asked. `asked`: the question under way. `before`: a question that was broken off
 * because its asker went on speaking.
 */
export const IDLE = Object.freeze({ name: "idle", muted: false, heard: "", before: "", asked: "", why: "" });

export const isLive = ({ name }) => ["listening", "thinking", "speaking"].includes(name);

/** What a person is told: who has muted is not being listened to. */
export const shownName = ({ name, muted }) => (muted && name === "listening" ? "muted" : name);

/**
 * `event` is {type, …}; returns {call, effects}. Effects: listen, deafen (the microphone), wait (begin the pause after which
 * the question is asked, anew), hold (no pause: somebody is speaking), ask, hush (stop speaking), stop (end the answer under
 * way), fresh (forget what was heard), release (all that a call holds).
 */
export function next(call, event) {
  const isPossible = isLive(call) || event.type === "start";
  const [change, ...effects] = (isPossible && EVENTS[event.type](call, event)) || [];
  return { call: { ...call, ...change }, effects };
}

const EVENTS = {
  start: () => [{ ...IDLE, name: "listening" }, "listen"],
  heard(call, event) {
    if (!event.text || call.muted) return null;
    if (call.name === "listening") return understood(call, event);
    const before = call.name === "thinking" ? call.asked : ""; // they go on with the same question
    const [change, ...effects] = understood({ before }, event);
    return [{ name: "listening", before, ...change }, "hush", "stop", ...effects];
  },
  /** While it thinks, not every noise is worth an answer: it waits for words. */
  speech: ({ name }) => ({ listening: [{}, "hold"], speaking: [{ name: "listening" }, "hush", "stop"] })[name],
  quiet: ({ heard }) => heard && [{}, "wait"],
  due: (call) => call.heard && asking(call, call.heard),
  saying: ({ name }) => name === "thinking" && [{ name: "speaking" }],
  over: ({ name }) => name !== "listening" && [{ name: "listening", asked: "" }, "fresh"],
  mute: ({ muted }) => (muted ? [{ muted: false }, "listen"] : [{ muted: true, heard: "", before: "" }, "hold", "deafen"]),
  failed: (_, { why }) => [{ name: why === "refused" ? "refused" : "ended", why }, "hush", "release"],
  end: () => [{ name: "ended" }, "hush", "release"],
};

const understood = (call, { text, isDue }) => (isDue ? asking(call, text) : [{ heard: text }, "wait"]);

function asking({ before }, text) {
  const asked = before ? `${before} ${text}` : text;
  return [{ name: "thinking", heard: "", before: "", asked }, "hold", "fresh", "ask"];
}
