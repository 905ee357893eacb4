// What would lead away from a screen for many people.

/** In this document a link tells its address by `show(address)`; nothing is dragged, opened by a menu, or copied. */
export function guard(target, show) {
  const on = (type, act) => target.addEventListener(type, act, true);

  function follow(event) {
    const link = event.target.closest?.("a[href]");
    if (!link || staysHere(link)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    show(readable(link.href));
  }

  for (const type of ["click", "auxclick"]) on(type, follow);
  for (const type of ["contextmenu", "dragstart", "copy", "cut"]) on(type, (event) => event.preventDefault());
}

/** It leads to a place on the page, or shows a picture in it. */
function staysHere(link) {
  const isPicture = link.classList.contains("picture") && !link.querySelector("img");
  return isPicture || link.getAttribute("href").startsWith("#");
}

function readable(address) {
  try {
    return decodeURI(address);
  } catch {
    return address;
  }
}
