// What would lead away from a screen for many people.

const EDITING = "avz"; // all, paste, undo: in the field

/**
 * In this document a link tells its address by `show(address)`; nothing is dragged, opened by a menu, copied, printed or
 * saved, and no key with Ctrl does more than edit.
 */
export function guard(target, show) {
  const on = (type, act) => target.addEventListener(type, act, true);

  function follow(event) {
    const link = event.target.closest?.("a[href]");
    if (!link || staysHere(link)) return;
    refuse(event);
    show(readable(link.href));
  }

  function refuse(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  for (const type of ["click", "auxclick"]) on(type, follow);
  for (const type of ["contextmenu", "dragstart", "dragover", "drop", "copy", "cut"]) on(type, refuse);
  on("paste", (event) => event.clipboardData?.files.length && refuse(event));
  on("keydown", (event) => isShortcut(event) && refuse(event));
}

const isShortcut = ({ key, ctrlKey, metaKey, altKey, shiftKey }) =>
  (ctrlKey || metaKey) && key.length === 1 && !altKey && (shiftKey || !EDITING.includes(key.toLowerCase()));

/** It leads to a place on the page, or shows a picture in it. */
function staysHere(link) {
  const isPicture = link.classList.contains("picture") && !link.querySelector("img");
  return isPicture || link.getAttribute("href").startsWith("#");
}

function readable(address) {
  try {
    return decodeURI(address).replace(/^mailto:/, "");
  } catch {
    return address;
  }
}
