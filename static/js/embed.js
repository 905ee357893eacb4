// A chat bubble for any page: <script src="https://chat.example.com/static/js/embed.js" defer></script>
// The service must allow the page's origin in FRAME_ANCESTORS. Attributes of the script tag: data-label names the
// button, data-lang is "en" or "zh-CN", data-side is "left" or "right". A classic script: it knows where it came from.
// Where users must prove who they are: data-token, or window.difyLive = { token: async () => "…" }, asked when needed.
// In ECMAScript 2018: a browser too old for the chat opens it, too, and is told so there.
{
  const script = document.currentScript;
  const service = new URL("../..", script.src);
  const { origin } = service;
  const { label, side, lang = document.documentElement.lang || navigator.language } = script.dataset;
  const words = /^zh/i.test(lang)
    ? { open: "打开聊天", close: "关闭聊天", frame: "聊天" }
    : { open: "Open the chat", close: "Close the chat", frame: "Chat" };
  const bubble = "M7 4h10a3 3 0 0 1 3 3v7a3 3 0 0 1-3 3h-4l-5 4v-4H7a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3z";
  const cross = "M6 6l12 12M18 6L6 18";

  // In style objects: a page's own Content-Security-Policy need not allow inline styles.
  const place = `position: fixed; z-index: 2147483000; ${side === "left" ? "left" : "right"}: 1rem;`;
  const round = `${place}
    bottom: max(1rem, env(safe-area-inset-bottom)); width: 3.5rem; height: 3.5rem; padding: 0;
    border: 2px solid transparent; border-radius: 50%; outline-offset: 3px; color: #fff; line-height: 0;
    box-shadow: 0 4px 16px rgb(0 0 0 / 25%); cursor: pointer;`;
  const wide = `${place}
    bottom: 5.5rem; width: min(25rem, 100% - 2rem); height: min(40rem, 100% - 7rem); border: 1px solid #7b8994;
    border-radius: 1rem; background: Canvas; box-shadow: 0 8px 40px rgb(0 0 0 / 25%);`;
  const narrow = `${wide} left: 0; width: 100%; height: calc(100% - 5.5rem); border-radius: 0;`;

  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  const [button, frame] = ["button", "iframe"].map((tag) => document.createElement(tag));
  host.style.cssText = "all: initial !important";
  button.style.cssText = round;
  button.type = "button";
  frame.title = words.frame;
  frame.allow = "microphone; autoplay; clipboard-write; screen-wake-lock";

  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.style.cssText = "width: 1.625rem; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round";
  svg.append(path);
  button.append(svg);

  const paint = (isHovered) => (button.style.backgroundColor = isHovered ? "#0a5159" : "#0f6a73");
  const fit = () => (frame.style.cssText = matchMedia("(max-width: 30rem)").matches ? narrow : wide);

  const show = (isOpen) => {
    frame.hidden = !isOpen;
    button.title = isOpen ? words.close : label || words.open;
    button.setAttribute("aria-label", button.title);
    button.setAttribute("aria-expanded", isOpen);
    path.setAttribute("d", isOpen ? cross : bubble);
  };

  /** The chat is loaded when it is first wanted; then it stays, and so does the conversation. */
  const toggle = (isOpen) => {
    if (isOpen && !frame.src) frame.src = `${service}chat?${new URLSearchParams({ embed: 1, lang })}`;
    if (!isOpen) frame.contentWindow.postMessage("dify-live:closed", origin); // nobody speaks or listens out of sight
    show(isOpen);
    (isOpen ? frame : button).focus();
  };

  const tokenOfUser = async () => {
    const { token = script.dataset.token } = window.difyLive;
    return typeof token === "function" ? token() : token;
  };

  /** To the service's own page alone, wherever the frame may have gone. Without a token it says so, and asks again. */
  const sendToken = async () => {
    const token = await tokenOfUser().catch((error) => console.warn(error));
    frame.contentWindow.postMessage({ type: "dify-live:token", token }, origin);
  };

  /** A browser says nothing that a script hears where the frame is refused, and shows a page of its own. */
  let isShown = false;
  const hint = () => isShown || console.warn(`No chat: does ${service} run, with ${location.origin} in FRAME_ANCESTORS?`);
  frame.addEventListener("load", () => frame.src && setTimeout(hint, 3000));

  button.addEventListener("click", () => toggle(frame.hidden));
  button.addEventListener("mouseenter", () => paint(true));
  button.addEventListener("mouseleave", () => paint(false));
  addEventListener("resize", fit);
  addEventListener("keydown", (event) => {
    const isComposing = event.isComposing || event.keyCode === 229; // it closes an input method's window
    if (event.key === "Escape" && !isComposing && !frame.hidden && !event.defaultPrevented) toggle(false);
  });
  addEventListener("message", ({ source, origin: from, data }) => {
    if (source !== frame.contentWindow || from !== origin) return;
    isShown = true;
    if (data === "dify-live:close") toggle(false);
    if (data && data.type === "dify-live:token") sendToken();
  });

  window.difyLive = window.difyLive || {};

  paint(false);
  fit();
  show(false);
  root.append(frame, button);
  document.body.append(host);
}
