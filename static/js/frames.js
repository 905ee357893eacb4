// The frames by which a turn of turn-queue.js is asked for, and its name.

/** 128 random bits; crypto.randomUUID is missing on plain-http intranets. */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What has no value is left out of JSON. */
export function questionFrame({ id, question, files, inputs, audio }, conversation) {
  return {
    type: "chat",
    id,
    content: question,
    stream: true,
    events: true,
    audio,
    conversation_id: conversation,
    inputs,
    files: files.length ? files.map(asInput) : undefined,
  };
}

/** How Dify is told of an uploaded {id, kind}. */
export const asInput = ({ id, kind }) => ({ type: kind, transfer_method: "local_file", upload_file_id: id });

/** Goes on after a pause with this continuation: by a decision, only once, or by asking how it went on. */
export function followUpFrame({ id, decides, again, audio }, continuation, token) {
  if (!decides || again) return { type: "resume", token, continuation, turn_id: id, audio };
  const { action, inputs } = decides;
  return { type: "form", continuation, turn_id: id, action, inputs, stream: true, events: true, audio };
}

/** Takes a connection over; goes on with this turn, if there is one. */
export function resumeFrame(token, { id, count, replacements } = {}) {
  return { type: "resume", token, id, offset: count, replacements };
}

/** Whether a frame tells a turn after a pause more than that the pause goes on. */
export function isNews({ decides, again }, { type, status, content }) {
  if (type === "chat" && !content) return status !== "stopped" && (Boolean(decides && !again) || status !== "paused");
  return type.startsWith("chat");
}
