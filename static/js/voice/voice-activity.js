// Tells speech from silence by how loud it is compared with the room. Pure.

const FAINTEST_DB = -50; // below this nobody speaks to the page
const ABOVE_ROOM_DB = 12;
const GETS_USED_MS = 1_200; // to hearing itself
const DIP_MS = 200; // between two syllables
const SPEECH_MS = 300; // a cough or a door is shorter

/** The level of samples in dB below full scale. */
export function decibels(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return 10 * Math.log10(sum / samples.length + 1e-10);
}

/** 0 to 1, for a meter. */
export const asLevel = (db) => Math.max(0, Math.min(1, (db + 60) / 50));

/** While the page itself is speaking, what is heard of it counts as the room: one has to be clearly louder. */
export function createVoiceActivity() {
  let room = -60;
  let loudMs = 0;
  let quietMs = 0;
  let speakingMs = 0;

  /** Takes the level of the next `ms` milliseconds. */
  function feed(db, ms, isSpeaking = false) {
    speakingMs = isSpeaking ? speakingMs + ms : 0;
    const isLoud = db > Math.max(FAINTEST_DB, room + ABOVE_ROOM_DB);
    quietMs = isLoud ? 0 : quietMs + ms;
    if (isLoud && !(isSpeaking && speakingMs < GETS_USED_MS)) loudMs += ms;
    else if (quietMs > DIP_MS) loudMs = 0;
    const [fall, rise] = isSpeaking ? [6, 30] : [Infinity, 3]; // dB a second: a fan becomes the room after a while
    room = Math.max(-80, Math.min(Math.max(db, room - (fall * ms) / 1_000), room + (rise * ms) / 1_000));
    return { isSpeech: loudMs >= SPEECH_MS, quietMs };
  }

  return { feed };
}
