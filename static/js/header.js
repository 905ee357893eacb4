// The bar at the top: the state of the connection in words, and the switches for language and colours.

import { dress } from "./elements.js";
import { language, LANGUAGES, say, switchLanguage } from "./i18n.js";

const ABSENCES = ["waiting", "offline"];
const SHOWN_AFTER_MS = 1_500; // a connection that is back by then was never seen to be gone

/** Shows states of connection.js in `node`. */
export function createStateLine(node) {
  let absent = "waiting";
  let later;

  function show(name, key) {
    later = clearTimeout(later);
    if (node.dataset.state === name) return;
    node.dataset.state = name;
    say(node, key);
  }

  const showAbsence = () => show(absent, `state.${absent}`);

  return ({ name, code }) => {
    if (name === "connecting") return; // the last words hold: nobody wants to hear of each try
    if (name === "open") return show(name, "state.open");
    if (name === "ended") return show(name, [4500, 1008].includes(code) ? `ended.${code}` : "ended.other");
    absent = name;
    if (ABSENCES.includes(node.dataset.state)) showAbsence();
    else later ??= setTimeout(showAbsence, SHOWN_AFTER_MS);
  };
}

export function wireSwitches(languageButton, themeButton) {
  const root = document.documentElement;

  function showTheme() {
    const other = root.dataset.theme === "dark" ? "light" : "dark";
    dress(themeButton, other, `theme.${other}`);
  }

  languageButton.addEventListener("click", () => {
    const other = LANGUAGES.find((lang) => lang !== language());
    remember("language", other);
    switchLanguage(other);
  });
  themeButton.addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    remember("theme", root.dataset.theme);
  });
  new MutationObserver(showTheme).observe(root, { attributeFilter: ["data-theme"] });
  showTheme();
}

function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // storage is switched off: it holds until the page is left
  }
}
