// A conversation as a Markdown text, to be kept or handed on. Pure.

/** `turns` are those of turn-queue.js; `wordsOf(turn)` what is shown of each; `names` is {question, answer}. */
export function transcriptText(turns, { title, names, wordsOf, timeOf }) {
  const parts = turns.filter(({ status }) => status !== "waiting").flatMap((turn) => partsOf(turn, names, wordsOf, timeOf));
  return `${[`# ${title}`, ...parts].join("\n\n")}\n`;
}

function partsOf(turn, names, wordsOf, timeOf) {
  const asked = turn.follows ? [] : [`## ${names.question} · ${timeOf(turn)}`, quoted(turn), ...filesOf(turn)];
  return [...asked, `### ${names.answer}`, wordsOf(turn).trim(), ...sourcesOf(turn)].filter(Boolean);
}

/** Each document once, with the marks in the answer that stand for it. */
function sourcesOf({ citations }) {
  const marks = new Map();
  for (const { document_name: name, position } of (citations ?? []).filter((each) => each.document_name)) {
    marks.set(name, (marks.get(name) ?? "") + (position ? ` [${position}]` : ""));
  }
  return marks.size ? [Array.from(marks, ([name, itsMarks]) => `- ${name}${itsMarks}`).join("\n")] : [];
}

/** As it was written: in a quotation nothing of it is a heading of the whole. */
const quoted = ({ question }) => question.split("\n").map((line) => `> ${line}`.trimEnd()).join("\n");

const filesOf = ({ files = [] }) => (files.length ? [files.map(({ name }) => `> - ${name}`).join("\n")] : []);
