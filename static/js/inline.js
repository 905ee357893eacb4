// The Markdown inside a block: text to a list of strings and {tag, href?, children?} objects. Knows no DOM.
// Linear in its input: patterns are tokens, open delimiters are bounded.

import { characterOf, decode, ENTITY } from "./entities.js";
import { formulaAt } from "./formulas.js";

const MAX_OPEN_DELIMITERS = 50;

const TOKEN = new RegExp(
  [
    /\\[!-/:-@[-`{-~\n]/,
    /`+|\*+|_+|~~+|\$+|!?\[|\]/,
    / *\n/,
    /<(?:https?:\/\/|mailto:)[^\s<>]+>/,
    /<br\s*\/?>/,
    ENTITY,
    /【[^【】†]*†[^【】]*】/,
    /\[\^[\p{L}\p{N}_]+\]/,
    /https?:\/\/[^\s"<>[\]\\^`{|}\u00A0\u2000-\u206F\u3000-\u303F\uFF01-\uFF0F\uFF1A-\uFF20\uFF3B-\uFF40\uFF5B-\uFF65]+/,
  ].map(({ source }) => source).join("|"),
  "giu",
);
const TARGET =
  /^\(\s{0,3}(?:<([^<>\n]*)>|([^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*))(?:\s{1,3}(?:"[^"]*"|'[^']*'))?\s{0,3}\)/;
const SAFE_TARGET = /^(?:https?:\/\/|mailto:)\S+$/i;
const SAFE_IMAGE = /^https?:\/\/\S+$/i;
/** In Chinese and Japanese no space tells where a host ends: "www.a.example请看". */
const WORDS_AFTER_HOST = /^(https?:\/\/[\w.:@-]*\w)[\u3040-\u30FF\u3400-\u9FFF\uAC00-\uD7AF]/i;

/** What makes a part of a token, by its first character. It may set where to read next, which is after the token. */
const READERS = {
  "\\": readEscape,
  "\n": () => ({ tag: "br" }), // as on Dify's own pages: models mean their line breaks
  " ": () => ({ tag: "br" }),
  "<": (line, token) => (/^<br/i.test(token) ? { tag: "br" } : linkTo(token.slice(1, -1))),
  "&": (line, token) => characterOf(token),
  "【": (line, token) => ({ tag: "ref", children: [token] }),
  $: (line, token) => readFormula(line, token) ?? token,
  "`": readCode,
  "!": open,
  "[": readBracket,
  "]": closeLink,
  "*": readEmphasis,
  _: readEmphasis,
  "~": readEmphasis,
};

export function parseInline(text) {
  const line = { text, next: 0, out: [], openers: [] };
  const tokens = new RegExp(TOKEN);
  for (let match; (match = tokens.exec(text)); tokens.lastIndex = line.next) {
    const [token] = match;
    if (match.index > line.next) line.out.push(text.slice(line.next, match.index));
    line.next = tokens.lastIndex;
    const read = READERS[token[0]] ?? readUrl;
    const part = read(line, token);
    if (part) line.out.push(part);
  }
  return [...line.out, text.slice(line.next)];
}

/** What is inside a part, be it parsed already or not. */
export const partsOf = ({ text, children = [] }) => (text === undefined ? children : parseInline(text));

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

const linkTo = (href, children = []) => ({ tag: "a", href, children: children.length ? children : [href] });

function readUrl(line, token) {
  const url = WORDS_AFTER_HOST.exec(token)?.[1] ?? token;
  let end = url.length;
  let unopened = url.split(")").length - url.split("(").length;
  while (/[.,;:!?'*_~]/.test(url[end - 1]) || (url[end - 1] === ")" && unopened-- > 0)) end--;
  line.next -= token.length - end;
  return linkTo(url.slice(0, end));
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

/** A mark of a source or a footnote; or what may become a link. */
function readBracket(line, token) {
  if (token === "[") return open(line, token);
  return { tag: "ref", children: [token.replace(/^\[\^(?=\d+\])/, "[")] };
}

/** A delimiter is text until it is closed. */
function open({ out, openers }, token) {
  openers.push({ char: token.at(-1), token, count: token.length, at: out.length });
  if (openers.length > MAX_OPEN_DELIMITERS) openers.shift();
  return token;
}

const lastOpen = ({ openers }, wanted) => openers.map(({ char }) => char).lastIndexOf(wanted);

/** Removes a delimiter and all after it, and returns what stood after it. */
function takeFrom({ out, openers }, index) {
  const [, ...children] = out.splice(openers[index].at);
  openers.length = index;
  return children;
}

function closeLink(line) {
  const index = lastOpen(line, "[");
  const target = TARGET.exec(line.text.slice(line.next));
  const href = decode(target?.[1] ?? target?.[2] ?? "");
  if (index < 0 || !SAFE_TARGET.test(href)) {
    line.openers = line.openers.filter((_, at) => at !== index);
    return "]";
  }
  line.next += target[0].length;
  const isImage = line.openers[index].token === "![" && SAFE_IMAGE.test(href);
  const children = takeFrom(line, index).map(unlinked);
  return isImage ? { tag: "img", href, children } : linkTo(href, children);
}

/** HTML knows no link in a link. */
function unlinked(part) {
  const { tag, children = [] } = part;
  if (!tag) return part;
  return { ...part, tag: tag === "a" || tag === "img" ? "span" : tag, children: children.map(unlinked) };
}

function readEmphasis(line, run) {
  const char = run[0];
  const before = line.text[line.next - run.length - 1] ?? " ";
  const after = line.text[line.next] ?? " ";
  if ((char === "~" ? run.length !== 2 : run.length > 3) || isSign(char, before, after)) return run;
  // Brackets and quotes tell the word's side; unlike CommonMark's rule this works for Chinese, too.
  const rest = /[\s\p{Ps}\p{Pi}]/u.test(before) ? run : closeEmphasis(line, run);
  return !rest || /[\s\p{Pe}\p{Pf}]/u.test(after) ? rest : open(line, rest);
}

/** Whether it belongs to a name like 报告_2024.pdf, or to numbers like 2*500. */
function isSign(char, before, after) {
  const sides = before + after;
  if (char === "_") return /^[\p{L}\p{M}\p{N}_]{2}$/u.test(sides);
  return char === "*" && /^\p{N}{2}$/u.test(sides);
}

/** Returns what is left over of the run. */
function closeEmphasis(line, run) {
  const index = lastOpen(line, run[0]);
  if (index < 0) return run;
  const { char, count } = line.openers[index];
  const used = Math.min(2, count, run.length);
  const children = takeFrom(line, index);
  if (count > used) line.out.push(open(line, char.repeat(count - used)));
  line.out.push({ tag: char === "~" ? "del" : ["em", "strong"][used - 1], children });
  return closeEmphasis(line, run.slice(used));
}
