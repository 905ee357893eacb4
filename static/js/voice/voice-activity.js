// Tells speech from silence by how loud it is compared with the room and with the speaker. Pure.

import { createRoom } from "./room.js";

const FAINTEST_DB = -50; // below this nobody speaks to the page
const BELOW_SPEAKER_DB = 7; // others, further away
const SPEAKER_MS = 700; // in which the speaker's level is followed
const SPEAKER_FALL_DB = 3; // a second, while quiet: who goes on may be softer
const FORGOTTEN_MS = 2_000; // of silence: somebody else may speak next
const SMOOTHING_MS = 60;
const ONSET_MS = 110; // a knock is shorter
const MOST_MS = 300;
const DIP_DB = 8; // at most, between two of its pieces
const SILENT_DB = 4; // the same while the page is silent, for who has spoken: the end is noticed sooner
const DIP_MS = 200; // between two syllables
const ECHO_MS = 150; // after the page paused, what was its own voice is over
const ABOVE_ECHO_DB = 6;
const ECHO_FALL_DB = 1; // a second

/** The level of samples in dB below full scale. */
export function decibels(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return 10 * Math.log10(sum / samples.length + 1e-10);
}

/** 0 to 1, for a meter. */
export const asLevel = (db) => Math.max(0, Math.min(1, (db + 60) / 50));

const follow = (before, db, ms, withinMs) => {
  const power = 10 ** (before / 10);
  return 10 * Math.log10(power + ((10 ** (db / 10) - power) * ms) / (ms + withinMs));
};

/**
 * Its `feed` tells whether somebody speaks, and how long it has been quiet: a sound too short for speech does not
 * break silence. What stops when the page pauses was its own voice: from then on, others have to be louder.
 */
export function createVoiceActivity() {
  const room = createRoom();
  let level = -100;
  let speaker = -100;
  let echo = -100;
  let loudMs = 0; // and how much of it is quiet by now taken off
  let quietMs = 0;
  let sinceLoudMs = 0;
  let pausedMs = Infinity; // since the page paused under a voice
  let isSpeech = false;
  let wasSounding = false;

  /** Takes the level of the next `ms` milliseconds, and whether the page sounds. */
  function feed(db, ms, isSounding = false) {
    level = follow(level, db, ms, SMOOTHING_MS);
    const { isSteady, threshold } = room.feed(db, ms, isSpeech);
    if (isSounding) echo -= (ECHO_FALL_DB * ms) / 1_000;
    const ownVoice = isSounding ? echo + ABOVE_ECHO_DB : -100;
    const limit = Math.max(FAINTEST_DB, threshold, speaker - BELOW_SPEAKER_DB, ownVoice);
    const isAlone = isSpeech && !isSounding && pausedMs === Infinity;
    const isLoud = !isSteady && level > limit && db > limit - (isAlone ? SILENT_DB : DIP_DB);
    loudMs = isSteady ? 0 : Math.max(0, Math.min(MOST_MS, loudMs + (isLoud ? ms : -ms)));
    sinceLoudMs = isLoud ? 0 : sinceLoudMs + ms;
    quietMs = loudMs >= ONSET_MS ? Math.min(quietMs + ms, sinceLoudMs) : quietMs + ms;
    if (isLoud && loudMs >= ONSET_MS) speaker = follow(Math.max(speaker, level - BELOW_SPEAKER_DB), level, ms, SPEAKER_MS);
    else speaker = quietMs > FORGOTTEN_MS ? -100 : speaker - (SPEAKER_FALL_DB * ms) / 1_000;
    hearEcho(ms, isSounding);
    isSpeech = quietMs <= DIP_MS && (isSpeech || loudMs >= ONSET_MS);
    return { isSpeech, quietMs };
  }

  function hearEcho(ms, isSounding) {
    if (wasSounding && !isSounding && isSpeech) pausedMs = 0;
    else pausedMs += ms;
    if (isSounding) pausedMs = Infinity;
    if (isSpeech && quietMs > DIP_MS && pausedMs - quietMs < ECHO_MS) echo = Math.max(echo, speaker);
    wasSounding = isSounding;
  }

  return { feed };
}
