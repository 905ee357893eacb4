// What is copied: what is shown, as plain text.

import assert from "node:assert/strict";
import { test } from "node:test";

import { blocksOf } from "../../../static/js/markdown-parser.js";
import { plainTextOf } from "../../../static/js/plain-text.js";

const EXAMPLES = [
  ["# One\n\n**bold** *slanted* `code`", "One\n\nbold slanted code"],
  ["~~10 mg~~ 5 mg", "~~10 mg~~ 5 mg"],
  ["a  \nb\nc", "a\nb\nc"],
  ["<think>hm</think>The answer.\n\n<think>more</think>", "The answer."],
  ["Hm.</think>The answer.", "The answer."],
  ["<think>never ends", ""],
  ["[a guide](https://a.example/x) https://b.example <c@d.example>", "a guide (https://a.example/x) https://b.example c@d.example"],
  ["[a **guide**](https://a.example/x \"Title\")", "a guide (https://a.example/x)"],
  ["![a cat](https://a.example/cat.png)", "a cat (https://a.example/cat.png)"],
  ["- a\n  - b\n\n    c\n- d", "- a\n  - b\n    c\n- d"],
  ["9. a\n10. b\n\n    ```\n    x\n\n      y\n    ```", "9. a\n10. b\n    x\n\n      y"],
  ["1. a\n3. b\n4. c", "1. a\n3. b\n4. c"],
  ["1. a\n1. b", "1. a\n2. b"],
  ["- [ ] open\n- [x] done", "- [ ] open\n- [x] done"],
  ["> a\n>\n> - b", "> a\n>\n> - b"],
  ["| a | b |\n|---|---|\n| 1<br>2 | **3** |\n| 4 |", "a\tb\n1 2\t3\n4"],
  ["```js\nif (a) {\n\n  b\n}\n```", "if (a) {\n\n  b\n}"],
  ["$$\n\\frac{a}{b}\n$$\n\nwhere $a$ is", "$$\n\\frac{a}{b}\n$$\n\nwhere $a$ is"],
  ["So[^1] it is【4:0†source】.\n\n[^1]: A note\n    in *lines*", "So[1] it is【4:0†source】.\n\n[1] A note\nin lines"],
  ["5 &lt; 6 &amp; 2~3", "5 < 6 & 2~3"],
  ["a\n\n---\n\nb", "a\n\n---\n\nb"],
  ["- > 38.5 °C: call\n\n> 120/80 is high", "- > 38.5 °C: call\n\n> 120/80 is high"],
  ["", ""],
];

for (const [text, expected] of EXAMPLES) {
  test(`copies ${JSON.stringify(text)}`, () => assert.equal(plainTextOf(blocksOf(text)), expected));
}
