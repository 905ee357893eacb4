// Which browsers lack a feature, by MDN's browser-compat-data. Features are named as there: by paths that begin with
// api, css, html or javascript.

import bcd from "@mdn/browser-compat-data/forLegacyNode";

/** The oldest that the page runs on. */
const FLOOR = {
  chrome: "92",
  chrome_android: "92",
  firefox: "102",
  firefox_android: "102",
  safari: "15.4",
  safari_ios: "15.4",
};

/** The entry at a path, or undefined. */
export function at(...path) {
  return path.reduce((node, key) => (node && Object.hasOwn(node, key) ? node[key] : undefined), bcd);
}

/** The browsers that lack each of the entries, by name and version. More than one: whose feature it is, is unknown. */
export function lacking(...entries) {
  const known = entries.filter((entry) => entry?.__compat?.support);
  if (!known.length) return [];
  return Object.keys(FLOOR)
    .filter((browser) => !known.some((entry) => has(entry.__compat.support[browser], FLOOR[browser])))
    .map((browser) => `${bcd.browsers[browser].name} ${FLOOR[browser]}`);
}

/** Of a browser that the data says nothing of nothing is held against a feature. */
const has = (ranges, version) => !ranges || [ranges].flat().some((range) => isIn(range, version));

function isIn({ version_added: added, version_removed: removed, flags, prefix, alternative_name: other }, version) {
  if (!added || added === "preview" || flags || prefix || other) return false;
  return !isNewer(added, version) && (!removed || isNewer(removed, version));
}

/** "≤37" is 37 at the latest. */
function isNewer(version, other) {
  const [[major, minor = 0], [otherMajor, otherMinor = 0]] = [version, other].map((text) =>
    text.replace("≤", "").split(".").map(Number),
  );
  return major === otherMajor ? minor > otherMinor : major > otherMajor;
}

/** All entries of a tree by their last names less `suffix`: a Map of lists. */
export function byName(tree, suffix = "", found = new Map()) {
  for (const [name, entry] of Object.entries(tree)) {
    if (name === "__compat") continue;
    const plain = name.endsWith(suffix) && name.slice(0, name.length - suffix.length);
    if (plain) found.set(plain, [...(found.get(plain) ?? []), entry]);
    byName(entry, suffix, found);
  }
  return found;
}
