// A text, line by line: a source is {text, at}, `at` being where the next line begins. Knows no DOM.

export const isBlank = (line) => !/\S/.test(line);

export function lineAt({ text, at }) {
  const end = text.indexOf("\n", at);
  return text.slice(at, end < 0 ? text.length : end);
}

export function next(source) {
  const line = lineAt(source);
  source.at += line.length + 1;
  return line;
}

/** The next lines, as long as `fits(line, theOneBefore)`. */
export function take(source, fits) {
  const lines = [];
  while (source.at <= source.text.length && fits(lineAt(source), lines.at(-1))) lines.push(next(source));
  return lines;
}

/** Columns of white space before the text. */
export const indentOf = (line) => /^[ \t]*/.exec(line)[0].replaceAll("\t", "    ").length;

export function dedent(line, width) {
  let columns = 0;
  let at = 0;
  for (; columns < width && " \t".includes(line[at]); at++) columns += line[at] === "\t" ? 4 : 1;
  return " ".repeat(Math.max(0, columns - width)) + line.slice(at);
}
