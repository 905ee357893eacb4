// What a style sheet uses that one of the oldest browsers lacks. A property declared for the second time in a block is
// for browsers that know it: the others have the first.

import { parse, walk } from "css-tree";

import { at, byName, lacking } from "./support.mjs";

const TYPES = byName(at("css", "types"));
const VIEWPORT_UNIT = /^([dls])v(?:w|h|i|b|min|max)$/;
const VIEWPORTS = { d: "dynamic", l: "large", s: "small" };
const length = (name) => at("css", "types", "length", name);
const media = (name) => at("css", "at-rules", "media", name);

/**
 * `allowed` are names that may be used all the same; `context` is css-tree's: "stylesheet" or "declarationList".
 * Returns [{line, name, browsers}].
 */
export function cssFaults(text, allowed = [], context = "stylesheet") {
  const faults = [];
  const declared = new Map(); // the properties that were met, by their blocks

  function check(node, name, ...entries) {
    const browsers = lacking(...entries);
    if (browsers.length) faults.push({ line: node.loc.start.line, name, browsers });
  }

  const CHECKS = {
    Atrule: (node) => check(node, `@${node.name}`, at("css", "at-rules", node.name)),
    Feature: (node) => node.kind === "media" && check(node, node.name, media(node.name.replace(/^(min|max)-/, ""))),
    FeatureRange: (node) => check(node, "range in @media", media("range_syntax")),
    PseudoClassSelector: (node) => check(node, `:${node.name}`, at("css", "selectors", node.name)),
    PseudoElementSelector: (node) => check(node, `::${node.name}`, at("css", "selectors", node.name)),
    Declaration: (node) => check(node, node.property, at("css", "properties", node.property)),
    Dimension: (node) => check(node, node.unit, unitEntry(node.unit)),
    Function(node) {
      const own = this.declaration && at("css", "properties", this.declaration.property, node.name);
      check(node, `${node.name}()`, ...(own ? [own] : (TYPES.get(node.name) ?? [])));
    },
    Identifier(node) {
      if (!this.declaration) return;
      const { property } = this.declaration;
      check(node, `${property}: ${node.name}`, at("css", "properties", property, node.name));
    },
    Rule(node) {
      const nested = node.block.children.filter(({ type }) => type !== "Declaration");
      nested.forEach((child) => check(child, "nesting", at("css", "selectors", "nesting")));
    },
  };

  function hasFallback(property, block) {
    const before = declared.get(block) ?? new Set();
    const isSecond = before.has(property);
    declared.set(block, before.add(property));
    return isSecond;
  }

  walk(parse(text, { context, positions: true, parseCustomProperty: true }), {
    enter(node) {
      const { type, property, name } = node;
      if (type === "Declaration" && (allowed.includes(property) || hasFallback(property, this.block))) return walk.skip;
      if (!allowed.includes(name)) CHECKS[type]?.call(this, node);
    },
  });
  return faults;
}

function unitEntry(unit) {
  const [, kind] = VIEWPORT_UNIT.exec(unit) ?? [];
  if (kind) return length(`viewport_percentage_units_${VIEWPORTS[kind]}`);
  return length(unit.startsWith("cq") ? "container_query_length_units" : unit);
}
