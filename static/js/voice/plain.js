// Markdown to what a voice should say, a line at a time: marks, addresses, code and tables are left out. Knows no DOM.

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&nbsp;": " " };
const HIDDEN = [
  ["<think>", "</think>"],
  ["<details", "</details>"], // how older versions of Dify fold thoughts away
];
const LONGEST_LINK = 400;
const ADDRESS = /<?(?:https?:\/\/|mailto:|www\.)[\w\-.~:/?#@!$&'()*+,;=%[\]]*[\w\-~/#@$&*+=%]>?/gi;

/** `text` without the model's thoughts. Of a text that grows, the result only grows, too. */
export function withoutThoughts(text) {
  let rest = text;
  let said = "";
  for (;;) {
    const [at, open, close] = nextHidden(rest);
    said += rest.slice(0, at);
    const end = rest.indexOf(close, at + open.length);
    if (!open) return said.slice(0, said.length - startedMark(said));
    if (end < 0) return said;
    rest = rest.slice(end + close.length);
  }
}

function nextHidden(text) {
  const found = HIDDEN.map(([open, close]) => [text.indexOf(open), open, close]).filter(([at]) => at >= 0);
  return found.sort(([one], [other]) => one - other)[0] ?? [text.length, "", ""];
}

/** How many characters at the end may be the beginning of a mark. */
function startedMark(text) {
  const at = text.lastIndexOf("<");
  const tail = text.slice(at);
  return at >= 0 && HIDDEN.some(([open]) => open.startsWith(tail)) ? tail.length : 0;
}

/** What kind of line it is: fence, table, ruler, blank, block (stands for itself: a heading, an item) or text. */
export function kindOf(line) {
  if (/^\s*(?:```|~~~|\$\$)/.test(line)) return "fence";
  if (/^[\s>]*$/.test(line)) return "blank";
  if (/^[\s|:-]*-[\s|:-]*$/.test(line) && line.includes("|")) return "ruler";
  if (/^\s*\|/.test(line)) return "table";
  if (/^\s*(?:#{1,6}\s|[-*+•]\s|\d{1,4}[.)]\s)/.test(line)) return "block";
  return "text";
}

/** Whether a line that still grows may become of any kind: it has only marks so far. */
export const isUndecided = (line) => /^[\s>#*+\-•|:~`$_=]*(?:\d{1,4}[.)]?)?[\s*_]*$/.test(line);

/** What to say of a line. A growing line (`isWhole` false) is read up to the first thing whose end is still to come. */
export function plainLine(line, isWhole = true) {
  const text = isWhole ? line : line.slice(0, steadyLength(line));
  return text
    .replace(/^[\s>]*(?:#{1,6}\s+|[-*+•]\s+(?:\[[ xX]\]\s+)?)?/, "")
    .replace(/^(?:[-*_=]\s*){3,}$/, "")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/\[\^?[\d,\s]+\]|【[^】]*】/g, "") // marks of footnotes and sources
    .replace(ADDRESS, "")
    .replace(/<\/?[a-z][^>]*>/gi, " ")
    .replace(/&(?:amp|lt|gt|quot|#39|nbsp);/g, (entity) => ENTITIES[entity])
    .replace(/[`\\]|~~|[*]+|_+/g, unmarked)
    .replace(/(?:\p{Extended_Pictographic}|[\u{1F1E6}-\u{1F1FF}\u{1F3FB}-\u{1F3FF}\u200D\uFE0F\u20E3])+/gu, "")
    .replace(/\(\s*\)|（\s*）/g, "")
    .replace(/\s+/g, " ")
    .replace(/ (?=[,.;!?，。；！？])/g, "");
}

/** Marks go; a times sign between spaces and the underscores of a name stay. */
function unmarked(mark, at, text) {
  const [before, after] = [text[at - 1] ?? " ", text[at + mark.length] ?? " "];
  const isName = mark[0] === "_" && /[\p{L}\p{N}]{2}/u.test(before + after);
  return isName || (/[*_]/.test(mark) && isBlank(before + after)) ? mark : "";
}

const isBlank = (text) => !/\S/.test(text);

/** Up to where a growing line reads the same, whatever comes. */
function steadyLength(line) {
  const open = [
    /`[^`]*$/, // code
    /!?\[[^\]]*$|!?\[[^\]]*\](?:\([^)]*)?$/, // a link
    /【[^】]*$|&[#\w]*$|[(（]\s*$/,
    /<[^>]*$/,
    /(?:https?:|mailto:|www\.)[!-~]*$/i,
    /[^\s\p{L}\p{N},.;:!?，。；：！？…”"'’)）」』]+$/u, // marks, and what pictures are made of
    /\s+$/,
    /\b(?:h|ht|htt|https?|m|ma|mai|mail|mailt|mailto|w|ww|www)$/i,
  ];
  let length = line.length;
  for (let before = -1; before !== length; ) {
    before = length;
    for (const pattern of open) {
      const at = line.slice(0, length).search(pattern);
      if (at >= 0 && length - at < LONGEST_LINK) length = at;
    }
  }
  return length;
}
