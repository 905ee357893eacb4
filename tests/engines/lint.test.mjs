// The lint sees what the oldest browsers lack, and is content with what they have.

import assert from "node:assert/strict";
import { test } from "node:test";

import { faultsOf } from "./lint.mjs";

const MODULE = "static/js/any.js";
const SHEET = "static/any.css";

const FAULTS = [
  // Syntax
  [MODULE, "export const found = /(?<!a)b/.exec('b');", "look-behind: not in Safari 15.4"],
  [MODULE, "export const found = (a) => new RegExp(`(?<=${a})b`);", "look-behind"],
  [MODULE, "export const found = /[\\p{L}--[a-z]]/v;", "Parsing"],
  [MODULE, "export class A { static { A.b = 1; } }", "static block"],
  [MODULE, "await using a = open();", "Parsing"],
  ["static/js/boot.js", "var a = function () { return this?.b; };", "Parsing"],
  ["static/js/boot.js", "const a = 1;", "Parsing"],
  ["static/js/boot.js", "var a = () => 1;", "Parsing"],
  ["static/js/embed.js", "const a = window.b ?? 1;", "Parsing"],
  // Members of what cannot be known
  [MODULE, "export const last = (list) => list.findLast(Boolean);", "findLast: not in Chrome 92"],
  [MODULE, "export const last = (list) => list.findLastIndex(Boolean);", "findLastIndex"],
  [MODULE, "export const sorted = (list) => list.toSorted();", "toSorted: not in"],
  [MODULE, "export const name = (node) => (node.ariaLabel = 'a');", "ariaLabel: not in Firefox 102"],
  [MODULE, "export const name = (node) => Object.assign(node, { role: 'status' });", "role: not in Firefox 102"],
  [MODULE, "export const hide = (node) => (node.inert = true);", "inert"],
  [MODULE, "export const hide = (node) => node.setAttribute('inert', '');", "inert"],
  [MODULE, "export const open = (node) => node.showPopover();", "showPopover"],
  [MODULE, "export const isSeen = (node) => node.checkVisibility();", "checkVisibility"],
  [MODULE, "export const when = (node, go) => node.addEventListener('scrollend', go);", "scrollend"],
  [MODULE, "export const when = (node, go) => (node.onscrollend = go);", "scrollend"],
  // Globals, and what is theirs
  [MODULE, "export const copy = (a) => structuredClone(a);", "structuredClone: not in Chrome 92"],
  [MODULE, "export const has = (a) => Object.hasOwn(a, 'b');", "Object.hasOwn: not in Chrome 92"],
  [MODULE, "export const groups = (list) => Object.groupBy(list, Boolean);", "Object.groupBy"],
  [MODULE, "export const all = (source) => Array.fromAsync(source);", "Array.fromAsync"],
  [MODULE, "export const soon = () => AbortSignal.timeout(3);", "AbortSignal.timeout: not in Chrome 92"],
  [MODULE, "export const any = (list) => AbortSignal.any(list);", "AbortSignal.any"],
  [MODULE, "export const fill = (sheet) => sheet.replaceSync('');", "replaceSync: not in Safari 15.4"],
  [MODULE, "export const sheet = new CSSStyleSheet();", "new CSSStyleSheet: not in Safari 15.4"],
  [MODULE, "export const lock = () => navigator.wakeLock.request();", "wakeLock"],
  [MODULE, "export const names = new Intl.DurationFormat('en');", "DurationFormat"],
  // Style sheets
  [SHEET, "a { color: light-dark(#000, #fff); }", "light-dark\\(\\): not in"],
  [SHEET, ":root { --a: light-dark(#000, #fff); }", "light-dark"],
  [SHEET, "a { color: red; &:hover { color: blue; } }", "nesting"],
  [SHEET, "a { > b { color: blue; } }", "nesting"],
  [SHEET, "a { .b { color: blue; } }", "nesting"],
  [SHEET, "a { @media (max-width: 3rem) { color: blue; } }", "nesting"],
  [SHEET, "a:has(b) { color: blue; }", ":has: not in Chrome 92"],
  [SHEET, "a { height: 100dvh; }", "dvh: not in Chrome 92"],
  [SHEET, "a { height: 100dvh; height: 100vh; }", "dvh"],
  [SHEET, "a { min-height: calc(1lh + 1rem); }", "lh"],
  [SHEET, "a { width: 3cqw; }", "cqw"],
  [SHEET, "a { color: color-mix(in srgb, red 3%, blue); }", "color-mix"],
  [SHEET, "a { text-align: match-parent; field-sizing: content; }", "field-sizing"],
  [SHEET, "a { display: ruby; }", "display: ruby"],
  [SHEET, "@media (width < 30rem) { a { color: red; } }", "range"],
  [SHEET, "@container (min-width: 3rem) { a { color: red; } }", "@container"],
  [SHEET, "@layer a { b { color: red; } }", "@layer: not in Chrome 92"],
  ["static/js/embed.js", "const a = `height: 3dvh; color: ${b};`;", "dvh"],
  // Templates
  ["templates/any.html", '<main>\n<p class="a" inert>', "2: inert"],
  ["templates/any.html", '<div popover="auto">', "popover"],
  ["templates/any.html", "<selectedcontent>", "selectedcontent"],
];

for (const [path, text, expected] of FAULTS) {
  test(`${path}: ${text}`, async () => {
    const faults = await faultsOf(path, text);
    assert.match(faults.join("\n"), new RegExp(expected));
  });
}

const CLEAN = [
  [MODULE, "export const last = (list) => list.at(-1)?.text ?? list.flat().find(Boolean);"],
  [MODULE, "export const name = (node) => node.setAttribute('aria-label', /a(?=b)(?!c)/u.source);"],
  [MODULE, "export const lock = () => navigator.wakeLock?.request('screen');"],
  ["static/js/boot.js", "(function () { try { a(); } catch (error) {} })();"],
  [SHEET, "a { height: 100vh; height: 100dvh; text-wrap: balance; }"],
  [SHEET, "a:is(b, c)::before { inset: 0; width: min(3rem, 100% - 1rem); color: rgb(0 0 0 / 25%); }"],
  ["templates/any.html", '<textarea id="a" rows="1" enterkeyhint="send"{% if a %} hidden{% endif %}>'],
];

for (const [path, text] of CLEAN) {
  test(`nothing in ${path}: ${text}`, async () => assert.deepEqual(await faultsOf(path, text), []));
}
