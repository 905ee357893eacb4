// The files that an app makes with an answer.

import assert from "node:assert/strict";
import { test } from "node:test";

import { unlinked, withFile, withLinks } from "../../../static/js/made-files.js";

const PAGE = { origin: "https://chat.example" };
const file = (name, link, sign = 1) => ({ kind: "image", name, url: `/api/app-files/${name}?expires=${sign}`, link });
const known = (...files) => files.reduce(withFile, []);

test("a text leads to the service's own address of a file, and to others as before", () => {
  const files = [file("a.png", "/files/a.png"), file("b.png")];
  const text = "![x](/files/a.png) [y](</files/a.png>) [z](/files/a.png.txt) [b](/files/b.png) /files/a.png";
  const url = "https://chat.example/api/app-files/a.png?expires=1";
  const expected = `![x](${url}) [y](<${url}>) [z](/files/a.png.txt) [b](/files/b.png) /files/a.png`;
  assert.equal(withLinks(text, files, PAGE), expected);
  assert.equal(withLinks(text, undefined, PAGE), text);
});

test("a file that comes twice is one", () => {
  assert.equal(known(file("a"), file("a", undefined, 2)).length, 1);
  assert.equal(known(file("a", "/files/a"), file("a", "/files/a", 2), file("a", undefined, 3)).length, 1);
  assert.equal(known(file("a"), file("a", "/files/a")).length, 2);
});

test("a file that the text names is not told below it", () => {
  assert.deepEqual(unlinked(known(file("a"), file("b"), file("a", "/files/a"))), [file("b")]);
  assert.deepEqual(unlinked(undefined), []);
});
