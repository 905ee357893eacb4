// Who speaks in a call: tells what others say from the page's own voice, and whether they interrupt it.

import { isBackchannel, isFiller } from "./completeness.js";
import { isOwnVoice, withoutEcho } from "./echo.js";
import { joined, wordsOf } from "./phrases.js";

const LOUD_LATELY_MS = 1_500;
const ANSWERS_MS = 2_000; // a "yes" so late in what the page says is an answer to it
const COMMANDS = /^(?:stop|wait|no|halt|enough|nein|warte|停|等|不|别|够了|待って|やめて|ストップ|그만|잠깐)/i;

/** Whether what others said while the page spoke only showed that they listened. */
export function isStale(words, results) {
  if (!words || !isBackchannel(words)) return false;
  return isFiller(words) || performance.now() - results.at(-1).endsAt > ANSWERS_MS;
}

/** `hasLevel()`: whether it is known how loud it is; then `speech(isOn)` is called when speech begins and ends. */
export function createBargeIn(hasLevel) {
  let page = { said: [], hushedAt: -Infinity }; // see echo.js
  let isSpeech = false;
  let speechAt = -Infinity;

  /** The page begins to say this. */
  function says(text) {
    page = { said: [...page.said, { text, from: performance.now() }], hushedAt: Infinity };
  }

  /** The page falls silent, or goes on. */
  function sounds(isOn) {
    page = { ...page, hushedAt: isOn ? Infinity : Math.min(page.hushedAt, performance.now()) };
  }

  function speech(isOn) {
    [isSpeech, speechAt] = [isOn, performance.now()];
  }

  const isAlone = (result) => hasLevel() && !isSpeech && speechAt < result.from && isOwnVoice(result, page);

  /** What others said, letter for letter. */
  const wordsOfOthers = (results, isEnough) =>
    results.map((result) => (isAlone(result) ? "" : withoutEcho(result, page, isEnough))).reduce(joined, "");

  /** Words count if somebody was loud; where there is no level, two of them or a command: one could be misheard. */
  function interrupts(results) {
    if (hasLevel()) return isSpeech || performance.now() - speechAt < LOUD_LATELY_MS;
    const words = wordsOfOthers(results, () => true);
    return COMMANDS.test(words) || wordsOf(words).length > 1;
  }

  return {
    ...{ says, sounds, speech, interrupts },
    wordsOfOthers: (results) => wordsOfOthers(results),
    isSpeech: () => isSpeech,
    isSounding: () => page.hushedAt === Infinity,
  };
}
