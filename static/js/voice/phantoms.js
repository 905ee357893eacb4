// What speech-to-text makes of noise: models that learned from films write down what stands at their ends. Pure.

/** Such as Whisper's: see arXiv 2501.11378. Only whole, and only what nobody says to a page: not who asks for subtitles. */
const PHANTOMS = [
  /^thank(?:s| you)(?: (?:so|very) much)? for (?:watching|viewing|listening)(?: (?:this|my|our) video)?$/,
  /^(?:please |don't forget to )*(?:like and )?subscribe(?: to (?:my|our|the) channel)?$/,
  /^(?:subtitles|captions) (?:created |provided )?by (?:the )?(?:amara\.org|steamteamextra)(?: community)?$/,
  /^transcribed by (?:https:\/\/)?otter\.ai$|^you$|^see you (?:in the )?next (?:time|video)$/,
  /^(?:感谢|谢谢)(?:大家|您|你们?)?的?(?:观看|收看|收听)$|^(?:中文)?字幕(?:志愿者.{0,12}|由 ?amara\.org ?社区提供)?$/u,
  /^请不吝点赞 ?订阅 ?转发 ?打赏.*$|^(?:優優獨播劇場|优优独播剧场).*$|^下期再见$/u,
];
/** "[Music]", "(coughs)", "♪ la la ♪": notes on sounds, and nothing else. */
const NOTES = /^(?:\s*(?:\[[^\]]*\]|\([^)]*\)|【[^】]*】|（[^）]*）|\*[^*]*\*|♪[^♪]*♪?|[\p{P}\p{S}]+))+\s*$/u;
const ENDS = /^[\p{P}\s]+|[\p{P}\s]+$/gu;

/** The text without what nobody said. */
export function withoutPhantoms(text) {
  const plain = text.replace(ENDS, "").replace(/[,，\s]+/gu, " ").replace(/’/g, "'").toLowerCase();
  return NOTES.test(text) || PHANTOMS.some((pattern) => pattern.test(plain)) ? "" : text;
}
