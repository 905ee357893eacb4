// A chat bubble for any page: <script src="https://chat.example.com/static/js/embed.js" defer></script>
// The service must allow the page's origin in FRAME_ANCESTORS. Attributes of the script tag: data-label names the
// button, data-lang is "en" or "zh-CN", data-side is "left" or "right", data-color a CSS colour. A classic script: it
// knows where it came from. The page drives it by window.difyLive: open(), close(), ask(text), reset(), on(event, …).
// Where users must prove who they are: data-token, or window.difyLive = { token: async () => "…" }, asked when needed.
// In ECMAScript 2018: a browser too old for the chat opens it, too, and is told so there.
{
  const script = document.currentScript;
  const DEFAULT_COLOR = "#0f6a73";
  const EVENTS = ["ready", "open", "close", "question", "answer", "error", "unread", "reset"];
  const service = new URL("../..", script.src);
  const { origin } = service;
  const { label, side, color, lang = document.documentElement.lang || navigator.language } = script.dataset;
  const words = /^zh/i.test(lang)
    ? { open: "打开聊天", close: "关闭聊天", frame: "聊天", unread: (count) => `${count} 条新回答` }
    : { open: "Open the chat", close: "Close the chat", frame: "Chat", unread: (count) => `New answers: ${count}` };
  const bubble = "M7 4h10a3 3 0 0 1 3 3v7a3 3 0 0 1-3 3h-4l-5 4v-4H7a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3z";
  const cross = "M6 6l12 12M18 6L6 18";
  const small = matchMedia("(max-width: 30rem), (max-height: 25rem)"); // there it is a sheet over all of the window

  /** Red, green and blue, 0 to 255; the default's where it is no opaque sRGB colour. */
  const channelsOf = (wanted) => {
    const context = document.createElement("canvas").getContext("2d");
    context.fillStyle = DEFAULT_COLOR;
    context.fillStyle = wanted; // stays what it is where it is given none
    const hex = /^#\w{6}$/.test(context.fillStyle) ? context.fillStyle : DEFAULT_COLOR;
    return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  };

  /** WCAG 2, relative luminance. */
  const linear = (each) => (each <= 10 ? each / 3294.6 : ((each / 255 + 0.055) / 1.055) ** 2.4);
  const luminanceOf = ([red, green, blue]) => 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  const channels = channelsOf(color || DEFAULT_COLOR);
  const isDark = luminanceOf(channels) < 0.179; // white has more contrast with it than black
  const ink = isDark ? "#fff" : "#000";
  const paper = `rgb(${channels})`;
  const hovered = `rgb(${channels.map((each) => Math.round(isDark ? each * 0.77 : each + (255 - each) * 0.4))})`;

  // In style objects: a page's own Content-Security-Policy need not allow inline styles.
  const place = `position: fixed; z-index: 2147483000; ${side === "left" ? "left" : "right"}: 1rem;`;
  const round = `${place}
    bottom: max(1rem, env(safe-area-inset-bottom)); width: 3.5rem; height: 3.5rem; padding: 0;
    border: 2px solid transparent; border-radius: 50%; outline-offset: 3px; color: ${ink}; line-height: 0;
    box-shadow: 0 4px 16px rgb(0 0 0 / 25%); cursor: pointer;`;
  const wide = `${place}
    bottom: 5.5rem; width: min(25rem, 100% - 2rem); height: min(40rem, 100% - 7rem); border: 1px solid #7b8994;
    border-radius: 1rem; background: Canvas; box-shadow: 0 8px 40px rgb(0 0 0 / 25%); overflow: hidden;`;
  const sheet = `position: fixed; z-index: 2147483000; left: 0; width: 100%; box-sizing: border-box;
    flex-direction: column; padding: env(safe-area-inset-top) env(safe-area-inset-right) env(safe-area-inset-bottom)
    env(safe-area-inset-left); background: ${paper};`;
  const bar = `display: flex; align-items: center; justify-content: space-between; flex: none; padding-left: 1rem;
    color: ${ink}; font: 600 1rem/1.4 system-ui, sans-serif;`;
  const closer = `flex: none; width: 3rem; height: 2.75rem; padding: 0; border: 0; outline-offset: -4px;
    background: none; color: inherit; line-height: 0; cursor: pointer;`;
  const dot = `${place}
    bottom: calc(max(1rem, env(safe-area-inset-bottom)) + 2.5rem); min-width: 1.375rem; margin: 0 -.375rem;
    padding: 0 .25rem; box-sizing: border-box; border-radius: .75rem; background: #b3261e; color: #fff;
    font: 700 .8125rem/1.375rem system-ui, sans-serif; text-align: center;
    box-shadow: 0 0 0 2px #fff; pointer-events: none;`;
  const unseen = "position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);";

  const make = (tag, style, ...children) => {
    const node = document.createElement(tag);
    node.style.cssText = style;
    node.append(...children);
    return node;
  };
  const draw = () => {
    const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.style.cssText = "width: 1.625rem; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round";
    svg.append(path);
    return svg;
  };
  const name = (node, text) => {
    node.title = text;
    node.setAttribute("aria-label", text);
  };

  const badge = make("span", dot);
  const button = make("button", round, draw());
  const close = make("button", closer, draw());
  const head = make("div", bar, make("span", "", label || words.frame), close);
  const frame = make("iframe", "display: block; flex: 1; width: 100%; height: 100%; min-height: 0; border: 0");
  const panel = make("div", wide, head, frame);
  const status = make("span", unseen);
  const host = make("div", "all: initial !important");
  button.type = close.type = "button";
  badge.setAttribute("aria-hidden", "true"); // the button's name has it
  status.setAttribute("role", "status");
  panel.setAttribute("role", "dialog");
  panel.setAttribute("aria-label", label || words.frame);
  name(close, words.close);
  close.querySelector("path").setAttribute("d", cross);
  frame.title = words.frame;
  frame.allow = "microphone; autoplay; clipboard-write; screen-wake-lock";

  let isOpen = false;
  let isReady = false;
  let isShown = false; // the frame has said anything
  let unread = 0;
  let opener; // what had the focus before
  let overflow = null; // of the page around, while a sheet covers it
  const waiting = []; // messages, until the chat can take them
  const handlers = new Map(EVENTS.map((event) => [event, new Set()]));

  const emit = (event, detail = {}) => {
    for (const handler of handlers.get(event)) Promise.resolve(detail).then(handler); // whose faults stay its own
  };

  const lockScroll = (isLocked) => {
    const { style } = document.documentElement;
    if (isLocked === (overflow !== null)) return;
    const before = overflow;
    overflow = isLocked ? [style.getPropertyValue("overflow"), style.getPropertyPriority("overflow")] : null;
    if (isLocked) style.setProperty("overflow", "hidden", "important");
    else style.setProperty("overflow", ...before);
  };

  /** A sheet is as high as what a keyboard on the screen leaves of the window, unless somebody zooms in. */
  const fit = () => {
    const isSheet = small.matches;
    const { height, offsetTop, scale } = window.visualViewport || { scale: 0 };
    const box = scale === 1 ? `top: ${offsetTop}px; height: ${height}px` : "top: 0; height: 100%";
    panel.style.cssText = isSheet ? sheet + box : wide;
    panel.style.display = isOpen ? (isSheet ? "flex" : "block") : "none";
    head.style.display = isSheet ? "flex" : "none";
    button.style.display = isOpen && isSheet ? "none" : "block";
    panel.setAttribute("aria-modal", isSheet);
    lockScroll(isOpen && isSheet);
  };

  const show = () => {
    status.textContent = unread ? words.unread(unread) : "";
    const title = isOpen ? words.close : label || words.open;
    name(button, unread ? `${title} (${status.textContent})` : title);
    button.setAttribute("aria-expanded", isOpen);
    button.querySelector("path").setAttribute("d", isOpen ? cross : bubble);
    badge.textContent = unread > 99 ? "99+" : unread;
    badge.style.display = unread ? "block" : "none";
    fit();
  };
  const paint = (isHovered) => (button.style.backgroundColor = isHovered ? hovered : paper);

  const count = (number) => {
    if (number === unread) return;
    unread = number;
    show();
    emit("unread", { count: unread });
  };

  /** To the service's own page alone, wherever the frame may have gone. */
  const post = (message) => frame.contentWindow.postMessage(message, origin);

  const send = (message) => (isReady ? post(message) : waiting.push(message));

  /** The chat is loaded when it is first wanted; then it stays, and so does the conversation. */
  const load = () => {
    if (!frame.src) frame.src = `${service}chat?${new URLSearchParams({ embed: 1, lang })}`;
  };

  const open = () => {
    load();
    if (isOpen) return;
    opener = document.activeElement;
    isOpen = true;
    show();
    count(0);
    frame.focus();
    emit("open");
  };

  /** The focus goes back to where it was, unless it is in the page around already. */
  const hide = () => {
    if (!isOpen) return;
    const hadFocus = [host, document.body, null].includes(document.activeElement);
    isOpen = false;
    post("dify-live:closed"); // nobody speaks or listens out of sight
    show();
    const isLost = [host, document.body, null].includes(opener) || !opener.isConnected;
    if (hadFocus) (isLost ? button : opener).focus();
    emit("close");
  };

  const ask = (text) => {
    if (typeof text !== "string" || !text.trim()) throw new TypeError("difyLive.ask() takes a text");
    open();
    send({ type: "dify-live:ask", text });
  };

  /** Also of a conversation that this tab kept, of which the chat is not loaded yet. */
  const reset = () => {
    load();
    send({ type: "dify-live:reset" });
    count(0);
  };

  const on = (event, handler) => {
    if (!handlers.has(event)) throw new TypeError(`difyLive has no event "${event}": there are ${EVENTS.join(", ")}`);
    if (typeof handler !== "function") throw new TypeError(`difyLive.on("${event}") takes a function, too`);
    handlers.get(event).add(handler);
    if (event === "ready" && isReady) Promise.resolve({}).then(handler);
    return () => handlers.get(event).delete(handler);
  };

  const api = Object.assign({}, window.difyLive, { open, close: hide, ask, reset, on });
  const set = (given) => Object.assign(api, given); // a token, perhaps: the rest stays
  Object.defineProperty(window, "difyLive", { configurable: true, get: () => api, set });

  const tokenOfUser = async () => {
    const { token = script.dataset.token } = api;
    return typeof token === "function" ? token() : token;
  };

  /** Without a token it says so, and is asked again. */
  const sendToken = async () => post({ type: "dify-live:token", token: await tokenOfUser().catch(console.warn) });

  const receive = ({ event, detail }) => {
    isReady = true;
    waiting.splice(0).forEach(post);
    if (handlers.has(event)) emit(event, detail);
    if (event === "answer" && !isOpen && detail.status !== "stopped") count(unread + 1);
  };

  /** It may have been loaded anew. */
  const greet = () => {
    isReady = false;
    post({ type: "dify-live:hello" });
  };

  /** A browser says nothing that a script hears where the frame is refused, and shows a page of its own. */
  const hint = () => isShown || console.warn(`No chat: does ${service} run, with ${location.origin} in FRAME_ANCESTORS?`);
  frame.addEventListener("load", () => frame.src && setTimeout(hint, 3000));

  button.addEventListener("click", () => (isOpen ? hide() : open()));
  close.addEventListener("click", hide);
  for (const type of ["mouseenter", "mouseleave"]) button.addEventListener(type, () => paint(type === "mouseenter"));
  addEventListener("resize", fit);
  for (const type of ["resize", "scroll"]) (window.visualViewport || window).addEventListener(type, fit);
  addEventListener("focusin", ({ target }) => isOpen && small.matches && target !== host && close.focus());
  addEventListener("keydown", (event) => {
    const isComposing = event.isComposing || event.keyCode === 229; // it closes an input method's window
    if (event.key === "Escape" && !isComposing && isOpen && !event.defaultPrevented) hide();
  });
  addEventListener("message", ({ source, origin: from, data }) => {
    if (source !== frame.contentWindow || from !== origin) return;
    isShown = true;
    if (data === "dify-live:open") greet();
    if (data === "dify-live:close") hide();
    if (data && data.type === "dify-live:token") sendToken();
    if (data && data.type === "dify-live:event") receive(data);
  });

  paint(false);
  show();
  host.attachShadow({ mode: "open" }).append(button, badge, panel, status);
  document.body.append(host);
}
