// Elements and icons; text is always text.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  microphone: "M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5 11v1a7 7 0 0 0 14 0v-1M12 19v3",
  muted: "M9 9v3a3 3 0 0 0 5 2.2M15 11V6a3 3 0 0 0-5.8-1M5 11v1a7 7 0 0 0 11 5.700M19 11v1a7 7 0 0 1-.5 2.600M12 19v3M3 3l18 18",
  speaker: "M4 9v6h4l5 4V5L8 9zM16.500 8.500a5 5 0 0 1 0 7M19 6a8.500 8.500 0 0 1 0 12",
  silent: "M4 9v6h4l5 4V5L8 9zM17 9.500l5 5M22 9.500l-5 5",
  stop: "M7 7h10v10H7z",
  phone: "M5 4h4l1.500 5L8 10.500a12 12 0 0 0 5.500 5.500L15 13.500l5 1.500v4a2 2 0 0 1-2 2A16 16 0 0 1 3 6a2 2 0 0 1 2-2z",
  sliders: "M4 7h8M18 7h2M12 7a3 3 0 1 0 6 0 3 3 0 1 0-6 0M4 17h2M12 17h8M6 17a3 3 0 1 0 6 0 3 3 0 1 0-6 0",
  dots: "M5 12h.01M12 12h.01M19 12h.01",
};

export function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(SVG, "path"));
  draw(svg, name);
  return svg;
}

const draw = (svg, name) => svg.firstChild.setAttribute("d", ICONS[name]);

/** A button with an icon only; `name(icon, label)` changes both; `press(is)` says whether it is pressed. */
export function iconButton(onClick) {
  const svg = icon("dots");
  const button = element("button", { type: "button", className: "icon", onclick: onClick }, svg);
  const name = (iconName, label) => {
    draw(svg, iconName);
    button.title = label;
    button.setAttribute("aria-label", label);
  };
  const press = (isPressed) => button.setAttribute("aria-pressed", isPressed);
  return { button, name, press };
}

export const wordButton = (onClick) => element("button", { type: "button", onclick: onClick });

/** Changes only what is different: a screen reader says again what is written again. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
