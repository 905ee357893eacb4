// Whether somebody who falls silent has said all, by the words: English and Chinese, others by their marks. Pure.

const OPEN_MARK = /(?:[,;:—–，、；：…-]|\.\.|。。)$/;
const LAST_SENTENCE = /(?:[^.。?？!！]|\.(?=\d))+[.。?？!！]*$/;
const END = /[.。?？!！\s"'”’」』)）]+$/;

/** Alternatives of a pattern; "_" is a space. */
const words = (text) => text.trim().replace(/\s+/g, "|").replace(/_/g, " ");

// English: small letters, no commas

const BE = words("am is are was were do does did can could may will would should shall must have has had");
const SUBJECT = words("i you he she it we they that this there the a my your his her our their");
const DIGIT = words("\\d[\\d.]* oh zero one two three four five six seven eight nine double");
const ANSWERS = words(`
  yes yeah yep no nope okay ok sure right stop thanks never exactly correct of_course (?:yes|no)_please help(?:_me)?
  not_(?:yet|now|today) that's_(?:right|it|all|fine) never_mind all_right nothing_else nothing thank_you very_much i_don't_know
  the_(?:first|second|third|last)(?:_one)? (?:yes|no)_(?:i|it|he|she|we|they)_(?:${BE})(?:_not)?`);
const OPEN = words(`
  and or but because so if than that as since unless until whether while although when then a an the my your his their
  our its every very more of to for with from at by about into between without under in on i we they you're i'm i'd
  ${BE} be been um umm uh er erm hm hmm well you_know i_mean let_me_see excuse_me my_name's i_need i_want i_take
  i_have (?:would|i'd)_like to_ask to_know please_(?:call|bring|give|tell|take|send|ask)
  (?:tell|give|call|show|remind)_me(?:_please)?
  (?:${BE})_(?:you|i|it|we|they|he|she)(?:_please)?`);
/** Who says so, and no more, is about to go on. */
const MOMENT = "(?:(?:oh|um|please|no) )*(?:wait|hold on|(?:(?:wait|hold on|just) )?(?:a|one) (?:moment|second|minute))(?: please)?";
const OPEN_NUMBER = `\\b(?:phone|telephone|number|takes?|taking|took|gets?|dose|give)\\b.* (?:${DIGIT}|\\w+teen|ten|\\w+ty|hundred|thousand)`;
const ENGLISH = [
  ["answer", `^(?:(?:${ANSWERS})(?: |$))+$`],
  ["question", "^how (?:are|is) \\w+$"],
  ["statement", `\\b(?:what|who|where|when|how) (?:i|you|he|she|it|we|they|that|this) (?:${BE})$`],
  ["statement", "^(?:what|which|who|where|how)\\b.* (?:i|you|it|he|she|we|they|the \\w+)\\b.* (?:do|be|have|on|in|to|at|for|from|with|about)$"],
  ["statement", `^(?:how|where|when|${BE}) .* (?:get|bring|repeat|find|find out|put|use|send|order|have|make)$`],
  ["statement", `^(?:${BE}) .* (?:include|need|want|mean|cover|offer|take|see)$`],
  ["statement", "\\b(?:turn|switch|come|go|check|log|sign|get|let|put|breathe)(?:s|es|ing)? (?:in|on|over|about)$"],
  ["hanging", `^please$|^${MOMENT}$|(?:^| )(?:${OPEN})$|${OPEN_NUMBER}$|^(?:${DIGIT})(?:[ -](?:${DIGIT}))+$`],
  ["answer", " .* please$"],
  ["subordinate", `^(?:if|because|although|while|when (?:${SUBJECT})) `],
  ["question", `^(?:and |so |but |then )?(?:(?:what|where|when|who|whose|why|how|which) (?:.* )?)?(?:${BE}) .* .* `],
  ["question", `^(?:what|where|when|who|why|how|which) (?:.* )?(?:${BE}) .* `],
  ["question", "^(?:who (?:is|are) \\w+|(?:what|how|which|who) \\w+ .* \\w+)$"],
].map(([kind, pattern]) => [kind, new RegExp(pattern)]);

// Chinese

const ZH_NUMBER = "\\d零〇一二三四五六七八九十百千万两半";
const ZH_OPEN = words(`
  然后 因为 但是 可是 不过 所以 如果 要是 虽然 而且 还有 或者 比如 就是 就是说 关于 那个 还是 [和跟与及在从到给把被让为向往第] 嗯 呃 额
  问一下 请问 想问 我想 我要 (?:^|[^申邀聘])请 [您你] [你您]能 (?:提醒|通知)[我他她] 麻烦 帮我 我叫
  名字叫? 名字是 电话是 号码是 [他她]说是? 能不能 可不可以 是不是 要不要 有没有 怎么 的 每[天次]`);
const CHINESE = [
  ["answer", "^(?!要是|[是要可]不)(?:(?:好的?|是的?|对的?|不是?|不?要|不用了?|不?行|不?可以|没有?|没问题|没关系|谢谢您?|我?不知道|知道了|停|救命啊?|救救我|帮帮我|第.个) ?){1,4}$"],
  ["answer", "^不?是(?:今天|明天|昨天|后天|这个|那个|我|他|她)$"],
  ["answer", "1\\d{10}$"],
  ["statement", "是.+[^我你您他她们]的$"],
  ["hanging", "^[请您你好]{0,3}(?:等一?[下等]|稍等(?:一下)?|等一会儿?)吧?$"],
  ["hanging", `(?:${ZH_OPEN})$|(?:电话|号码|手机|吃|服|用|剂量).*[${ZH_NUMBER}]$|^[${ZH_NUMBER} -]{3,}$`],
  ["question", "(?:[吗呢么吧谁]|什么|哪[里儿]?|多[久少长远大]|多少钱|几[次片楼号天个粒岁]|怎么[办走吃用了样])$"],
  ["question", "(?:什么|哪|几|怎么|多少|谁|(.)不\\1|可不可以|有没有|是.+还是).*[^\\d\\s]{2}$"],
].map(([kind, pattern]) => [kind, new RegExp(pattern, "u")]);

function kindOf(text, rules) {
  return rules.find(([, pattern]) => pattern.test(text))?.[0];
}

function rulesFor(text) {
  if (/\p{Script=Han}/u.test(text)) return /[\p{Script=Hiragana}\p{Script=Katakana}]/u.test(text) ? [] : CHINESE;
  return /^[\p{Script=Latin}\p{M}\P{L}]*$/u.test(text) ? ENGLISH : [];
}

/**
 * "complete": over; "hanging": there is more to come; or "unclear". `marks` is what is known of the recogniser's:
 * "trusted" ones stand where something is over and nowhere else, "untrusted" full stops behind everything. `isOther`:
 * the person's language is neither English nor Chinese.
 */
export function completeness(text, { marks, isOther = false } = {}) {
  const said = text.trim();
  if (OPEN_MARK.test(said)) return "hanging";
  if (/[?？!！]$/.test(said)) return "complete";
  const plain = plainOf(LAST_SENTENCE.exec(said)?.[0] ?? "");
  const kind = kindOf(plain, isOther ? [] : rulesFor(plain));
  const isStopped = /[.。]$/.test(said);
  if (kind === "hanging") return isStopped && marks === "trusted" ? "unclear" : "hanging";
  const isEnded = isStopped && marks !== "untrusted" && kind !== "subordinate";
  return isEnded || kind === "answer" || (kind === "question" && marks !== "trusted") ? "complete" : "unclear";
}

const plainOf = (text) => text.replace(END, "").replace(/[,，\s]+/g, " ").replace(/’/g, "'").trim().toLowerCase();

const SOUNDS = "m+|m*h+m+|[mh]+m+-h+m+|uh[- ]?huh|aha|uh|um+|ah|oh|[嗯哦噢啊唔呃哼]+";
const NODS = "ja|yeah|yes|yep|yup|okay|ok|right|all ?right|i see|sure|(?:[对是好行]的?)+";
const FILLER = new RegExp(`^(?:(?:${SOUNDS})(?: |$))*$`);
const BACKCHANNEL = new RegExp(`^(?:(?:${SOUNDS}|${NODS})(?: |$))*$`);

/** Sounds that are no words. */
export const isFiller = (text) => FILLER.test(plainOf(text));

/** What shows that somebody listens, and does not want the turn. */
export const isBackchannel = (text) => BACKCHANNEL.test(plainOf(text));
