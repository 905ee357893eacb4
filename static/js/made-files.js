// The files that an app made with an answer: each {kind, name, url, link}, as in a chat_file frame.

const DESTINATION = /(\]\([ \n]{0,3}<?)([^\s<>()]+)/g;
const pathOf = ({ url }) => url.split("?")[0];

/** Adds a file, unless it is known: the same path is the same file. Returns all of them, with whole addresses. */
export function withFile(files = [], { kind, name, url: path, link }) {
  const url = new URL(`.${path}`, location).href;
  const isKnown = files.some((file) => pathOf(file) === pathOf({ url }) && (!link || file.link === link));
  return isKnown ? files : [...files, { kind, name, url, link }];
}

/** A Markdown text that leads to them where it names them. */
export function withLinks(text, files = []) {
  const urls = new Map(files.filter(({ link }) => link).map(({ link, url }) => [link, url]));
  return urls.size ? text.replace(DESTINATION, (all, lead, link) => lead + (urls.get(link) ?? link)) : text;
}

/** Those that the text does not name. */
export function unlinked(files = []) {
  const linked = new Set(files.filter(({ link }) => link).map(pathOf));
  return files.filter((file) => !linked.has(pathOf(file)));
}
