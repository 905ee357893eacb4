// The bar at the top: the state of the connection in words, and the switches for language and colours.

import { dress, element } from "./elements.js";
import { clear, language, say, switchLanguage } from "./i18n.js";
import { showSnackbar } from "./snackbar.js";
import { choose } from "./storage.js";

const REPLACED = 4500; // a close code: another window has this client's id
const SHOWN_AFTER_MS = 1_500; // a connection that is back by then was never seen to be gone

const root = document.documentElement;
const heading = document.querySelector("h1");
const nodes = ["state", "language", "theme", "display", "new"].map((id) => document.getElementById(id));
const [line, languageButton, themeButton, displayButton, newButton] = nodes;
let later;

/** Shows a state of connection.js. Where that is the end, `reconnect()` is offered. */
export function showState({ name, code, reason }, reconnect) {
  const words = code === REPLACED ? ["ended.4500", "go-on"] : ["ended.other", "call.again"];
  if (name === "ended") showSnackbar(...words, reconnect);
  if ((reason && navigator.onLine) || name !== "waiting") show(name, reason);
  else later ??= setTimeout(() => show(navigator.onLine ? "waiting" : "offline"), SHOWN_AFTER_MS);
}

/** `name` is the app's, where it is known. */
export function showName(name) {
  if (name) {
    clear(heading);
    heading.textContent = name;
  }
  document.title = heading.textContent;
}

function show(name, reason) {
  later = clearTimeout(later);
  line.dataset.state = name;
  say(line, reason ? `reason.${reason}` : `state.${name}`);
}

const otherTheme = () => (root.dataset.theme === "dark" ? "light" : "dark");
const showTheme = () => dress(themeButton, otherTheme(), `theme.${otherTheme()}`);

/** For boot.js and display.js. Where storage is blocked, it holds until the page is left. */
export const remember = (name, value) => choose(`dify-live:${name}`, value);

languageButton.onclick = () => {
  switchLanguage();
  remember("language", language());
};
displayButton.onclick = () => import("./display.js").then(({ openDisplay }) => openDisplay());
themeButton.onclick = () => {
  root.dataset.theme = otherTheme();
  remember("theme", root.dataset.theme);
};
/** Where many people come, who begins anew ends what was said for good: that is told in words. */
function nameNew() {
  if (!("kiosk" in root.dataset)) return dress(newButton, "new", "new");
  newButton.removeAttribute("data-say-label");
  newButton.className = "";
  return newButton.replaceChildren(say(element("span"), "finish"));
}

nameNew();
new MutationObserver(showTheme).observe(root, { attributeFilter: ["data-theme"] });
showTheme();
dress(displayButton, "display", "display");
