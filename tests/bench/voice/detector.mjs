// The page's own detector of speech over levels: a JSON list of lists of decibels, one each 16 ms, from stdin.

import { text } from "node:stream/consumers";
import { createVoiceActivity } from "../../../static/js/voice/voice-activity.js";

const PIECE_MS = 16;

function heard(levels) {
  const activity = createVoiceActivity();
  return levels.map((level) => activity.feed(level, PIECE_MS)).map(({ isSpeech, quietMs }) => [isSpeech, quietMs]);
}

console.log(JSON.stringify(JSON.parse(await text(process.stdin)).map(heard)));
