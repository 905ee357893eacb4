// The files that an app makes with an answer.

import assert from "node:assert/strict";
import { test } from "node:test";

import { unlinked, withFile, withLinks } from "../../../static/js/made-files.js";

globalThis.location = new URL("https://chat.example/ward/chat?embed=1");
const file = (name, link, sign = 1) => ({ kind: "image", name, url: `/api/app-files/${name}?expires=${sign}`, link });
const known = (...files) => files.reduce((all, each) => withFile(all, each), []);

test("a text leads to the service's own address of a file, and to others as before", () => {
  const files = known(file("a.png", "/files/a.png"), file("b.png"));
  const text = "![x](/files/a.png) [y](</files/a.png>) [z](/files/a.png.txt) [b](/files/b.png) /files/a.png";
  const url = "https://chat.example/ward/api/app-files/a.png?expires=1";
  const expected = `![x](${url}) [y](<${url}>) [z](/files/a.png.txt) [b](/files/b.png) /files/a.png`;
  assert.equal(withLinks(text, files), expected);
  assert.equal(withLinks(text, undefined), text);
});

test("a file that comes twice is one", () => {
  assert.equal(known(file("a"), file("a", undefined, 2)).length, 1);
  assert.equal(known(file("a", "/files/a"), file("a", "/files/a", 2), file("a", undefined, 3)).length, 1);
  assert.equal(known(file("a"), file("a", "/files/a")).length, 2);
});

test("a file that the text names is not told below it", () => {
  const names = (files) => files.map(({ name }) => name);
  assert.deepEqual(names(unlinked(known(file("a"), file("b"), file("a", "/files/a")))), ["b"]);
  assert.deepEqual(unlinked(undefined), []);
});
