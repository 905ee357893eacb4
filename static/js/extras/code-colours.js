// Colours in code: comments, strings, numbers and the commonest keywords. No letter of it changes.

const HASH = "python py ruby rb sh bash shell zsh yaml yml toml r perl dockerfile makefile ini conf".split(" ");
const DASH = "sql lua haskell".split(" ");
const PLAIN = "text txt plain markdown md diff html xml csv".split(" "); // what is written there is no code of this kind
const WORDS =
  "abstract and as assert async await begin bool boolean break case catch char class const continue create def default " +
  "delete do double elif else end enum except export extends false False final finally float fn for from func function " +
  "go if implements import in insert int interface into is join lambda let long match module mut namespace new nil None " +
  "not null or order package pass private protected pub public raise return select self set static string struct super " +
  "switch table then this throw throws true True try type typeof union update use using values var void where while with yield";
const KEYWORDS = new Set(WORDS.split(" "));
const LONGEST = 20_000; // characters

/** Bounded, since none may be closed in a text of any length. */
const STRING = String.raw`"(?:\\.|[^"\\\n]){0,999}"|'(?:\\.|[^'\\\n]){0,999}'|` + "`(?:\\\\.|[^`\\\\]){0,999}`";
const REST = String.raw`\b\d[\w.]*|[\p{L}_$][\p{L}\p{N}_$]*`;
const COMMENTS = { hash: "#.*", dash: "--.*", slash: String.raw`\/\/.*|\/\*[^]*?(?:\*\/|$)` };

/** `code` cut into [kind, text], kind being comment, string, number, keyword or "". Null where it is not to be coloured. */
export function tokens(code, name) {
  const tag = name.toLowerCase();
  if (!tag || PLAIN.includes(tag) || code.length > LONGEST) return null;
  const kind = HASH.includes(tag) ? "hash" : DASH.includes(tag) ? "dash" : "slash";
  const isSql = tag === "sql";
  const pattern = new RegExp(`(?<comment>${COMMENTS[kind]})|(?<string>${STRING})|(?<word>${REST})`, "gu");
  const found = [];
  let from = 0;
  for (const { 0: text, index, groups } of code.matchAll(pattern)) {
    const own = groups.comment ? "comment" : groups.string ? "string" : kindOf(isSql ? text.toLowerCase() : text);
    if (!own) continue;
    if (index > from) found.push(["", code.slice(from, index)]);
    found.push([own, text]);
    from = index + text.length;
  }
  return [...found, ["", code.slice(from)]].filter(([, text]) => text);
}

const kindOf = (word) => (/^\d/.test(word) ? "number" : KEYWORDS.has(word) ? "keyword" : "");

/** Of a finished answer, each block of code that says in which language it is. */
export function colourCode(article) {
  for (const block of article.querySelectorAll("div.code")) {
    const code = block.querySelector("pre code");
    const parts = code && tokens(code.textContent, block.querySelector(".code-head span").textContent);
    if (parts) code.replaceChildren(...parts.map(([kind, text]) => (kind ? coloured(kind, text) : text)));
  }
}

const coloured = (kind, text) => Object.assign(document.createElement("span"), { className: `tok-${kind}`, textContent: text });
