// A rule for ESLint: no API that one of the oldest browsers lacks. A global is looked up, and so are its own members
// (AbortSignal.any). What any other object is cannot be known: of a member that has its name in several interfaces, all
// have to be missing.

import { at, byName, lacking } from "./support.mjs";

const TREES = { api: at("api"), builtins: at("javascript", "builtins") };
const MEMBERS = byName(TREES);
const EVENTS = byName(TREES.api, "_event");
const ATTRIBUTES = byName(at("html"));
const WINDOW = ["globalThis", "self", "window"];
const INSTANCES = { crypto: "Crypto", document: "Document", location: "Location", navigator: "Navigator" };

const entries = (...path) => [at("javascript", "builtins", ...path), at("api", ...path)].filter(Boolean);
const globalEntries = (name) => [...entries(name), ...entries("Window", name)];

function staticEntries(owner, name) {
  const type = INSTANCES[owner] ?? owner;
  return [...entries(type, name), ...entries(type, `${name}_static`)];
}

export default {
  meta: { messages: { lacks: "{{name}}: not in {{browsers}}" }, schema: [{ type: "array" }] },

  /** Its option is a list of names that may be used all the same. */
  create(context) {
    const [allowed = []] = context.options;
    const { globalScope } = context.sourceCode.scopeManager;
    const globals = new Set();

    function check(node, name, found) {
      const browsers = lacking(...found);
      if (browsers.length && !allowed.includes(name)) {
        context.report({ node, messageId: "lacks", data: { name, browsers: browsers.join(", ") } });
      }
    }

    function checkMember(node, name) {
      check(node, name, MEMBERS.get(name) ?? []);
      if (name.startsWith("on")) check(node, name, EVENTS.get(name.slice(2)) ?? []);
    }

    /** What stands in strings: events and attributes. */
    function checkLiteral(node, method) {
      if (method === "addEventListener") check(node, node.value, EVENTS.get(node.value) ?? []);
      if (method === "setAttribute") check(node, node.value, ATTRIBUTES.get(node.value) ?? []);
    }

    return {
      Program() {
        const builtins = globalScope.variables.filter(({ defs }) => !defs.length);
        const references = [...globalScope.through, ...builtins.flatMap((variable) => variable.references)];
        for (const { identifier } of references) {
          globals.add(identifier);
          check(identifier, identifier.name, globalEntries(identifier.name));
        }
      },

      MemberExpression(node) {
        const { object, property, computed } = node;
        if (computed || isAskedFor(node)) return;
        const owner = globals.has(object) ? object.name : "";
        const { name } = property;
        if (WINDOW.includes(owner)) check(node, name, globalEntries(name));
        else if (staticEntries(owner, name).length) check(node, `${owner}.${name}`, staticEntries(owner, name));
        else checkMember(property, name);
      },

      NewExpression({ callee: { name }, callee }) {
        if (globals.has(callee)) check(callee, `new ${name}`, entries(name, name));
      },

      CallExpression({ callee, arguments: [first, ...others] }) {
        const method = callee.property?.name ?? callee.name;
        if (typeof first?.value === "string") checkLiteral(first, method);
        if (callee.object?.name !== "Object" || method !== "assign") return;
        const keys = others.flatMap(({ properties = [] }) => properties.map(({ key }) => key));
        for (const key of keys) if (key?.name) checkMember(key, key.name);
      },
    };
  },
};

/** As in navigator.wakeLock?.request(): whoever writes so knows that it may be missing. */
const isAskedFor = (node) => node.parent.optional && [node.parent.object, node.parent.callee].includes(node);
