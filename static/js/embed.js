// A chat bubble for any page: <script src="https://chat.example.com/static/js/embed.js" defer></script>
// The service must allow the page's origin in FRAME_ANCESTORS. Attributes of the script tag: data-label names the
// button, data-lang is "en" or "zh-CN", data-side is "left" or "right". A classic script: it knows where it came from.
{
  const script = document.currentScript;
  const { origin } = new URL(script.src);
  const { label, side, lang = document.documentElement.lang || navigator.language } = script.dataset;
  const words = /^zh/i.test(lang)
    ? { open: "打开聊天", close: "关闭聊天", frame: "聊天" }
    : { open: "Open the chat", close: "Close the chat", frame: "Chat" };
  const bubble = "M7 4h10a3 3 0 0 1 3 3v7a3 3 0 0 1-3 3h-4l-5 4v-4H7a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3z";
  const cross = "M6 6l12 12M18 6L6 18";
  const inset = side === "left" ? "1rem auto" : "auto 1rem";

  // In a style sheet object: a page's own Content-Security-Policy need not allow inline styles.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { all: initial; }
    button, iframe { position: fixed; z-index: 2147483000; inset-inline: ${inset}; }
    button {
      bottom: max(1rem, env(safe-area-inset-bottom)); width: 3.5rem; height: 3.5rem; padding: 0; cursor: pointer;
      border: 2px solid transparent; border-radius: 50%; background: #0f6a73; color: #fff;
      box-shadow: 0 4px 16px rgb(0 0 0 / 25%);
    }
    button:hover { background: #0a5159; }
    button:focus-visible { outline: 3px solid #0f6a73; outline-offset: 3px; }
    svg { width: 1.625rem; vertical-align: middle; }
    path { fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; }
    iframe {
      bottom: 5.5rem; width: min(25rem, 100vw - 2rem); height: min(40rem, 100dvh - 7rem); border: 1px solid #7b8994;
      border-radius: 1rem; background: Canvas; box-shadow: 0 8px 40px rgb(0 0 0 / 25%);
    }
    [hidden] { display: none; }
    @media (max-width: 30rem) {
      iframe { inset: 0 0 5.5rem; width: 100%; height: calc(100dvh - 5.5rem); border-radius: 0; }
    }
  `);

  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheet];
  const [button, frame] = ["button", "iframe"].map((tag) => document.createElement(tag));
  button.type = "button";
  frame.title = words.frame;
  frame.allow = "microphone; autoplay; clipboard-write; screen-wake-lock";

  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.ariaHidden = "true";
  svg.append(path);
  button.append(svg);

  const show = (isOpen) => {
    frame.hidden = !isOpen;
    button.ariaExpanded = isOpen;
    button.ariaLabel = button.title = isOpen ? words.close : (label ?? words.open);
    path.setAttribute("d", isOpen ? cross : bubble);
  };

  /** The chat is loaded when it is first wanted; then it stays, and so does the conversation. */
  const toggle = (isOpen) => {
    if (isOpen) frame.src ||= `${origin}/chat?embed=1&lang=${encodeURIComponent(lang)}`;
    show(isOpen);
    (isOpen ? frame : button).focus();
  };

  button.addEventListener("click", () => toggle(frame.hidden));
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !frame.hidden && !event.defaultPrevented) toggle(false);
  });
  addEventListener("message", ({ source, origin: from, data }) => {
    if (source === frame.contentWindow && from === origin && data === "dify-live:close") toggle(false);
  });

  show(false);
  root.append(frame, button);
  document.body.append(host);
}
