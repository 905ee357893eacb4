// What makes the conversation handier, as far as it needs no page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { tokens } from "../../../static/js/extras/code-colours.js";
import { SHORTCUTS, shortcutOf } from "../../../static/js/extras/shortcuts.js";
import { transcriptText } from "../../../static/js/extras/transcript-text.js";
import { cpuMs } from "./cpu-time.js";

const kinds = (code, name) => (tokens(code, name) ?? []).filter(([kind]) => kind).map(([kind, text]) => `${kind} ${text}`);

test("code is coloured by comments, strings, numbers and keywords", () => {
  const python = `def f(x):  # it's\n    return "a \\" # b" + 'c' * 0x1F`;
  assert.deepEqual(kinds(python, "Python"), [
    ...["keyword def", "comment # it's", "keyword return", 'string "a \\" # b"', "string 'c'", "number 0x1F"],
  ]);
  assert.deepEqual(kinds("const a = `x\n${y}`; /* let\n2 */ // 3", "js"), [
    ...["keyword const", "string `x\n${y}`", "comment /* let\n2 */", "comment // 3"],
  ]);
  assert.deepEqual(kinds("SELECT 1 -- one\nFROM t", "sql"), ["keyword SELECT", "number 1", "comment -- one", "keyword FROM"]);
});

test("no letter of any code changes, whatever it is", () => {
  const codes = ['"open', "'", "`${", "/*", "\\", "a'b'c", "naïve_变量 = 1e9", "#", "", "\n\n", "'\\'", "x".repeat(30_000)];
  for (const code of codes) {
    for (const name of ["python", "c", "sql", "sh"]) {
      const found = tokens(code, name);
      if (found) assert.equal(found.map(([, text]) => text).join(""), code);
    }
  }
});

test("what is no code, or says not what it is, stays as it is", () => {
  for (const name of ["", "text", "Markdown", "diff"]) assert.equal(tokens("for a in b", name), null);
});

test("hostile code is coloured in no time", () => {
  const codes = ['"\\'.repeat(20_000), "/*".repeat(20_000), "a".repeat(49_000), "`\\".repeat(20_000)];
  assert.ok(cpuMs(() => codes.forEach((code) => tokens(code, "js"))) < 1_000);
});

test("keys are taken that nothing else needs", () => {
  const press = (key, ...held) => shortcutOf({ key, ...Object.fromEntries(held.map((name) => [name, true])) });
  assert.equal(press("/", "ctrlKey"), "key.list");
  assert.equal(press("O", "metaKey", "shiftKey"), "key.new");
  assert.equal(press("y", "ctrlKey", "shiftKey"), "key.copy");
  assert.equal(press("Escape", "shiftKey"), "key.field");
  for (const other of [["a"], ["Escape"], ["o", "ctrlKey"], ["/", "ctrlKey", "altKey"], ["Enter"], ["/"]]) {
    assert.equal(press(...other), undefined, other.join());
  }
});

test("each key that is taken stands in the list", () => {
  const listed = SHORTCUTS.map(({ name }) => name);
  for (const name of ["key.list", "key.new", "key.copy", "key.field"]) assert.ok(listed.includes(name), name);
});

const CITATIONS = [["menu.pdf", 1], ["plan.pdf", 2], ["menu.pdf", 3], [undefined, 4], ["old.pdf"]].map(
  ([document_name, position]) => ({ document_name, position }),
);

test("a conversation is kept as Markdown, each question as it was asked", () => {
  const turns = [
    { question: "# Hi\nthere", status: "done", at: 1, files: [{ name: "a.png" }], text: "Hello.\n" },
    { question: "", follows: "x", status: "done", text: "And so on." },
    { question: "Sources?", status: "stopped", files: [], text: "", citations: CITATIONS },
    { question: "Not yet", status: "waiting", files: [], text: "" },
  ];
  const names = { question: "Question", answer: "Answer" };
  const text = transcriptText(turns, { title: "Ward 7", names, wordsOf: ({ text }) => text, timeOf: ({ at }) => `at ${at ?? 2}` });
  assert.equal(
    text,
    "# Ward 7\n\n## Question · at 1\n\n> # Hi\n> there\n\n> - a.png\n\n### Answer\n\nHello.\n\n### Answer\n\nAnd so on.\n\n" +
      "## Question · at 2\n\n> Sources?\n\n### Answer\n\n- menu.pdf [1] [3]\n- plan.pdf [2]\n- old.pdf\n",
  );
});
