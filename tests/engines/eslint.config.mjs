// What the page's scripts may use: syntax by the parser and eslint-plugin-es-x, the rest by api-rule.mjs.

import esX from "eslint-plugin-es-x";

import api from "./api-rule.mjs";

/** Names of our own that are names of something newer, too: add to it what the lint takes for that. */
const OWN = [
  ...["actions", "added", "fetch", "forget", "grow", "hide", "inputs", "level", "node", "queue", "reconnect", "tag", "token"],
  ...["unlock", "variable"],
];

/** Parts of the voice: it looks whether they are there, and does without. */
const VOICE = [
  "SpeechRecognition", "continuous", "interimResults", "onresult", "onspeechstart", "voiceschanged",
];

/** What the oldest have no use for: they translate no pages. */
const TRANSLATION = ["translate"];

/** Of ES2022, what the oldest browsers have. */
const KNOWN = { "es-x/no-array-prototype-at": "off", "es-x/no-class-instance-fields": "off" };

// Older than ES2022, but not in Safari 15.4.
const LOOK_BEHIND = ["Literal[raw=/\\(\\?<[=!]/]", "TemplateElement[value.raw=/\\(\\?<[=!]/]"].map((selector) => ({
  selector,
  message: "look-behind: not in Safari 15.4",
}));

const files = (pattern, sourceType, ecmaVersion, rules) => ({
  files: [`static/js/${pattern}`],
  languageOptions: { sourceType, ecmaVersion },
  rules,
});
const syntax = (year) => esX.configs[`flat/restrict-to-es${year}`].rules;

export default [
  { plugins: { "es-x": esX, floor: { rules: { api } } }, linterOptions: { noInlineConfig: true } },
  files("**/*.js", "module", 2022, {
    ...syntax(2021),
    ...KNOWN,
    "floor/api": ["error", [...OWN, ...VOICE, ...TRANSLATION]],
    "no-restricted-syntax": ["error", ...LOOK_BEHIND],
  }),
  files("embed.js", "script", 2018, syntax(2018)),
  files("boot.js", "script", 3, {}), // read by browsers of any age
];
