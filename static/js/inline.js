// The Markdown inside a block: text to a list of strings and {tag, href?, children} objects. Knows no DOM.
// Linear in its input: patterns are tokens, open delimiters are bounded.

const MAX_OPEN_DELIMITERS = 50;
const MAX_TARGET_LENGTH = 2_100;

const TOKEN =
  /\\[^]|`+|!?\[|\]|\*+|_+|~~+|<(?:https?:\/\/|mailto:)[^\s<>]+>|https?:\/\/[\w\-.~:/?#@!$&'()*+,;=%]+|\n/gi;
const TARGET =
  /^\(\s{0,3}(?:<([^<>\n]*)>|([^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*))(?:\s{1,3}(?:"[^"]*"|'[^']*'))?\s{0,3}\)/;
const SAFE_TARGET = /^(?:https?:\/\/|mailto:)\S+$/i;
const TAGS = { "~": ["del", "del"], "*": ["em", "strong"], _: ["em", "strong"] };

/** Reads what one token starts; each reader returns where to read on. */
const TOKEN_READERS = {
  "\\": readEscape,
  "`": readCode,
  "!": openLink,
  "[": openLink,
  "]": closeLink,
  "*": readEmphasis,
  _: readEmphasis,
  "~": readEmphasis,
  "<": readAutolink,
  "\n": readBreak,
};

export const isBlank = (line) => !/\S/.test(line);

export function parseInline(text) {
  const line = { text, out: [], open: [], ticks: null };
  const token = new RegExp(TOKEN);
  let at = 0;
  for (let match; (match = token.exec(text)); token.lastIndex = at) {
    if (match.index > at) line.out.push(text.slice(at, match.index));
    const read = TOKEN_READERS[match[0][0]] ?? readUrl;
    at = read(line, match[0], match.index);
  }
  line.out.push(text.slice(at));
  return line.out;
}

function readEscape({ out }, [, char], at) {
  if (char === "\n") out.push({ tag: "br" });
  else out.push(/[!-/:-@[-`{-~]/.test(char) ? char : `\\${char}`);
  return at + 2;
}

function readBreak({ out }, _, at) {
  out.push({ tag: "br" }); // as on Dify's own pages: models mean their line breaks
  return at + 1;
}

function readCode(line, ticks, at) {
  const from = at + ticks.length;
  line.ticks ??= backticksByLength(line.text);
  const ends = line.ticks.get(ticks.length) ?? [];
  while (ends.at(-1) < from) ends.pop();
  if (!ends.length) {
    line.out.push(ticks);
    return from;
  }
  const code = line.text.slice(from, ends.at(-1)).replaceAll("\n", " ");
  const padded = code.startsWith(" ") && code.endsWith(" ") && !isBlank(code);
  line.out.push({ tag: "code", children: [padded ? code.slice(1, -1) : code] });
  return ends.at(-1) + ticks.length;
}

/** Where the runs of each length are, last first: so finding the end of a span stays cheap. */
function backticksByLength(text) {
  const runs = new Map();
  for (const { 0: run, index } of [...text.matchAll(/`+/g)].reverse()) {
    if (!runs.has(run.length)) runs.set(run.length, []);
    runs.get(run.length).push(index);
  }
  return runs;
}

function readAutolink({ out }, token, at) {
  const href = token.slice(1, -1);
  out.push({ tag: "a", href, children: [href] });
  return at + token.length;
}

function readUrl({ out }, token, at) {
  let end = token.length;
  let unopened = token.split(")").length - token.split("(").length;
  while (/[.,;:!?'*_~]/.test(token[end - 1]) || (token[end - 1] === ")" && unopened-- > 0)) end--;
  const href = token.slice(0, end);
  out.push({ tag: "a", href, children: [href] });
  return at + end;
}

function openDelimiter({ out, open }, char, count, token) {
  open.push({ char, count, at: out.length });
  if (open.length > MAX_OPEN_DELIMITERS) open.shift();
  out.push(token);
}

function openLink(line, token, at) {
  openDelimiter(line, "[", 1, token);
  return at + token.length;
}

/** An image is a link too: nothing is loaded that the reader did not ask for. */
function closeLink(line, _, at) {
  const index = line.open.findLastIndex(({ char }) => char === "[");
  const target = line.text[at + 1] === "(" && TARGET.exec(line.text.slice(at + 1, at + MAX_TARGET_LENGTH));
  const href = target && (target[1] ?? target[2]);
  if (index < 0 || !href || !SAFE_TARGET.test(href)) {
    if (index >= 0) line.open.splice(index, 1);
    line.out.push("]");
    return at + 1;
  }
  const children = takeFrom(line, index);
  line.out.push({ tag: "a", href, children: children.length ? children : [href] });
  return at + 1 + target[0].length;
}

/** Removes a delimiter and all after it, and returns what stood after it. */
function takeFrom({ out, open }, index) {
  const children = out.splice(open[index].at + 1);
  out.pop();
  open.length = index;
  return children;
}

function readEmphasis(line, run, at) {
  const char = run[0];
  const end = at + run.length;
  const before = line.text[at - 1] ?? " ";
  const after = line.text[end] ?? " ";
  const inWord = char === "_" && /\w/.test(before) && /\w/.test(after);
  const isDelimiter = !inWord && (char === "~" ? run.length === 2 : run.length <= 3);
  // Brackets and quotes tell the word's side; unlike CommonMark's rule this works for Chinese, too.
  let count = run.length;
  if (isDelimiter && !/[\s\p{Ps}\p{Pi}]/u.test(before)) count = closeEmphasis(line, char, count);
  if (!count) return end;
  if (isDelimiter && !/[\s\p{Pe}\p{Pf}]/u.test(after)) openDelimiter(line, char, count, char.repeat(count));
  else line.out.push(char.repeat(count));
  return end;
}

/** Returns how many characters of the run are left over. */
function closeEmphasis(line, char, count) {
  while (count > 0) {
    const index = line.open.findLastIndex((opener) => opener.char === char);
    if (index < 0) return count;
    const opener = line.open[index];
    const used = Math.min(2, opener.count, count);
    const children = takeFrom(line, index);
    count -= used;
    if (opener.count > used) openDelimiter(line, char, opener.count - used, char.repeat(opener.count - used));
    line.out.push({ tag: TAGS[char][used - 1], children });
  }
  return 0;
}
