// Sounds as traces of levels, made by rule: [dB, ms] pieces as the microphone brings them.

export const PIECE_MS = 16;

/** A generator of numbers from 0 to 1, the same each time. */
export function randomOf(seed) {
  return () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
}

const powerOf = (db) => 10 ** (db / 10);
const decibelsOf = (power) => 10 * Math.log10(power + 1e-10);
const pieces = (ms, level) => Array.from({ length: Math.round(ms / PIECE_MS) }, (_, at) => level(at));

export const silence = (ms) => pieces(ms, () => -75);

/** Steady noise: its level varies by less than 1 dB. */
export function fan(ms, db, random = randomOf(3)) {
  return pieces(ms, () => db + random() - 0.5);
}

/** A voice: syllables of some 200 ms with a fall of 20 dB between them, louder and quieter ones. */
export function voice(ms, db, random = randomOf(5)) {
  let left = 0;
  let length, loudness;
  return pieces(ms, () => {
    if (left <= 0) [left, length, loudness] = Array(2).fill(140 + 120 * random()).concat(db + 4 - 8 * random());
    left -= PIECE_MS;
    const part = left / length;
    return part < 0.2 ? loudness - 20 : loudness - 3 * Math.abs(part - 0.5);
  });
}

/** Many voices at once, of this level together. */
export function babble(ms, db, count = 6) {
  const all = Array.from({ length: count }, (_, at) => voice(ms, db - decibelsOf(count) + 1, randomOf(11 + 7 * at)));
  return all.reduce((sum, one) => mixed(sum, one));
}

export const knock = (db) => [db, db - 6, db - 14, db - 22, db - 30];

/** Both at once; the shorter one begins at `fromMs`. */
export function mixed(one, other, fromMs = 0) {
  const first = Math.round(fromMs / PIECE_MS);
  return one.map((db, at) => decibelsOf(powerOf(db) + (at < first ? 0 : powerOf(other[at - first] ?? -100))));
}
