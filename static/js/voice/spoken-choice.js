// Which of the choices of a form was said. Pure.

import { wordsOf } from "./phrases.js";

const LEAD = /^(?:please |请 )?(?:(?:number|option|choice) |第 |选 择 |选 项 |选 )?/;
const TAIL = /(?: 个| 项| 号)?(?: please)?$/;
const NUMBERS = [
  ["1", "one", "first", "the first", "the first one", "一"],
  ["2", "two", "second", "the second", "the second one", "二", "两"],
  ["3", "three", "third", "the third", "the third one", "三"],
  ["4", "four", "fourth", "the fourth", "the fourth one", "四"],
  ["5", "five", "fifth", "the fifth", "the fifth one", "五"],
];

const plain = (text) => wordsOf(text).map(({ word }) => word).join(" ");

/** The index of the one title that `text` is, or whose number it is, -1 for none: anything else is a question. */
export function choiceOf(text, titles) {
  const said = plain(text);
  const bare = said.replace(LEAD, "").replace(TAIL, "");
  const named = titles.flatMap((title, at) => ([said, bare].includes(plain(title)) ? [at] : []));
  if (named.length || !bare) return named.length === 1 ? named[0] : -1;
  const number = NUMBERS.findIndex((words) => words.includes(bare));
  return number < titles.length ? number : -1;
}
