// What the microphone heard of the page's own voice. Pure.

const SKIPPED = 3; // words of the page that recognition may leave out in a row
const MISHEARD = 1; // and words in a row that it may take for others

const wordsOf = (text) =>
  text.toLowerCase().match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}'’]+/gu) ?? [];

/** `heard` without the beginning that repeats a stretch of `said`. */
export function withoutEcho(heard, said) {
  const own = wordsOf(said);
  const words = wordsOf(heard);
  const cut = Math.max(0, ...own.map((_, from) => echoed(words, own.slice(from))));
  if (!cut) return heard.trim();
  return words.slice(cut).join(/\p{Script=Han}/u.test(heard) ? "" : " ");
}

/** How many of `words` repeat the beginning of `own`. */
function echoed(words, own) {
  let next = 0;
  let count = 0;
  for (const [index, word] of words.entries()) {
    const skipped = own.slice(next, next + SKIPPED + 1).indexOf(word);
    if (skipped >= 0) [next, count] = [next + skipped + 1, index + 1];
    else if (index - count >= MISHEARD) break;
  }
  return count;
}
