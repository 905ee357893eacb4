// Text that arrives in pieces. Offsets and counts are in Unicode code points, as in the service's frames.

/** How many code points; without making a list of them, since texts get long. */
export function countOf(text) {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0xd800 || unit > 0xdbff) continue;
    const next = text.charCodeAt(at + 1);
    if (next >= 0xdc00 && next <= 0xdfff) count--;
  }
  return count;
}

/** The part of `content` (which starts at `offset`) that a text of `count` characters lacks. */
export function unseen(count, offset, content) {
  return offset < count ? [...content].slice(count - offset).join("") : content;
}
