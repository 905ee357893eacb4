// What a template uses that one of the oldest browsers lacks: elements and attributes.

import { at, lacking } from "./support.mjs";

const TAG = /<([a-z][\w-]*)((?:\s+[\w-]+(?:="[^"]*")?|\{%.*?%\}|\{#.*?#\})*)\s*>/g;
const ATTRIBUTE = /\s([\w-]+)(?:="[^"]*")?/g;

/** Returns [{line, name, browsers}]. */
export function htmlFaults(text) {
  const faults = [];
  for (const { 1: tag, 2: attributes, index } of text.matchAll(TAG)) {
    const line = text.slice(0, index).split("\n").length;
    const check = (name, ...entries) => faults.push({ line, name, browsers: lacking(...entries) });
    check(`<${tag}>`, at("html", "elements", tag));
    for (const [, name] of attributes.matchAll(ATTRIBUTE)) {
      check(name, at("html", "global_attributes", name), at("html", "elements", tag, name));
    }
  }
  return faults.filter(({ browsers }) => browsers.length);
}
