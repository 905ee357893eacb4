// Signs that voices leave out, or read otherwise than people do, in words: only where what is around them leaves no
// doubt. All else stays as it is written: dates, telephone numbers, codes, versions and addresses.

import * as q from "./quantities.js";
import { NOTES } from "./speakable.js";

/** What is said in place of each note, in English and in Chinese. */
const NOTE_WORDS = {
  [NOTES.code]: ["There is code on the screen.", "屏幕上有代码。"],
  [NOTES.formula]: ["the formula on the screen", "屏幕上的公式"],
  [NOTES.picture]: ["a picture", "图片"],
  [NOTES.link]: ["the link ", "链接"],
  [NOTES.checked]: ["Checked: ", "已勾选："],
  [NOTES.unchecked]: ["Not checked: ", "未勾选："],
  [NOTES.empty]: ["empty", "空"],
  [NOTES.footnote]: ["Note ", "注"],
};

const { raw } = String;
const { after, before, ALONE, EACH, MOMENT, MONEY, NUMBER, UNIT } = q;

const ANY = /(?:)/;
const NO_ARROW = before("^|[^=<>-]");
const NO_LETTER = /^(?![A-Za-z])/;
const A_NUMBER = after(raw`(?:minus |负)?(?:${MONEY})?${NUMBER}`);
const A_QUANTITY = before(raw`${ALONE}(?:${MONEY})?${NUMBER}(?:\s?${UNIT})?`);
const FROM = before(raw`(${ALONE})(${MONEY})?(minus |负)?(${NUMBER})(\s?${UNIT})?`);
const TO = after(raw`(${MONEY})?(minus |负)?(${NUMBER})${q.APART}(\s?(?:${UNIT}|/${EACH}))?`);
const TEMPERATURE_OR_RANGE =
  raw`${NUMBER}(?:\s?${UNIT})?(?:\s?(?:[~～–—-]|to|and|到|至|和)\s?[-−]?${NUMBER})?\s?(?:${q.TEMPERATURE}|[%％])`;
const START_OF_RANGE =
  raw`(?:^|[^\p{Script=Latin}\p{N}_.@#\\/-])(?:${MONEY})?\d[\d.,:/-]*[万亿]?(?:\s?${UNIT})?|` +
  raw`${NUMBER}${q.COUNTER}?|${MOMENT}`;
const QUANTITY_PER =
  raw`${q.DIGIT}|${NUMBER}(?:\s?${UNIT}| [a-z]+)|(?:^|[^A-Za-z])(?:${q.AMOUNT}|${q.VOLUME}|km)|/${EACH}`;
const SYSTOLIC = raw`(?:[5-9]|[12]\d)\d`;
const DIASTOLIC = raw`(?:[3-9]|1[0-4])\d`;
const RATIO = "(?:ratio|dilution|score)(?: of| is| was|:)? |(?:比例|比分|稀释|配比)[为是：:]?";

/** [sign, what is before it, what is after it, what is said in English, and in Chinese], in the order of use. */
const RULES = [
  [
    ...["[-−]", /(?:^\s*|[^\d%℃CF]\s|[(（，：:、~～<＜>＞≤≥到为至于是和达约温低高])$/u],
    ...[new RegExp(`^${TEMPERATURE_OR_RANGE}`, "i"), "minus", "负"],
  ],
  [raw`\+\s?/\s?[-−]|±`, ANY, A_NUMBER, "plus or minus", "正负"],
  ["<=|[≤≦]", ANY, A_NUMBER, "less than or equal to", "小于等于"],
  [">=|[≥≧]", ANY, A_NUMBER, "greater than or equal to", "大于等于"],
  ["[<＜]", NO_ARROW, A_NUMBER, "less than", "小于"],
  ["[>＞]", NO_ARROW, /^[\d$€£¥]/, "greater than", "大于"], // with a space, it may lead from one menu to the next
  ["[>＞]", NO_ARROW, after(raw`${NUMBER}\s?(?:${UNIT}|/\d)`), "greater than", "大于"],
  ["[>＞]", /^[^>]*[\p{N}%℃]\s?$/u, A_NUMBER, "greater than", "大于"],
  ["[~～〜]", before(START_OF_RANGE), after(raw`(?:minus |负|第|${MONEY})?${NUMBER}|${MOMENT}`), "to", "到"],
  ["[~～]", /(?:^|[\s(（])$/, /^\d/, "about", "约"],
  ["≈", ANY, A_NUMBER, "about", "约"],
  ["[-‐‑–—]", before(raw`(?:^|[^\d:-])${MOMENT}`), after(raw`${MOMENT}(?![-:/]?\d)`), "to", "到"],
  ["[-‐‑–—→]|-+>", FROM, TO, "to", "到", isRange],
  ["×", ANY, after(`/${EACH}`), "times", "次"],
  ["[*×]", A_QUANTITY, after(raw`${NUMBER}(?:\s?[*×]\s?${NUMBER})*\s?(?:${q.LENGTH})(?![A-Za-z])`), "by", "乘"],
  ["[×✕✖]", ANY, A_NUMBER, "times", "乘"],
  [raw`\*(?!\*)`, A_QUANTITY, after(raw`${NUMBER}(?![\d.*]*#)`), "times", "乘"],
  ["÷", ANY, A_NUMBER, "divided by", "除以"],
  ["/", before(raw`(?:^|[^\d/])${SYSTOLIC}`), after(raw`${DIASTOLIC}(?![\d/])`), "over", "比", isPressure],
  ["/", before(QUANTITY_PER), after(EACH), "per", "每"],
  ["/", before(raw`${NUMBER}\s?(?:${q.AMOUNT})`), after(raw`${NUMBER}\s?(?:${q.VOLUME})(?![A-Za-z])`), "per", "每"],
  ["[:：]", before(`(?:${RATIO})${NUMBER}`), after(raw`${NUMBER}(?![:：\d])`), "to", "比"],
  ["[:：]", before(ALONE + NUMBER), after(`${NUMBER}(?: dilution|稀释|的?比例)`), "to", "比"],
  [raw`°\s?C|℃`, before(NUMBER), NO_LETTER, "degrees Celsius", "摄氏度"],
  [raw`°\s?F|℉`, before(NUMBER), NO_LETTER, "degrees Fahrenheit", "华氏度"],
  ["°", before(NUMBER), ANY, "degrees", "度"],
].map(([sign, ...others]) => [new RegExp(raw`(\s*)(?:${sign})(\s*)`, "giu"), ...others]);

/** Words after which "1–2 mg" is the name of one thing, and its dose. */
const LABEL = /\b(?:day|week|month|step|stage|phase|option|part|level|room|grade|type|no\.?) $/i;
/** Words after which numbers without a unit are from the one to the other, and those after which they are with spaces. */
const COUNTED =
  /\b(?:pages?|aged?|ages|chapters|weeks|days|steps|(?:Jan|Feb|Mar|Apr|May|Ju[nl]|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?) $/i;
const TAKEN =
  /(?:^|[:：,，(（次服每约需]|\b(?:take|for|in|of|every|about|within|use|give|drink|wait|after|at|least|most))\s*$/i;

const ADDRESS = /([!-~]*(?::\/\/|www\.|@)[!-~]*)/;
const SCIENTIFIC = /(^|[^\d.])10(⁻?)([⁰¹²³⁴-⁹]+)/gu;
const POWER = /(\d)\^([-−]?\d+)/g;
const FRACTION = new RegExp(
  raw`(^|[^\d./-])(\d )?([123])/([234])(?= (?:an? |of (?:an? |the )?)?` +
    raw`(?:tablet|pill|capsule|dose|teaspoon|cup|hour|mile|pound)(s?)\b)`,
  "g",
);
const HAN_FRACTION = /(^|[^\d./-])([1-9])\/([2-9]|10)(?=个?[片粒颗丸支瓶袋包盒勺杯份])/g;

/** `text` as a person who speaks `language` (a BCP 47 tag) would read it. No sign is left out. */
export function verbalise(text, language) {
  const index = ["en", "zh"].indexOf(language.split("-")[0]);
  const told = text.replace(/[\uFDD0-\uFDD7]/g, (note) => NOTE_WORDS[note][Math.max(0, index)]);
  if (index < 0) return told;
  return told.split(ADDRESS).map((part, at) => (at % 2 ? part : verbaliseSigns(part, index))).join("");
}

function verbaliseSigns(text, index) {
  const written = text.replace(SCIENTIFIC, (_, lead, sign, digits) => `${lead}10^${sign && "-"}${lowered(digits)}`);
  const said = RULES.reduce((rest, rule) => replaced(rest, rule, index), written);
  if (index) return said.replace(HAN_FRACTION, "$1$3分之$2").replace(POWER, "$1的$2次方");
  return said.replace(FRACTION, fractionOf).replace(POWER, "$1 to the power of $2");
}

const lowered = (digits) => digits.replace(/./gu, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(digit));

/** "1/2 tablets" may be one or two of them. */
function fractionOf(written, lead, number, count, whole, plural) {
  if (count >= whole || (plural && !number)) return written;
  const words = `${["one", "two", "three"][count - 1]} ${["half", "third", "quarter"][whole - 2]}`;
  return lead + (number ? `${number}and ` : "") + words + (count > 1 ? "s" : "");
}

function replaced(text, [sign, isBefore, isAfter, english, chinese, isMeant], index) {
  return text.replace(sign, (match, lead, trail, at) => {
    const start = text.slice(0, at) + lead;
    const rest = trail + text.slice(at + match.length);
    if (!isBefore.test(start) || !isAfter.test(rest) || (isMeant && !isMeant(start, rest, match))) return match;
    if (index) return chinese;
    return (/^$|[(“"]$/.test(start) ? "" : " ") + english + (/^\s*(?:$|[,.;:!?)”"])/.test(rest) ? "" : " ");
  });
}

function isPressure(start, rest) {
  return /mm ?Hg|毫米汞柱|\bBP\b|blood pressure|血压/i.test(start + rest);
}

const valueOf = (minus, number) => (minus ? -1 : 1) * number.replaceAll(",", "");

/** Whether a dash or an arrow leads from one number to another. */
function isRange(start, rest, dash) {
  const { index, 1: lead, 2: money, 3: minus, 4: number, 5: unit } = FROM.exec(start);
  const [, otherMoney, otherMinus, other, otherUnit] = TO.exec(rest);
  const [from, to] = [valueOf(minus, number), valueOf(otherMinus, other)];
  const context = start.slice(0, index) + lead;
  if (LABEL.test(context) || (unit && otherUnit && unit.trim() !== otherUnit.trim())) return false;
  if (/[→>]/.test(dash)) return !/\s/.test(dash);
  if (from >= to) return false;
  if (/\s/.test(dash)) return (unit && otherUnit) || (money && otherMoney) || (otherUnit && TAKEN.test(context));
  if (money || otherMoney || unit || otherUnit || COUNTED.test(context)) return true;
  return /[–—]/.test(dash) && number[0] !== "0" && !(number.length === 3 && other.length === 4);
}
