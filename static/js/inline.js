// The Markdown inside a block: text to a list of strings and {tag, href?, children?} objects. Knows no DOM.
// Linear in its input: patterns are tokens, open brackets are bounded.

import { delimiter, emphasized } from "./emphasis.js";
import { characterOf, decode, ENTITY } from "./entities.js";
import { formulaAt } from "./formulas.js";

const MAX_BRACKETS = 50;

const TOKEN = new RegExp(
  [
    /\\[!-/:-@[-`{-~\n]/,
    /\[\^[\p{L}\p{N}_]+\]/,
    /`+|\*+|_+|~+|\$+|!?\[|\]/,
    /\n/,
    /<(?:https?:\/\/|mailto:|[\w.+-]+@)[^\s<>]+>/,
    /<br\s*\/?>/,
    ENTITY,
    /【\d+(?::\d+†[^【】\n]*|†(?:source|L\d+(?:-L\d+)?|[^【】\n]*\.[a-z]\w{0,4}))】/, // as the Assistants API writes it
    /https?:\/\/[^\s"<>[\]\\^`{|}\u2000-\u206F\u3000-\u303F\uFF01-\uFF0F\uFF1A-\uFF20\uFF3B-\uFF40\uFF5B-\uFF65]+/,
  ].map(({ source }) => source).join("|"),
  "giu",
);
const ESCAPE = /\\([!-/:-@[-`{-~])/g;
const { raw } = String;
const CHAR = raw`(?:[^\s()<>\\]|\\\S)`;
const ADDRESS = raw`<((?:[^<>\\\n]|\\.)*)>|((?:${CHAR}|\((?:${CHAR}|\(${CHAR}*\))*\))*)`;
const TITLE = raw`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\((?:[^()\\]|\\.)*\)`;
/** What a link leads to, after its words. */
const TARGET = new RegExp(raw`\([ \n]{0,3}(?:${ADDRESS})(?:[ \n]{1,3}(${TITLE}))?[ \n]{0,3}\)`, "sy");
const SAFE_TARGET = /^(?:https?:\/\/|mailto:)\S+$/i;
const SAFE_IMAGE = /^https?:/i;
/** In Chinese and Japanese no space tells where a host ends: "www.a.example请看". */
const WORDS_AFTER_HOST = /^(https?:\/\/[\w.:@-]*\w)[\u3040-\u30FF\u3400-\u9FFF\uAC00-\uD7AF]/i;

/** What makes a part of a token, by its first character. It may set where to read next, which is after the token. */
const READERS = {
  "\\": readEscape,
  "\n": breakLine,
  "<": readAngle,
  "&": (line, token) => characterOf(token),
  "【": (line, token) => ({ tag: "ref", children: [token] }),
  $: (line, token) => readFormula(line, token) ?? token,
  "`": readCode,
  "!": open,
  "[": readBracket,
  "]": closeLink,
  "*": readDelimiter,
  _: readDelimiter,
  "~": readDelimiter,
};

export function parseInline(text) {
  const line = { text, next: 0, out: [], brackets: [] };
  const tokens = new RegExp(TOKEN);
  for (let match; (match = tokens.exec(text)); tokens.lastIndex = line.next) {
    const [token] = match;
    if (match.index > line.next) line.out.push(text.slice(line.next, match.index));
    line.next = tokens.lastIndex;
    const read = READERS[token[0]] ?? readUrl;
    line.out.push(read(line, token));
  }
  return emphasized([...line.out, text.slice(line.next)]);
}

/** What is inside a part, be it parsed already or not. */
export const partsOf = ({ text, children = [] }) => (text === undefined ? children : parseInline(text));

/** Text in which nothing but characters is marked: addresses, titles, names of languages. */
export const literal = (text = "") => decode(text.replace(ESCAPE, "$1"));

/** As on Dify's own pages: models mean their line breaks. */
function breakLine({ out }) {
  if (typeof out.at(-1) === "string") out.push(out.pop().trimEnd());
  return { tag: "br" };
}

function readEscape(line, token) {
  if (token === "\\\n") return { tag: "br" };
  return (/[([]/.test(token[1]) && readFormula(line, token)) || token[1];
}

function readFormula(line, token) {
  const at = line.next - token.length;
  const source = formulaAt(line.text, at);
  if (!source) return null;
  line.next = at + source.length;
  return { tag: "math", children: [source] };
}

/** A link without words shows its address. */
const linkTo = (href, children, { tag = "a", title } = {}) => ({
  tag,
  href,
  ...(title && { title }),
  children: children.length ? children : [href],
});

function readAngle(line, token) {
  if (/^<br/i.test(token)) return { tag: "br" };
  const address = token.slice(1, -1);
  return SAFE_TARGET.test(address) ? linkTo(address, []) : linkTo(`mailto:${address}`, [address]);
}

function readUrl(line, token) {
  const url = WORDS_AFTER_HOST.exec(token)?.[1] ?? token;
  let end = url.length;
  let unopened = url.split(")").length - url.split("(").length;
  while (/[.,;:!?'*_~]/.test(url[end - 1]) || (url[end - 1] === ")" && unopened-- > 0)) end--;
  line.next -= token.length - end;
  return linkTo(url.slice(0, end), []);
}

function readCode(line, ticks) {
  // Where the last run of each length is: what is not there is not looked for.
  line.lastTicks ??= new Map(Array.from(line.text.matchAll(/`+/g), ({ 0: run, index }) => [run.length, index]));
  if (!(line.lastTicks.get(ticks.length) >= line.next)) return ticks;
  const runs = /`+/g;
  runs.lastIndex = line.next;
  let run;
  do run = runs.exec(line.text);
  while (run[0] !== ticks);
  const code = line.text.slice(line.next, run.index).replaceAll("\n", " ");
  line.next = runs.lastIndex;
  return { tag: "code", children: [code.replace(/^ (?=.*\S)(.*) $/s, "$1")] };
}

function readDelimiter({ text, next }, run) {
  const before = /.?$/su.exec(text.slice(Math.max(0, next - run.length - 2), next - run.length))[0];
  const after = /^.?/su.exec(text.slice(next, next + 2))[0];
  return delimiter(run, before || " ", after || " ") ?? run;
}

/** A mark of a footnote, or what may become a link. */
function readBracket(line, token) {
  if (token === "[") return open(line, token);
  return { tag: "ref", children: [token.replace(/^\[\^(?=\d+\])/, "[")] };
}

/** A bracket is text until it is closed. */
function open({ out, brackets }, token) {
  brackets.push({ isImage: token === "![", at: out.length });
  if (brackets.length > MAX_BRACKETS) brackets.shift();
  return token;
}

/** What leads to where the page does not link stays as it is written. */
function closeLink(line) {
  const bracket = line.brackets.pop();
  TARGET.lastIndex = line.next;
  const [target = "", pointed, plain, title = ""] = (bracket && !bracket.isOff && TARGET.exec(line.text)) || [];
  const href = literal(pointed ?? plain).replaceAll(" ", "%20");
  line.next += target.length;
  if (!SAFE_TARGET.test(href)) return `]${target}`;
  const [, ...inner] = line.out.splice(bracket.at);
  const children = emphasized(inner);
  const isImage = bracket.isImage && SAFE_IMAGE.test(href);
  if (!isImage) for (const other of line.brackets) other.isOff ||= !other.isImage; // HTML knows no link in a link
  if (!isImage && children.length === 1 && children[0].tag === "img") line.out.push(children.pop(), " ");
  const more = { tag: isImage ? "img" : "a", title: literal(title.slice(1, -1)) };
  return linkTo(href, children.map(unlinked), more);
}

function unlinked(part) {
  const { tag, children = [] } = part;
  if (!tag) return part;
  return { ...part, tag: tag === "a" || tag === "img" ? "span" : tag, children: children.map(unlinked) };
}
