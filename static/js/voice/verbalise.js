// Signs that voices leave out, or read otherwise than people do, in words: only where what is around them leaves no
// doubt. All else stays as it is written: dates, telephone numbers, codes, versions and addresses.

import * as q from "../quantities.js";
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
const IS_MOMENT = before(raw`(?:^|[^\d:-])${MOMENT}`);
const QUANTITY = before(raw`${NUMBER}\s?${UNIT}`);
const FROM = before(raw`(${ALONE})(${MONEY})?(minus |负)?(${NUMBER})(\s?${UNIT})?`);
const TO = after(raw`(${MONEY})?(minus |负)?(${NUMBER})${q.APART}(\s?(?:${UNIT}|/${EACH}))?`);
const TEMPERATURE_OR_RANGE =
  raw`${NUMBER}(?:\s?${UNIT})?(?:\s?(?:[~～–—-]|to|and|到|至|和)\s?[-−]?${NUMBER})?\s?(?:${q.TEMPERATURE}|[%％])`;
const START_OF_RANGE =
  raw`(?:^|[^\p{Script=Latin}\p{N}_.@#\\/-])(?:${MONEY})?\d[\d.,:/-]*[万亿]?(?:\s?${UNIT})?|` +
  raw`${NUMBER}${q.COUNTER}?|${MOMENT}`;
const QUANTITY_PER =
  raw`(?:${MONEY}|(?:times|to|乘|到|正负) )${NUMBER}|[到乘]${NUMBER}|${NUMBER}(?:\s?${UNIT}| [a-z]+s| times|次)|` +
  raw`(?:^|[^A-Za-z])(?:${q.AMOUNT}|${q.VOLUME}|km)|/${EACH}|\^[-−]?\d+`;
const PRESSURE = raw`(?:[5-9]|[12]\d)\d/(?:[3-9]|1[0-4])\d`;
/** What may stand between "blood pressure" or "mmHg" and the numbers, as far as the next of them. */
const COMPARED =
  raw`(?:[\s,:：=、或和至到为是约在于低高大小超过等达目标]|is|then|now|was|of|at|or|and|to|about|target|goal|reading|` +
  raw`below|above|under|over|less|greater|than|equal)*`;
const MMHG = "mm ?Hg|毫米汞柱";
const AFTER_PRESSURE =
  new RegExp(raw`(?:\bBP|blood pressure|血压|${MMHG})${COMPARED}(?:${PRESSURE}${COMPARED})*$`, "i");
const BEFORE_MMHG = new RegExp(raw`^\s?\d+${COMPARED}(?:${PRESSURE}${COMPARED})*(?:${MMHG})`, "i");
const SYSTOLIC = before(raw`(?:^|[^\d/.])(?:[5-9]|[12]\d)\d`);
const DIASTOLIC = after(raw`(?:[3-9]|1[0-4])\d(?!\d|\/|\.\d|\s?(?:${q.AMOUNT}|${q.VOLUME})(?![A-Za-z]))`);
const RATIO = "(?:ratio|dilution|score)(?: of| is| was|:)? |(?:比例|比分|稀释|配比)[为是：:]?";

const CURRENCY = raw`(?:[美欧日港]?元|[€£$]|USD|EUR|GBP|CNY|RMB|(?:dollar|euro|yuan|pound)s?\b)`;
/** Where a minus is one: not after a number, a unit, a word, or what a bracket encloses. */
const NO_OPERAND = /(?:^|[^\d%％℃℉°CF]\s|[^\s\p{N}\p{Script=Latin}%％‰℃℉°)\]）】}_./\\+–−-])$/u;
/** And in Chinese, a price may follow its goods with a dash. */
const NO_GOODS = /(?:^|[^\d%％℃℉°CF]\s|[^\s\p{N}\p{L}%％‰℃℉°)\]）】}_./\\+–−-])$/u;

/** [sign, what is before it, what is after it, what is said in English, and in Chinese], in the order of use. */
const RULES = [
  ["[-−–]", NO_OPERAND, new RegExp(`^${TEMPERATURE_OR_RANGE}`, "i"), "minus", "负", isSign],
  ["[-−–]", NO_GOODS, new RegExp(raw`^(?:${MONEY}\d|${NUMBER}\s?${CURRENCY})`, "iu"), "minus", "负", isSign],
  [raw`\+\s?/\s?[-−]|±`, ANY, A_NUMBER, "plus or minus", "正负"],
  ["<=|[≤≦]", ANY, A_NUMBER, "less than or equal to", "小于等于", isOneSided],
  [">=|[≥≧]", ANY, A_NUMBER, "greater than or equal to", "大于等于", isOneSided],
  ["[<＜]", NO_ARROW, A_NUMBER, "less than", "小于", isOneSided],
  // With a space, it may lead from one menu to the next.
  ["[>＞]", NO_ARROW, /^[\d$€£¥]/, "greater than", "大于", isNoMenu],
  ["[>＞]", NO_ARROW, after(raw`${MONEY}\d|${NUMBER}\s?(?:${UNIT}|/\d)`), "greater than", "大于", isNoMenu],
  ["[>＞]", /^[^>]*[\p{N}%℃]\s?$/u, A_NUMBER, "greater than", "大于", isNoMenu],
  ["[~～〜]", before(START_OF_RANGE), after(raw`(?:minus |负|第|${MONEY})?${NUMBER}|${MOMENT}`), "to", "到", isAscending],
  ["[~～]", /(?:^|[\s(（])$/, /^\d(?![^~～,，。;；]*[^\s(（~～][~～])/, "about", "约"],
  ["≈", ANY, A_NUMBER, "about", "约"],
  ["[-‐‑–—]", IS_MOMENT, after(raw`${MOMENT}(?![-:]?\d|/\d(?!\d?[:：]\d\d))`), "to", "到"],
  ["[-‐‑–—→]|-+>", FROM, TO, "to", "到", isRange],
  ["×", ANY, after(`/${EACH}`), "times", "次"],
  ["[*×]", A_QUANTITY, after(raw`${NUMBER}(?:\s?[*×]\s?${NUMBER})*\s?(?:${q.LENGTH})(?![A-Za-z])`), "by", "乘"],
  ["[×✕✖]", ANY, A_NUMBER, "times", "乘"],
  [raw`\*(?!\*)`, A_QUANTITY, after(raw`${NUMBER}(?![\d.*]*#)`), "times", "乘"],
  ["÷", ANY, A_NUMBER, "divided by", "除以"],
  ["/", SYSTOLIC, DIASTOLIC, "over", "比", isPressure],
  ["/", before(QUANTITY_PER), after(EACH), "per", "每"],
  ["/", before(raw`${NUMBER}\s?(?:${q.AMOUNT})`), after(raw`${NUMBER}\s?(?:${q.VOLUME})(?![A-Za-z])`), "per", "每"],
  ["[:：]", before(`(?:${RATIO})${NUMBER}`), after(raw`${NUMBER}(?![:：\d])`), "to", "比"],
  ["[:：]", before(ALONE + NUMBER), after(`${NUMBER}(?: dilution|稀释|的?比例)`), "to", "比"],
  [raw`°\s?C|℃`, before(NUMBER), NO_LETTER, "degrees Celsius", "摄氏度"],
  [raw`°\s?F|℉`, before(NUMBER), NO_LETTER, "degrees Fahrenheit", "华氏度"],
  ["°", before(NUMBER), ANY, "degrees", "度"],
].map(([sign, ...others]) => [new RegExp(raw`(\s*)(?:${sign})(\s*)`, "giu"), ...others]);

/** Words after which "1–2 mg" is the name of one thing, and its dose. */
const LABEL = /\b(?:day|week|month|step|stage|phase|option|part|level|room|grade|type|no\.?|co-[a-z]+) $/i;
/** Words after which what has a dash is one number, whatever follows it. */
const IDENTIFIED = new RegExp(
  raw`(?:\b(?:tel\.?|phone|dial|fax|pin|code|account|card|id|sku|licen[cs]e|gate|seat|flight|apartment|` +
    raw`ext\.?|extension|ref)(?: is)?|[^\d月]号码?|[码证卡]|[电手分座]机|电话|热线|拨打?|致电|账户|编号)[:：#是为]?\s?$`,
  "iu",
);
const CALLED = /\b(?:call|ring|text|contact)(?: us)?(?: at| on)? $/i;
/** Words after which numbers without a unit are from the one to the other; below, those after which spaced ones are. */
const COUNTED = new RegExp(
  raw`\b(?:pages?|pp?\.|aged?|ages|chapters|sections|questions|verses|years|months|weeks|days|hours|steps|stages|` +
    raw`sizes?|(?:Jan|Feb|Mar|Apr|May|Ju[nl]|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?) $`,
  "i",
);
const YEAR = /^(?:19|20)\d\d$/;
const DURING = /\b(?:in|from|during|of|for) $/i;
const TIMES_TEN = after(raw`${NUMBER}\s?[×*]\s?10\^`);
/** What "8-500 tablets" is, of two drugs in one: with such numbers, no amount from the one to the other. */
const STRENGTH = after(raw`(?:${q.AMOUNT})(?![A-Za-z])|tablet|capsule|pill|[片粒颗]`);
const TAKEN =
  /(?:^|[:：,，(（次服每约需]|\b(?:take|for|in|of|every|about|within|use|give|drink|wait|after|at|least|most))\s*$/i;

/** What is said as it is written, and what stands for it meanwhile: tags of HTML, addresses. */
const LITERAL = /<\/?[a-z][^<>]*>|[!-~]*(?::\/\/|www\.|@)[!-~]*|\uFDEE/gi;
const HOLE = "\uFDEE";

const LESS = raw`\s?(<=|[<＜‹≤≦])\s?`;
/** "3.9 < glucose ≤ 6.1". */
const BETWEEN = new RegExp(raw`(${NUMBER}(?:\s?${UNIT})?)${LESS}(\p{L}[\p{L} ]{0,30}?)${LESS}(?=${NUMBER})`, "giu");
const MENU = /\b(?:press|dial|menu|settings?|click|select|choose|tap)\b|按|拨|选择|点击|设置|菜单/i;
const CLAUSE = /[,，。;；、或和且]|\b(?:and|or|if|but|when)\b/i;
const SCIENTIFIC = /(^|[^\d.])10(⁻?)([⁰¹²³⁴-⁹]+)/gu;
const POWER = /(\d)\^([-−]?\d+)/g;
const FRACTION = new RegExp(
  raw`(^|[^\d./-])(\d )?([123])/([234])(?= (?:an? |of (?:an? |the )?)?` +
    raw`(?:tablet|pill|capsule|dose|teaspoon|cup|hour|mile|pound)(s?)\b)`,
  "g",
);
const HAN_FRACTION = /(^|[^\d./第-])(?:(\d{1,2}) )?([1-9])\/([2-9]|10)(?=个?[片粒颗丸支瓶袋包盒勺杯份])/g;

/** `text` as a person who speaks `language` (a BCP 47 tag) would read it. No sign is left out. */
export function verbalise(text, language) {
  const index = ["en", "zh"].indexOf(language.split("-")[0]);
  const told = text.replace(/[\uFDD0-\uFDD7]/g, (note) => NOTE_WORDS[note][Math.max(0, index)]);
  if (index < 0) return told;
  const literals = told.match(LITERAL) ?? [];
  return verbaliseSigns(told.replace(LITERAL, HOLE), index).replace(/\uFDEE/g, () => literals.shift());
}

function verbaliseSigns(text, index) {
  const written = text.replace(SCIENTIFIC, (_, lead, sign, digits) => `${lead}10^${sign && "-"}${lowered(digits)}`);
  const limited = written.replace(BETWEEN, (...limit) => limitsOf(limit, index));
  const said = RULES.reduce((rest, rule) => replaced(rest, rule, index), limited);
  if (index) return said.replace(HAN_FRACTION, hanFractionOf).replace(POWER, "$1的$2次方");
  return said.replace(FRACTION, fractionOf).replace(POWER, "$1 to the power of $2");
}

const lowered = (digits) => digits.replace(/./gu, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(digit));

/** "1/2 tablets" may be one or two of them. */
function fractionOf(written, lead, number, count, whole, plural) {
  if (count >= whole || (plural && !number)) return written;
  const words = `${["one", "two", "three"][count - 1]} ${["half", "third", "quarter"][whole - 2]}`;
  return lead + (number ? `${number}and ` : "") + words + (count > 1 ? "s" : "");
}

function hanFractionOf(written, lead, number, count, whole, at, text) {
  const isAfterNumber = !number && /\d\s?$/.test(text.slice(0, at) + lead);
  if (isAfterNumber || (number && +count >= whole)) return written;
  return `${lead}${number ? `${number}又` : ""}${whole}分之${count}`;
}

/** Both signs in words. */
function limitsOf([, from, ...others], index) {
  const [sign, middle, otherSign] = others;
  const wordsOf = (less) => (/[<＜‹]$/.test(less) ? ["less than", "小于"] : ["less than or equal to", "小于等于"])[index];
  return [from, wordsOf(sign), middle, wordsOf(otherSign), ""].join(index ? "" : " ");
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

/** No earlier sign of the clause compares with a word: both are said, or none. */
function isOneSided(start) {
  return !/[<>＜＞‹›≤≥≦≧]=?\s?\p{L}[^,，。;；、]*$/u.test(start);
}

/** Whether a sign is the only one of its clause, and does not lead from one menu to the next. */
function isNoMenu(start, rest) {
  const clause = start.split(CLAUSE).pop() + rest.split(CLAUSE)[0];
  return isOneSided(start) && !/[>＞]/.test(clause) && !MENU.test(clause);
}

/** Whether words of the blood pressure are directly beside its numbers. */
function isPressure(start, rest) {
  const [systolic] = /\d+\s?$/.exec(start);
  const [diastolic] = /\d+/.exec(rest);
  if (+systolic <= +diastolic) return false;
  return AFTER_PRESSURE.test(start.slice(0, -systolic.length)) || BEFORE_MMHG.test(rest);
}

/** Nothing is taken from a number with its unit. */
function isSign(start) {
  return !QUANTITY.test(start);
}

/** Whether a tilde leads from one number to a greater one, if both are numbers. */
function isAscending(start, rest, tilde) {
  if (/^\s/.test(tilde) !== /\s$/.test(tilde)) return false; // "~10 mg~ 5 mg" is struck elsewhere
  const [from, to] = [FROM.exec(start), TO.exec(rest)];
  if (!from || !to || IS_MOMENT.test(start)) return true;
  if (/^\d{4}/.test(from[4]) && !from[5] && !to[4] && !to[1] && !from[2]) return false; // a telephone number
  if (isIdentifier(start.slice(0, from.index) + from[1], from[4])) return false;
  const [low, high] = [valueOf(from[3], from[4]), valueOf(to[2], to[3])];
  return !(low >= high) || (low < 0 && high < low); // below zero, people begin with the one nearer to it
}

const isIdentifier = (context, { length }) => IDENTIFIED.test(context) || (length > 2 && CALLED.test(context));

const valueOf = (minus, number) => (minus ? -1 : 1) * number.replaceAll(",", "");

/** Whether a dash or an arrow leads from one number to another. */
function isRange(start, rest, dash) {
  const { index, 1: lead, 2: money, 3: minus, 4: number, 5: unit } = FROM.exec(start);
  const [, otherMoney, otherMinus, other, otherUnit] = TO.exec(rest);
  const [from, to] = [valueOf(minus, number), valueOf(otherMinus, other)];
  const context = start.slice(0, index) + lead;
  if (LABEL.test(context) || isIdentifier(context, number)) return false;
  if (unit && otherUnit && unit.trim() !== otherUnit.trim()) return false;
  if (/[→>]/.test(dash)) return !/\s/.test(dash);
  if (from >= to) return false;
  const isTaken = otherUnit && TAKEN.test(context);
  if (/\s/.test(dash)) return (unit && otherUnit) || (money && otherMoney) || isTaken;
  if (STRENGTH.test(otherUnit) && to > 20 * from) return false;
  if (money || otherMoney || unit || otherUnit) return true;
  const areYears = YEAR.test(number) && YEAR.test(other) && DURING.test(context);
  return areYears || COUNTED.test(context) || TIMES_TEN.test(rest);
}
