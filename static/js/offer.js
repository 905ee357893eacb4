// Lines above the field, each with a button: what can be done about something, or undone.

import { button, element } from "./elements.js";
import { say } from "./i18n.js";

const LINGER_MS = 1_000;

const place = document.getElementById("offers");

/**
 * Says `words` (a key), and offers `action` by a button named `key`: once, and for `ms` milliseconds where that is
 * given. Returns what takes the offer back.
 */
export function offer(words, key, action, ms) {
  const line = element("p", "", say(element("span"), words), button(key, take));
  const withdraw = () => line.remove();

  function take() {
    withdraw();
    action();
  }

  /** Not under the hand of somebody who is about to take it. */
  function expire() {
    if (line.matches(":hover, :focus-within")) setTimeout(expire, LINGER_MS);
    else withdraw();
  }

  place.append(line);
  if (ms) setTimeout(expire, ms);
  return withdraw;
}
