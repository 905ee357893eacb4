// Which choice of a form was said in a call.

import assert from "node:assert/strict";
import { test } from "node:test";

import { choiceOf } from "../../../static/js/voice/spoken-choice.js";

const TITLES = ["Approve", "Request changes", "Reject"];

test("a title is a choice, however it was written down", () => {
  assert.equal(choiceOf("approve", TITLES), 0);
  assert.equal(choiceOf("Request, changes!", TITLES), 1);
  assert.equal(choiceOf("please reject.", TITLES), 2);
  assert.equal(choiceOf("批准。", ["批准", "退回修改"]), 0);
  assert.equal(choiceOf("选择退回修改", ["批准", "退回修改"]), 1);
});

test("so is its number", () => {
  for (const text of ["2", "two", "Number two.", "option 2", "the second one", "第二个", "二", "第2项", "two, please"]) {
    assert.equal(choiceOf(text, TITLES), 1, text);
  }
  assert.equal(choiceOf("four", TITLES), -1);
});

test("a title that is a number is itself", () => assert.equal(choiceOf("two", ["One more", "Three", "Two"]), 2));

test("anything else is a question", () => {
  const texts = ["", "please", "approve it not", "do not approve", "why reject?", "number", "one or two"];
  for (const text of texts) assert.equal(choiceOf(text, TITLES), -1, text);
  for (const text of ["批", "不批准", "不选一"]) assert.equal(choiceOf(text, ["批准", "退回"]), -1, text);
  assert.equal(choiceOf("yes", ["Yes", "YES"]), -1);
  assert.equal(choiceOf("one", []), -1);
});
