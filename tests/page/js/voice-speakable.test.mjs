// What of the tree that is shown is said: everything but what is listed here.

import assert from "node:assert/strict";
import { test } from "node:test";

import { wordsOf } from "../../../static/js/formulas.js";
import { partsOf } from "../../../static/js/inline.js";
import { blocksOf } from "../../../static/js/markdown-parser.js";
import { NOTES, speakable } from "../../../static/js/voice/speakable.js";
import { generatorOf } from "./random-markdown.js";

const said = (text) => speakable(blocksOf(text));

const { code, formula, picture, link, checked, unchecked, empty, footnote } = NOTES;
const EXAMPLES = [
  ["~~10 mg~~ 5 mg", ["5 mg"]],
  ["每日~~3~~2次，**甲~~乙~~**丙", ["每日 2次，甲 丙"]],
  ["5【4:0†a】6, 5【4:0†a】.5, 5【4:0†a】, **5【4:0†a】** 6【4:0†a】[7]", ["5 6, 5 .5, 5, 5 6 [7]"]],
  ["请按【确认】键 [1] $$ <b> * ~ 🎉", ["请按【确认】键 [1] $$ <b> * ~ 🎉"]],
  ["`a*b` and $x^2$", [`a*b and ${formula}`]],
  ["```\na\n```\n\n\\[ x^2 \\]", [code, formula]],
  ["https://a.example/b", [`${link}a.example`]],
  ["<https://me@a.example:80/b?c> [https://a.example](https://b.example)", [`${link}a.example:80 https://a.example`]],
  ["[**one**](https://a.example) <mail@a.example>", ["one mail@a.example"]],
  ["![a cat](https://a.example/x.png) ![](https://a.example/x.png)", [`a cat ${picture}`]],
  ["3. a\n\n   b\n4. - c\n9. [x] d", ["3. a", "b", "4. c", `9. ${checked}d`]],
  ["- [ ] a\n> b\n\n---\n# c", [`${unchecked}a`, "b", "c"]],
  ["[^a]: b", [`${footnote}a: b`]],
  ["|a|b:|\n|-|-|\n|1|2|\n||3. |", ["a: 1; b: 2", `a: ${empty}; b: 3.`]],
  ["|药|b|\n|-|-|\n|甲。||", [`药：甲。 b: ${empty}`]],
  ["||b|\n|-|-|\n|1|", [`1; b: ${empty}`]],
  ["|a|b|\n|-|-|", ["a; b"]],
  ["|a|\n|-|\n|1<br>2|", ["a: 1\n2"]],
  ["<think>a</think>b", ["b"]],
];

for (const [text, expected] of EXAMPLES) {
  test(`says of ${JSON.stringify(text)} what is shown`, () => assert.deepEqual(said(text), expected));
}

/** The text of what the page draws, without the exceptions: a gap where something is left out, and between cells. */
function shownOf(part) {
  const { tag, href, children } = part;
  if (!tag) return part;
  if (tag === "math") return ` ${wordsOf(children[0])} `;
  if (["details", "hr", "pre", "del", "ref", "br"].includes(tag)) return " ";
  const inside = partsOf(part).map(shownOf);
  if (tag === "a" && inside.join("") === href && href.startsWith("http")) return new URL(href).host;
  if (tag === "img" && inside.join("") === href) return " ";
  if (tag === "ol") return inside.map((item, at) => `${numberOf(part, at)} ${item}`).join("\n");
  if (tag === "footnote") return `${part.label} ${inside.join("\n")}`;
  if (tag === "table") return rowsOf(children).join("\n");
  return ["blockquote", "ul", "li"].includes(tag) ? inside.join("\n") : inside.join("");
}

function numberOf({ start, children }, at) {
  const jump = children.slice(0, at + 1).map(({ value }) => value);
  const last = jump.map((value) => value !== undefined).lastIndexOf(true);
  return last < 0 ? start + at : jump[last] + at - last;
}

/** A heading before each of its cells, or alone where there are none. */
function rowsOf([head, body]) {
  const [headings, ...rows] = [...head.children, ...body.children].map((row) => row.children.map(shownOf));
  if (!rows.length) return headings;
  return rows.flatMap((cells) =>
    Array.from({ length: Math.max(cells.length, headings.length) }, (_, at) => [headings[at], cells[at]].join(" ")),
  );
}

/** Letters, digits, and the signs that stand between digits. */
const signsOf = (text) => text.match(/[\p{L}\p{N}]|(?<=\p{N})[^\p{L}\p{N}\s\uFDD0-\uFDEF]+(?=\p{N})/gu)?.join("") ?? "";

test("letters, digits and the signs between digits are said as they are shown, in any Markdown", () => {
  const { seed, soup } = generatorOf();
  for (let round = 0; round < 1500 * Number(process.env.FUZZ_TIMES ?? 1); round++) {
    const text = soup(25);
    const shown = blocksOf(text).map(shownOf).join("\n");
    const betweenCells = text.includes("|") ? /[：；]/g : /^$/;
    const [heard, seen] = [said(text).join("\n"), shown].map((all) => signsOf(all.replace(betweenCells, " ")));
    assert.equal(heard, seen, `SEED=${seed}, round ${round}: ${JSON.stringify(text)}`);
  }
});

test("each cell of a table is said once, after its heading, with all that is in it", () => {
  const { seed, random, pick } = generatorOf();
  const CELLS = ["2~3", "1/2", "5±1", "≤5", "1:10", "8:30–17:00", "10⁹", "x.5", "一、二", "3，4", "-5 °C", "a\\|b", "**6** 7"];
  for (let round = 0; round < 100 * Number(process.env.FUZZ_TIMES ?? 1); round++) {
    const [width, height] = [1 + random(4), 1 + random(4)];
    const rowOf = (name) => Array.from({ length: width }, (_, at) => `${name}${at} ${pick(CELLS)} end`);
    const [headings, ...rows] = ["head", ...Array.from({ length: height }, (_, at) => `row${at}cell`)].map(rowOf);
    const lines = [headings, headings.map(() => "-"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
    const plain = (text) => text.replaceAll("\\|", "|").replaceAll("**", "");
    const expected = rows.map((cells) => cells.map((cell, at) => `${headings[at]} ${cell}`).join(" "));
    const heard = said(lines.join("\n")).map((row) => row.replaceAll(/ end(?:: |：|; |；)/g, " end "));
    assert.deepEqual(heard, expected.map(plain), `SEED=${seed}, round ${round}`);
  }
});
