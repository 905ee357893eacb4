// Text that arrives in pieces. Offsets and counts are in Unicode code points, as in the service's frames.

/** How many code points; without making a list of them, since texts get long. */
export const countCodePoints = (text) => text.replace(/[\u{10000}-\u{10FFFF}]/gu, "_").length;

/** The part of `content` (which starts at `offset`) that a text of `count` characters lacks. */
export function unseen(count, offset, content) {
  return offset < count ? [...content].slice(count - offset).join("") : content;
}
