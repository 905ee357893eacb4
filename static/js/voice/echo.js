// What the microphone heard of the page's own voice. Pure.

const SKIPPED = 3; // words of the page that recognition may leave out in a row
const MISHEARD = 1; // and words in a row that it may take for others

const wordsOf = (text) =>
  text.toLowerCase().match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}'’]+/gu) ?? [];

/** `heard` without the beginning that repeats a stretch of `said`; "" where nothing is left. */
export function withoutEcho(heard, said) {
  const own = wordsOf(said);
  const words = wordsOf(heard);
  const cut = Math.max(0, ...own.map((_, from) => echoed(words, own, from)));
  if (!cut) return heard.trim();
  return words.slice(cut).join(/\p{Script=Han}/u.test(heard) ? "" : " ");
}

/** How many of `words` repeat `own` from `from` on. */
function echoed(words, own, from) {
  let next = from;
  let missed = 0;
  let count = 0;
  for (let index = 0; index < words.length && missed <= MISHEARD; index++) {
    let at = next;
    while (at <= next + SKIPPED && own[at] !== words[index]) at++;
    const isOwn = at <= next + SKIPPED;
    missed = isOwn ? 0 : missed + 1;
    if (isOwn) [next, count] = [at + 1, index + 1];
  }
  return count;
}
