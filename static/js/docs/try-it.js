// "Try it" on the page of the reference: a connection by hand, with all that goes over it.

import { createConversation } from "./conversation.js";

const LOST = 4000; // a close code that is no goodbye: the service lets the answer go on
const MOST_LINES = 500;
const UNKNOWN = { conversation_id: undefined, inputs: undefined, files: undefined }; // those of this app
const WAYS = { open: "connected", in: "received", out: "sent", close: "closed" };

const form = document.getElementById("try-form");
const log = document.getElementById("try-log");
const status = document.getElementById("try-state");
const { client, token, user, example, frame, connect, lose, again, send, save, clear } = form.elements;
const options = [...form.querySelectorAll("[data-field]")];
const conversation = createConversation();
let socket = null;
let begun = 0;

const address = () => new URL(`ws/chat${client.value ? `/${encodeURIComponent(client.value)}` : ""}`, location);
const url = () => address().href.replace("http", "ws");
const isOpen = () => socket?.readyState === WebSocket.OPEN;

// The connection

function open(goesOn) {
  close(LOST);
  const own = (socket = new WebSocket(url()));
  begun ||= performance.now();
  conversation.connected(performance.now() - begun);
  say("Connecting …");
  own.onopen = () => opened(goesOn);
  own.onmessage = ({ data }) => received(data);
  own.onclose = ({ code, reason }) => closed(own, code, reason);
  update();
}

function opened(goesOn) {
  say("Connected.");
  note("open", url());
  if (user.value) write({ type: "auth", token: user.value });
  const resumed = goesOn ? conversation.resume() : token.value && { type: "resume", token: token.value };
  if (resumed) write(resumed);
  update();
}

function received(data) {
  note("in", data);
  const heard = parsed(data);
  if (!heard) return;
  conversation.received(heard);
  if (heard.resume_token) token.value ||= heard.resume_token;
}

function closed(own, code, reason) {
  note("close", `${code} ${reason}`.trim());
  if (own !== socket) return;
  socket = null;
  say(`Closed: ${code}. ${reason}`);
  update();
}

function close(code) {
  socket?.close(code);
}

// Frames

function write(each) {
  const text = JSON.stringify(each);
  socket.send(text);
  conversation.sent(each, performance.now() - begun);
  note("out", text);
}

function submit() {
  const each = parsed(frame.value);
  if (!each) return say("This is not JSON: nothing was sent.");
  if (isOpen()) write(each);
  return update();
}

/** Null for what is no JSON object. */
function parsed(text) {
  try {
    const value = JSON.parse(text);
    return value && typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

/** The example that was chosen, with the token of this connection, an id of its own, and what is ticked. */
function showExample() {
  const each = JSON.parse(example.value);
  if ("token" in each && each.type === "resume") each.token = token.value || each.token;
  if (each.type === "chat") Object.assign(each, { id: `q${Date.now().toString(36)}`, ...UNKNOWN });
  for (const { dataset, checked } of options) {
    if (["chat", "form"].includes(each.type)) each[dataset.field] = checked || undefined;
  }
  frame.value = JSON.stringify(each, null, 2);
}

// What is to be seen

function note(way, text) {
  const line = document.createElement("div");
  const at = (performance.now() - begun).toFixed(0);
  line.append(...[["span", `${at} ms`], ["b", WAYS[way]], ["code", text]].map(([name, words]) => node(name, words)));
  line.dataset.way = way;
  const follows = log.scrollHeight - log.scrollTop - log.clientHeight < 8;
  log.append(line);
  if (log.children.length > MOST_LINES) log.firstChild.remove();
  if (follows) log.scrollTop = log.scrollHeight;
}

const node = (name, textContent) => Object.assign(document.createElement(name), { textContent });

function say(words) {
  status.textContent = words;
}

function update() {
  const isOn = isOpen();
  [connect.disabled, lose.disabled, send.disabled] = [isOn, !isOn, !isOn];
  again.disabled = isOn || !conversation.resume();
  save.disabled = !begun;
}

function download() {
  const file = URL.createObjectURL(new Blob([conversation.script(url())], { type: "text/javascript" }));
  Object.assign(document.createElement("a"), { href: file, download: "dify-live.mjs" }).click();
  setTimeout(URL.revokeObjectURL, 1_000, file);
}

form.onsubmit = (event) => {
  event.preventDefault();
  submit();
};
frame.onkeydown = (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  submit();
};
connect.onclick = () => open(false);
again.onclick = () => open(true);
lose.onclick = () => close(LOST);
save.onclick = download;
clear.onclick = () => log.replaceChildren();
example.onchange = showExample;
for (const option of options) option.onchange = showExample;
addEventListener("pagehide", () => close(1_000));
showExample();
update();
form.hidden = false;
