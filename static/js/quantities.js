// Patterns of numbers, units and times in English and Chinese text, as sources of regular expressions.

const { raw } = String;

export const DIGIT = raw`[\d０-９]`;
const HAN_DIGIT = "[〇零一二两三四五六七八九十百千半]";
export const NUMBER = raw`(?:${DIGIT}+(?:,\d{3})*(?:[.．]${DIGIT}+)?[万亿]?|${HAN_DIGIT}+)`;
export const MONEY = raw`(?:[A-Z]{0,2}\$|[€£¥￥])\s?`;

export const AMOUNT = "[mkµμn]?g|mcg|[nmµμ]?mol|mEq|IU|U|毫克|微克|克|单位";
export const VOLUME = "[mdµμ]?L|cc|毫升|升";
export const LENGTH = raw`mm|cm|km|m|in(?!\s+\p{L})|ft|feet|px|毫米|厘米|米|公里`;
export const TEMPERATURE = raw`°\s?[CF]|[°℃℉度]|摄氏度`;
const NOUN =
  "tablet|pill|capsule|drop|puff|dose|time|second|minute|hour|day|night|week|month|year|guest|patient|visitor|item|" +
  "piece|unit|degree|inche?|meter|metre|mile|dollar|euro|yuan|point|page|floor|step|person|hr|min|sec";
export const COUNTER =
  "(?:个?工作日|小时|分钟|公斤|千克|星期|" +
  "[个片粒颗丸滴支瓶袋包盒喷次天日周月年岁秒分位人名件层楼元块斤倍折杯份点页种条张家项级章组晚])";
export const UNIT =
  raw`(?:[%％‰]|${TEMPERATURE}|(?:${AMOUNT}|${VOLUME}|${LENGTH}|mmHg|kPa|kcal|bpm|[dhs]|[ap]m|` +
  raw`(?:(?:business|working) )?(?:${NOUN})s?|people)(?![A-Za-z])|${COUNTER})`;
/** What there is so much of each, as after "mg/": a whole word that no number follows; not 周 of 周日. */
export const EACH =
  raw`(?:(?:k?g|[md]?L|m[²2]|[dhs]|${NOUN})(?![A-Za-z]|\s?\d(?!\d?(?: times|×)))|` +
  raw`(?:${COUNTER}|[升克㎡])(?!\s?\d|(?![的或和且起]|以[上下内]|左右)\p{Script=Han}))`;

/** A time, a day of the week or a date. */
export const MOMENT =
  raw`(?:\d{1,2}(?::\d\d)?\s?[ap]\.?m\b\.?|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\.?|(?:周|星期)[一二三四五六日天]|` +
  raw`(?:[上下中]午|[早晚]上?|凌晨)?\d{1,2}(?:[:：]\d\d|[点时](?:\d{1,2}分|半)?)|` +
  raw`\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|(?:\d{4}年)?\d{1,2}月\d{1,2}[日号])`;

/** Where a number begins that is no part of a word, a code, an address or a telephone number; and where it ends. */
export const ALONE = raw`(?:^|[^\p{Script=Latin}\p{N}_.:@#\\/*–—-]|\d[*×]|\D:)`;
export const APART = raw`(?!${DIGIT}|[-–—~～.,:：/]\d)`;

export const before = (pattern) => new RegExp(raw`(?:${pattern})\s?$`, "iu");
export const after = (pattern) => new RegExp(raw`^\s?(?:${pattern})`, "iu");
