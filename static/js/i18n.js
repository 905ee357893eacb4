// The page's words in the reader's language, also after it was switched: each node remembers which words it shows.

import { en, zh } from "./translations.js";

const WORDS = { en, "zh-CN": zh };

/** Takes the words of a part that is loaded later. */
export function learn({ en: english, zh: chinese }) {
  Object.assign(WORDS.en, english);
  Object.assign(WORDS["zh-CN"], chinese);
}

const root = globalThis.document?.documentElement;

/** A browser that translates the page names another one there. */
export const language = () => (root?.lang in WORDS ? root.lang : "en");

/** The words for `key`, with {name} filled in from `values`. */
export function t(key, values) {
  const words = WORDS[language()][key] ?? key;
  return words.replace(/\{(\w+)\}/g, (_, name) => values?.[name] ?? "");
}

/** Reasons and codes for which a person needs no words of their own. */
const ALIKE = {
  later:
    "name_not_found unreachable tls_error connect_timeout lost unreadable silent bad_gateway server_error " +
    "first_event_timeout circuit_open auth_unavailable quota 503 504 30000",
  busy: "overloaded displaced waited_too_long no_files too_many_unauthenticated",
  set_up: "not_dify unauthorized switched_off misconfigured",
  broken_off: "stalled total_timeout failed event_too_large owner_lost turn_unreachable",
  internal: "id_taken 500 90000 file_link_invalid file_link_expired file_not_found",
  too_large: "413",
  unsupported_type: "unsupported_audio 415",
  invalid: "bad_frame 400 10000",
  form_submitted: "decision_taken",
  token_invalid: "401 token_missing token_expired",
  unknown_turn: "message_not_found run_not_found form_not_found not_paused",
  daily_budget: "total_budget",
  429: "too_many_turns",
  slower: "too_many_questions address_questions address_calls address_bytes",
};
const kindOf = (name) => Object.keys(ALIKE).find((kind) => ALIKE[kind].split(" ").includes(String(name))) ?? name;

/** What to `say` of an error frame or a failed call: [key]. The service's own words are for developers. */
export function failureWords({ reason, code, retry_after: wait }) {
  const keys = [reason, code].map((name) => `reason.${kindOf(name)}`);
  return [keys.find((key) => key in en) ?? "failed", wait && { seconds: Math.ceil(wait / 1000) }];
}

/** What a node shows: its text, or an attribute. */
const SHOW = {
  text(node, words) {
    if (node.textContent !== words) node.textContent = words; // a screen reader says again what is written again
  },
  label(node, words) {
    node.setAttribute("aria-label", words);
    if (node.matches("button")) node.title = words;
  },
  hint: (node, words) => (node.placeholder = words),
  lang: (node, tag) => (node.lang = tag),
};

function show(what, node, key, values) {
  node.setAttribute(`data-say-${what}`, JSON.stringify([key, values]));
  SHOW[what](node, t(key, values));
  return node;
}

/** Puts words into a node; they follow the language. */
export const say = (node, key, values) => show("text", node, key, values);
/** Names a node for those who do not see it. */
export const label = (node, key, values) => show("label", node, key, values);

export function clear(node) {
  node.removeAttribute("data-say-text");
  node.textContent = "";
}

/** Says everything (again) in the language of the moment. A template names its keys without brackets. */
export function sayAll() {
  for (const what of Object.keys(SHOW)) {
    for (const node of document.querySelectorAll(`[data-say-${what}]`)) {
      const said = node.getAttribute(`data-say-${what}`);
      const [key, values] = said.startsWith("[") ? JSON.parse(said) : [said];
      SHOW[what](node, t(key, values));
    }
  }
}

export function switchLanguage() {
  root.lang = Object.keys(WORDS).find((other) => other !== language());
  sayAll();
}
