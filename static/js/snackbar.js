// Lines above the field, each with a button: what can be done about something, or undone.

import { button, element } from "./elements.js";
import { say } from "./i18n.js";

const LINGER_MS = 1_000;

const bar = document.getElementById("snackbars");

/**
 * Says `words` (a key), and offers `action` by a button named `key`: once, and for `ms` milliseconds where that is
 * given. Returns what removes it.
 */
export function showSnackbar(words, key, action, ms) {
  const line = element("p", "", say(element("span"), words), button(key, take));
  const remove = () => line.remove();

  function take() {
    remove();
    action();
  }

  /** Not under the hand of somebody who is about to take it. */
  function expire() {
    if (line.matches(":hover, :focus-within")) setTimeout(expire, LINGER_MS);
    else remove();
  }

  bar.append(line);
  if (ms) setTimeout(expire, ms);
  return remove;
}
