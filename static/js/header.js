// The bar at the top: the state of the connection in words, and the switches for language and colours.

import { dress } from "./elements.js";
import { language, say, switchLanguage } from "./i18n.js";

const EXPLAINED_CODES = [1008, 4500];
const SHOWN_AFTER_MS = 1_500; // a connection that is back by then was never seen to be gone

/** Shows states of connection.js in `node`. */
export function createStateLine(node) {
  let later;

  function show(name, key = `state.${name}`) {
    later = clearTimeout(later);
    node.dataset.state = name;
    say(node, key);
  }

  const showAbsence = () => show(navigator.onLine ? "waiting" : "offline");

  return ({ name, code }) => {
    if (name === "open") show(name);
    else if (name === "ended") show(name, `ended.${EXPLAINED_CODES.includes(code) ? code : "other"}`);
    else later ??= setTimeout(showAbsence, SHOWN_AFTER_MS);
  };
}

export function wireSwitches(languageButton, themeButton) {
  const root = document.documentElement;
  const otherTheme = () => (root.dataset.theme === "dark" ? "light" : "dark");
  const showTheme = () => dress(themeButton, otherTheme(), `theme.${otherTheme()}`);

  languageButton.addEventListener("click", () => {
    switchLanguage();
    remember("language", language());
  });
  themeButton.addEventListener("click", () => {
    root.dataset.theme = otherTheme();
    remember("theme", root.dataset.theme);
  });
  new MutationObserver(showTheme).observe(root, { attributeFilter: ["data-theme"] });
  showTheme();
}

function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // storage is blocked: it holds until the page is left
  }
}
