// What a voice says of an answer, from the Markdown to the words: sentences of clinics, shops and offices.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { createReadAloud } from "../../../static/js/voice/read-aloud.js";

const DATA = readFileSync(new URL("../../data/said.txt", import.meta.url), "utf8");
const EXAMPLES = DATA.split(/^< /m).slice(1).map((example) => {
  const [written, ...lines] = example.split("\n");
  return [written.replaceAll("⏎", "\n"), lines.filter((line) => line.startsWith("> ")).map((line) => line.slice(2))];
});

/** A readAloud that says everything at once, to a person whose browser knows these languages. */
async function saidOf(text, languages = ["en-US", "de-DE"]) {
  Object.defineProperty(globalThis, "navigator", { value: { languages }, configurable: true });
  const said = [];
  const onSaying = (words) => said.push(words);
  const engine = { load: async () => {}, play: async () => {}, cancel() {} };
  await new Promise((onDone) => {
    const readAloud = createReadAloud({ engines: () => [engine], onSaying, onChange() {}, onDone });
    readAloud.begin("an answer");
    readAloud.end({ id: "an answer", text });
  });
  return said;
}

assert.ok(EXAMPLES.length >= 120);

/** It begins with clauses: in another place a sentence is said as a whole. */
const OTHERS = ["Yes.", "No."];

for (const [written, expected] of EXAMPLES) {
  test(`of ${JSON.stringify(written)}`, async () => {
    const others = /^[^<]*<\/think>/.test(written) ? [] : OTHERS; // else they would be a thought
    assert.deepEqual(await saidOf([...others, written].join("\n\n")), [...others, ...expected]);
  });
  test(`and the same in clauses, of ${JSON.stringify(written)}`, async () => {
    const letters = (texts) => texts.join("").replace(/\s/g, "");
    assert.equal(letters(await saidOf(written)), letters(expected));
  });
}
