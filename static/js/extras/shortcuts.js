// The page's keys. Those that the field and the page know by themselves stand in the list, too.

const HELD = { ctrl: ["Ctrl"], shift: ["Shift"], both: ["Ctrl", "Shift"] };

/** Each as its keys, and what it is called in translations.js. */
export const SHORTCUTS = [
  { keys: ["Enter"], name: "key.enter" },
  { keys: [...HELD.shift, "Enter"], name: "key.line" },
  { keys: ["Esc"], name: "key.stop" },
  { keys: ["↑"], name: "key.edit" },
  { keys: [...HELD.shift, "Esc"], name: "key.field" },
  { keys: [...HELD.both, "O"], name: "key.new" },
  { keys: [...HELD.both, "Y"], name: "key.copy" },
  { keys: [...HELD.ctrl, "/"], name: "key.list" },
];

/** The name of what a key does that the page does not know by itself, or undefined. Command stands for Ctrl on a Mac. */
export function shortcutOf({ key, ctrlKey, metaKey, shiftKey, altKey }) {
  const isHeld = ctrlKey || metaKey;
  if (altKey) return undefined;
  if (key === "Escape" && shiftKey && !isHeld) return "key.field";
  if (isHeld && !shiftKey && key === "/") return "key.list";
  if (isHeld && shiftKey) return { o: "key.new", y: "key.copy" }[key.toLowerCase()];
  return undefined;
}
