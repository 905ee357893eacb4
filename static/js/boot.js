// Before the first paint: whether the page can run, which language, light or dark. A classic script in ECMAScript 3,
// for browsers that cannot read the modules.
(function () {
  var root = document.documentElement;
  // Since Chromium 92, Safari 15.4 and Firefox 98. Without data-stage only #unfit is shown.
  if (!Array.prototype.at || !window.HTMLDialogElement) return;
  root.dataset.stage = "loading";
  addEventListener("load", function () {
    if (root.dataset.stage !== "ready") delete root.dataset.stage; // the modules ran before, if they could
  });

  function loadStyle(name) {
    var link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = "static/" + name + ".css";
    document.head.appendChild(link);
  }
  function stored(name) {
    try {
      return sessionStorage.getItem("dify-live:" + name) || localStorage.getItem("dify-live:" + name); // storage.js
    } catch (error) {
      return null; // storage is blocked
    }
  }
  var asked = new URLSearchParams(location.search);
  var languages = [asked.get("lang"), stored("language")].concat(navigator.languages);
  var known = /(?:^| )(en|zh)\b/i.exec(languages.join(" "));
  root.lang = known && /zh/i.test(known[1]) ? "zh-CN" : "en";

  var dark = matchMedia("(prefers-color-scheme: dark)");
  function applyTheme() {
    root.dataset.theme = stored("theme") || (dark.matches ? "dark" : "light");
  }
  var size = Number(stored("size")) || 100; // percent, chosen in display.js
  root.style.fontSize = size + "%";
  if (size > 100) root.dataset.large = "";
  if (asked.get("keyboard") === "no") root.dataset.without = (root.dataset.without || "") + " keyboard";
  if (asked.has("touch")) root.dataset.touch = "";
  if (asked.get("touch") === "kiosk") root.dataset.kiosk = ""; // within kiosk.js
  if (asked.has("touch") || size > 100 || /\bkeyboard\b/.test(root.dataset.without)) loadStyle("touch");
  dark.addEventListener("change", applyTheme);
  applyTheme();
  if (asked.has("embed")) root.dataset.embedded = "";
})();
