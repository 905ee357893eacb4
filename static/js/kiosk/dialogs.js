// What a screen for many people asks and tells above the chat.

import { button, element } from "../elements.js";
import { label, say } from "../i18n.js";

/** `onStay()` is called when somebody says so. */
export function createDialogs(onStay) {
  const left = Object.assign(element("p"), { id: "kiosk-left" });
  const there = make("kiosk.there", left, button("kiosk.stay", onStay, "big"));
  const address = Object.assign(element("p", "address"), { dir: "ltr", tabIndex: 0 });
  const shut = button("close", () => where.close(), "big");
  const where = make("kiosk.address", address, shut);

  there.setAttribute("role", "alertdialog");
  there.setAttribute("aria-describedby", left.id);
  there.oncancel = (event) => {
    event.preventDefault();
    onStay();
  };

  function ask(seconds) {
    say(left, "kiosk.clears", { seconds });
    if (!there.open) there.showModal();
  }

  function show(text) {
    address.textContent = text;
    if (!where.open) where.showModal();
  }

  function close() {
    for (const each of [there, where]) each.close();
    address.textContent = "";
  }

  return { ask, answered: () => there.close(), show, close };
}

function make(key, ...children) {
  const dialog = label(element("dialog", "kiosk", say(element("h2"), key), ...children), key);
  document.body.append(dialog);
  return dialog;
}
