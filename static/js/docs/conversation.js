// What went over a connection of "Try it": where its latest answer stands, and all of it as a program. Pure.

/**
 * `sent(frame, ms)` and `received(frame)` take what is written and heard, `connected(ms)` each new connection, in
 * milliseconds since the first. `resume()` is the frame by which the latest answer that is not over goes on, or null
 * before the first frame; `script(url)` does again what was done, as a module for Node.js 22 and newer.
 */
export function createConversation() {
  const steps = []; // {at, frame}, without a frame where it connected anew
  let token = null;
  let turn = null; // {id, text, replacements, isOver}

  function connected(ms) {
    steps.push({ at: ms });
  }

  function sent(frame, ms) {
    steps.push({ at: ms, frame });
    if (frame.type === "resume") token = frame.token;
    if (["chat", "form"].includes(frame.type)) turn = started(frame.turn_id ?? frame.id);
  }

  function received(frame) {
    token ??= frame.resume_token ?? null;
    const isTurns = frame.id && (!turn?.id || frame.id === turn.id);
    if (!isTurns || !["chat", "chat_delta", "error"].includes(frame.type)) return;
    turn ??= started();
    turn.id = frame.id;
    if (frame.type === "chat_delta") add(frame);
    else turn.isOver = frame.reason !== "turn_unreachable";
  }

  const started = (id) => ({ id, text: "", replacements: 0, isOver: false });

  function add({ offset, content, replace, replacements }) {
    if (replace) turn.replacements = replacements;
    turn.text = replace ? content : [...turn.text].slice(0, offset).join("") + content;
  }

  /** Offsets are code points. */
  function resume() {
    if (!token) return null;
    if (!turn?.id || turn.isOver) return { type: "resume", token };
    return { type: "resume", token, id: turn.id, offset: [...turn.text].length, replacements: turn.replacements };
  }

  function script(url) {
    return SCRIPT.replace("URL", () => JSON.stringify(url)).replace("STEPS", () => steps.map(line).join("\n"));
  }

  return { connected, sent, received, resume, script };
}

const line = ({ at, frame }) => `  [${Math.round(at)}, ${JSON.stringify(frame ?? null)}],`;

const SCRIPT = `// Connects and sends what was sent before, at the same times. Node.js 22 or newer.
const url = URL;
const steps = [ // milliseconds, and a frame; null connects anew
STEPS
];

const begun = Date.now();
const note = (arrow, text) => console.log(String(Date.now() - begun).padStart(7), arrow, text);
let socket;

function connect() {
  socket?.close(4000); // no goodbye: the answer under way goes on
  socket = new WebSocket(url);
  socket.onmessage = ({ data }) => note("<", data);
  socket.onclose = ({ code, reason }) => note("x", \`\${code} \${reason}\`);
  return new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
}

for (const [at, frame] of steps) {
  await new Promise((resolve) => setTimeout(resolve, begun + at - Date.now()));
  if (!frame) await connect();
  else {
    note(">", JSON.stringify(frame));
    socket.send(JSON.stringify(frame));
  }
}
`;
