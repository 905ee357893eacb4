// What speech-to-text makes of noise: models that learned from films write down what stands at their ends. Pure.

/** Such as Whisper's: see arXiv 2501.11378. Only what nobody would say to a page by itself. */
const PHANTOMS = [
  /^thank(?:s| you)(?: (?:so|very) much)? for (?:watching|listening|viewing|your attention)\b.{0,30}$/,
  /^(?:please |don't forget to )*(?:like and )?subscribe(?: (?:to|for) .*)?$/,
  /^(?:subtitles|captions?|subtitled|captioned|transcribed|translated|transcription|translation)(?: and \w+)? (?:by|provided by) .*$/,
  /amara\.org|^you$|^see you (?:in the )?next (?:time|video)$/,
  /^(?:感?谢谢?(?:大家|您|你)?的?(?:观看|收看|收听)|(?:中文)?字幕.{0,20}|.*(?:点赞|订阅).*(?:打赏|转发|频道).*|.*独播剧场.*|下期再见)$/u,
];
/** "[Music]", "(coughs)", "♪ la la ♪": notes on sounds, and nothing else. */
const NOTES = /^(?:\s*(?:\[[^\]]*\]|\([^)]*\)|【[^】]*】|（[^）]*）|\*[^*]*\*|♪[^♪]*♪?|[\p{P}\p{S}]+))+\s*$/u;
const ENDS = /^[\p{P}\s]+|[\p{P}\s]+$/gu;

/** The text without what nobody said. */
export function withoutPhantoms(text) {
  const plain = text.replace(ENDS, "").replace(/[,，\s]+/gu, " ").replace(/’/g, "'").toLowerCase();
  return NOTES.test(text) || PHANTOMS.some((pattern) => pattern.test(plain)) ? "" : text;
}
