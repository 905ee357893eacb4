// Tells in the tab's title, and on the app's icon, how many answers came while nobody looked.

export function watchAttention() {
  let count = 0;
  let name = document.title; // otherwise

  function show() {
    document.title = count ? `(${count}) ${name}` : name;
    if (count) navigator.setAppBadge?.(count).catch(() => {});
    else navigator.clearAppBadge?.().catch(() => {});
  }

  document.addEventListener("turn:ended", ({ detail: { status } }) => {
    if (!document.hidden || status === "stopped") return;
    if (!count++) name = document.title;
    show();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || !count) return;
    count = 0;
    show();
  });
}
