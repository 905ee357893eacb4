/**
 * A screen that many people use, one after the other: an attract screen, and behind it the chat page in a frame that is
 * thrown away when nobody uses it any more. This page itself knows nothing of a person but the token that the service
 * is told to forget.
 */

import { subjectOf } from "../access-token.js";
import { randomId } from "../frames.js";
import { clear, learn, sayAll } from "../i18n.js";
import { socketUrl } from "../connection.js";
import { element, hasKeyboard } from "../elements.js";
import { createMarkdownRenderer } from "../markdown-renderer.js";
import { load } from "../storage.js";
import { en, zh } from "../translations.js";
import { createWakeLock } from "../voice/wake-lock.js";
import { createDialogs } from "./dialogs.js";
import { createDisposableChat } from "./disposable-chat.js";
import { createForgetting } from "./forgetting.js";
import { guard } from "./guard.js";
import { createIdleWatch, periodOf } from "./idle.js";
import { createListening } from "./listening.js";
import { words } from "./translations.js";

const TICK_MS = 1_000;
const SETTLE_MS = 50; // a frame that was removed may still save what it had
const FULL_SCREEN = ["requestFullscreen", "webkitRequestFullscreen"]; // the latter in Safari before 16.4
const LONGEST_PAUSE_TICKS = 60; // between two tries
const RELOAD_AFTER_MS = 60_000; // while a new version comes up, old processes answer, too

const byId = (id) => document.getElementById(id);
const [attract, begin, greeting, away] = ["attract", "begin", "greeting", "away"].map(byId);
const root = document.documentElement;
const isFramed = parent !== window;
const isGreetedTwice = Boolean(greeting.dataset.en && greeting.dataset.zh);
const asked = new URLSearchParams(location.search).get("kiosk");
const seconds = periodOf(asked);
let accessToken; // of who is here, as the site around this page last said
let chat = null; // none for a moment, after a reset
let inUse = false;
let lacking = ""; // what the app requires, and nobody can fill in
let tries = 0;
let pause = 0; // ticks until the next

learn(words);
if (String(seconds) !== asked) console.warn(`kiosk=${asked}: taken as ${seconds} seconds, of 15 to 3600`);

const dialogs = createDialogs(() => idle.used());
const clocks = () => [Date.now(), performance.now()];
const idle = createIdleWatch({ seconds, now: clocks, onAsk: dialogs.ask, onBack: dialogs.answered, onOver: reset });
const listening = createListening(navigator, () => performance.now());
const keepAwake = createWakeLock(() => true);
const connect = () => new WebSocket(socketUrl(location, randomId()));
const forgetting = createForgetting({ connect, accessToken: () => accessToken });

// One person after the other

/** Whatever was said, chosen or begun is gone, here and at the service. */
function reset() {
  if (!chat) return;
  const person = { token: load("token", null), accessToken };
  accessToken = undefined;
  listening.saw(chat.hears());
  cover(true);
  chat.remove();
  chat = null;
  globalThis.speechSynthesis?.cancel();
  setTimeout(prepare, SETTLE_MS, person);
}

function prepare(person) {
  dropPerson();
  forgetting.keep();
  if (person.token) forgetting.add(person);
  chat = createDisposableChat({ onUsed: idle.used, onDone: () => setTimeout(reset), show: dialogs.show });
}

/** What this tab keeps: what they said, and what they chose. */
function dropPerson() {
  try {
    sessionStorage.clear();
  } catch {}
}

function cover(isOn) {
  inUse = !isOn;
  attract.hidden = !isOn;
  begin.disabled = isOn;
  root.toggleAttribute("data-covered", isOn);
  dialogs.close();
  idle.used();
  getSelection()?.removeAllRanges();
}

/** By a tap: so sound, microphone and full screen are allowed. */
function start() {
  if (!chat?.isReady()) return;
  cover(false);
  fillScreen();
  chat.start(listening.works());
}

function fillScreen() {
  const enter = FULL_SCREEN.find((name) => name in root);
  if (enter && !isFramed && matchMedia("(display-mode: browser)").matches) root[enter]()?.catch(() => {});
}

// Once a second

function tick() {
  if (!chat) return;
  follow();
  if (inUse) attend();
  else lookAfter();
}

/** The language, the colours and the size of the text of the chat are those of what stands above it. */
function follow() {
  const { lang, dataset, style } = chat.root() ?? {};
  if (style) root.style.fontSize = style.fontSize;
  if (dataset?.theme) root.dataset.theme = dataset.theme;
  if (!lang || lang === root.lang) return;
  root.lang = lang;
  sayAll();
}

function attend() {
  listening.saw(chat.hears());
  idle.tick(chat.isBusy());
  chat?.reconnect();
}

/** Nobody is here: what is old or broken is replaced. */
function lookAfter() {
  const isReady = chat.isReady();
  begin.disabled = !isReady;
  if (isReady) welcome();
  else if (!lacking) sayTwice(away, chat.isSpent() ? "kiosk.away" : "kiosk.wait");
  if (isReady && !lacking) tries = pause = 0;
  else if ((lacking || chat.isSpent()) && (pause -= 1) <= 0) replace(); // the app may have been changed meanwhile
}

function replace() {
  pause = Math.min(LONGEST_PAUSE_TICKS, 2 ** Math.min(tries, 6));
  tries += 1;
  reset();
}

function welcome() {
  const isOther = chat.version() !== root.dataset.version;
  if (isOther && performance.now() > RELOAD_AFTER_MS) return location.reload(); // it was reached a moment ago
  byId("name").textContent = chat.find("h1").textContent;
  if (isUsable()) offer();
  if (isGreetedTwice) return;
  const said = chat.find("#welcome .greeting");
  if (said?.dataset.sayText) return sayTwice(greeting, "welcome");
  if (said && greeting.textContent !== said.textContent) {
    greeting.replaceChildren(...Array.from(said.childNodes, (node) => document.importNode(node, true)));
  }
}

/** Nobody is let into a form that could never be sent. */
function isUsable() {
  const names = chat.lacks();
  if (names !== lacking && names) console.warn(`The app requires ${names}: this cannot be filled in on such a screen.`);
  lacking = names;
  begin.hidden = Boolean(names);
  if (names) sayTwice(away, "kiosk.lacks");
  return !names;
}

/** What a touch begins: a call, or typing where this device cannot listen. Where one cannot type either, it is said. */
function offer() {
  const canListen = listening.works();
  const way = canListen ? "talk" : hasKeyboard ? "type" : "begin";
  sayTwice(begin, `kiosk.${chat.hasCalls() ? way : "begin"}`);
  if (hasKeyboard || (canListen && chat.hasSpeech())) clear(away);
  else sayTwice(away, "kiosk.deaf");
}

function greetTwice() {
  for (const [lang, words] of Object.entries(greeting.dataset)) {
    const part = Object.assign(element("div"), { lang });
    createMarkdownRenderer(part).render(words);
    greeting.append(part);
  }
}

/** In both languages, since nobody has chosen one. */
function sayTwice(node, key) {
  node.firstElementChild?.textContent === en[key] || node.replaceChildren(line("en", en[key]), line("zh-CN", zh[key]));
}

const line = (lang, words) => Object.assign(element("span", "", words), { lang });

// The site around this page, if there is one, and the chat page tell each other who the user is.

addEventListener("message", ({ source, data }) => {
  if (!isFramed || data?.type !== "dify-live:token") return;
  if (source === parent) introduced(data);
  else if (chat?.isSource(source)) parent.postMessage(data, "*");
});

/** Perhaps another person. */
function introduced(data) {
  if (data.token && accessToken && subjectOf(data.token) !== subjectOf(accessToken)) reset();
  accessToken = data.token || accessToken;
  chat?.post(data);
}

begin.onclick = start;
begin.addEventListener("click", keepAwake, { once: true }); // some browsers wait for a tap
for (const type of ["pointerdown", "keydown"]) document.addEventListener(type, idle.used, true);
addEventListener("pageshow", ({ persisted }) => persisted && reset());
guard(document, dialogs.show);
if (isGreetedTwice) greetTwice();
sayAll();
root.dataset.stage &&= "ready";
cover(true);
prepare({ token: load("token", null) }); // of a person whose page broke off
keepAwake();
setInterval(tick, TICK_MS);
