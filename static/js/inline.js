// The Markdown inside a block: text to a list of strings and {tag, href?, children?} objects. Knows no DOM.
// Linear in its input: patterns are tokens, open delimiters are bounded.

const MAX_OPEN_DELIMITERS = 50;

const TOKEN =
  /\\[!-/:-@[-`{-~\n]|`+|!?\[|\]|\*+|_+|~~+|<(?:https?:\/\/|mailto:)[^\s<>]+>|https?:\/\/[\w!#$%&-/:;=?@~]+|\n/gi;
const TARGET =
  /^\(\s{0,3}(?:<([^<>\n]*)>|([^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*))(?:\s{1,3}(?:"[^"]*"|'[^']*'))?\s{0,3}\)/;
const SAFE_TARGET = /^(?:https?:\/\/|mailto:)\S+$/i;

/** What makes a part of a token, by its first character. It may set where to read next, which is after the token. */
const READERS = {
  "\\": (line, [, char]) => (char === "\n" ? { tag: "br" } : char),
  "\n": () => ({ tag: "br" }), // as on Dify's own pages: models mean their line breaks
  "<": (line, token) => linkTo(token.slice(1, -1)),
  "`": readCode,
  "!": open,
  "[": open,
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

const linkTo = (href, children = []) => ({ tag: "a", href, children: children.length ? children : [href] });

function readUrl(line, token) {
  let end = token.length;
  let unopened = token.split(")").length - token.split("(").length;
  while (/[.,;:!?'*_~]/.test(token[end - 1]) || (token[end - 1] === ")" && unopened-- > 0)) end--;
  line.next -= token.length - end;
  return linkTo(token.slice(0, end));
}

function readCode(line, ticks) {
  // Where the last run of each length is: what is not there is not looked for.
  line.lastTicks ??= new Map(Array.from(line.text.matchAll(/`+/g), ({ 0: run, index }) => [run.length, index]));
  if (!(line.lastTicks.get(ticks.length) >= line.next)) return ticks;
  const rest = line.text.slice(line.next);
  const end = rest.search(new RegExp(`[^\`]${ticks}(?!\`)`)) + 1; // a run is followed by something else
  line.next += end + ticks.length;
  const code = rest.slice(0, end).replaceAll("\n", " ");
  return { tag: "code", children: [code.replace(/^ (?=.*\S)(.*) $/s, "$1")] };
}

/** A delimiter is text until it is closed. */
function open({ out, openers }, token) {
  openers.push({ char: token.at(-1), count: token.length, at: out.length });
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

/** An image is a link too: nothing is loaded that the reader did not ask for. */
function closeLink(line) {
  const index = lastOpen(line, "[");
  const target = TARGET.exec(line.text.slice(line.next));
  const href = target?.[1] ?? target?.[2];
  if (index < 0 || !SAFE_TARGET.test(href)) {
    line.openers = line.openers.filter((_, at) => at !== index);
    return "]";
  }
  line.next += target[0].length;
  return linkTo(href, takeFrom(line, index).map(unlinked));
}

/** HTML knows no link in a link. */
function unlinked(part) {
  const { tag, children = [] } = part;
  return tag ? { ...part, tag: tag === "a" ? "span" : tag, children: children.map(unlinked) } : part;
}

function readEmphasis(line, run) {
  const char = run[0];
  const before = line.text[line.next - run.length - 1] ?? " ";
  const after = line.text[line.next] ?? " ";
  const inWord = char === "_" && /\w/.test(before) && /\w/.test(after);
  if (inWord || (char === "~" ? run.length !== 2 : run.length > 3)) return run;
  // Brackets and quotes tell the word's side; unlike CommonMark's rule this works for Chinese, too.
  const rest = /[\s\p{Ps}\p{Pi}]/u.test(before) ? run : closeEmphasis(line, run);
  return !rest || /[\s\p{Pe}\p{Pf}]/u.test(after) ? rest : open(line, rest);
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
