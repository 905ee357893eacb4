// Both languages say the same things.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { failureWords, t } from "../../../static/js/i18n.js";
import { en, zh } from "../../../static/js/translations.js";

const TABLES = ["translations", "voice/translations", "kiosk/translations"];
const addressOf = (name) => new URL(`../../../static/js/${name}.js`, import.meta.url);
const blanks = (words) => (words.match(/\{\w+\}/g) ?? []).sort();
const seen = new Set();

for (const name of TABLES) {
  const { words: { en, zh } } = { words: await import(addressOf(name)), ...(await import(addressOf(name))) };

  test(`each language has all words of ${name}, with the same blanks to fill in`, () => {
    assert.deepEqual(Object.keys(zh).sort(), Object.keys(en).sort());
    for (const key of Object.keys(en)) assert.deepEqual(blanks(zh[key]), blanks(en[key]), key);
  });

  test(`each line of the table in ${name} is read, and no key stands there twice`, () => {
    const table = readFileSync(addressOf(name), "utf8").split("`")[1];
    const lines = table.replace(/\n +\|/g, " |").split("\n").filter(Boolean);
    assert.deepEqual(Object.entries(en).map(([key, words]) => `${key}: ${words} | ${zh[key]}`), lines);
  });

  test(`no word of ${name} has the key of another`, () => {
    for (const key of Object.keys(en)) assert.ok(!seen.has(key) && seen.add(key), key);
  });
}

test("what is said of a failure goes by its reason, then its code, and never in the service's own words", () => {
  const said = (failure) => t(...failureWords(failure));
  assert.equal(said({ reason: "busy", code: 503, content: "x" }), en["reason.busy"]);
  assert.equal(said({ reason: "new one", code: 413, content: "x" }), en["reason.too_large"]);
  for (const code of [undefined, 404, 10000, 20000, 99999]) {
    assert.doesNotMatch(said({ code, content: "DIFY_API_KEY", message: "DIFY_API_KEY" }), /_/);
  }
});

test("of a limit that is hit the time to wait is said", () => {
  const limit = { reason: "too_many_questions", code: 429, retry_after: 1234 };
  assert.equal(t(...failureWords(limit)), "Too many questions. Please wait 2 seconds.");
  assert.equal(t(...failureWords({ ...limit, reason: "address_calls" })), t(...failureWords(limit)));
  assert.equal(t(...failureWords({ ...limit, reason: "total_budget" })), en["reason.daily_budget"]);
  assert.equal(t(...failureWords({ ...limit, reason: "too_many_answers" })), en["reason.429"]);
});

test("what people need not tell apart has the same words", () => {
  assert.equal(t(...failureWords({ reason: "unreachable" })), en["reason.later"]);
  assert.equal(t(...failureWords({ reason: "new one", code: 30000 })), en["reason.later"]);
});
