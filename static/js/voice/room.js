// How loud the room is by itself. Pure.

const MEMORY_MS = 1_500; // who speaks makes a pause in so long
const ABOVE_DB = 4;
const MOST_SPREAD_DB = 4.5; // of a room full of voices, added to that
const SPREAD_MS = 500; // in which that is followed
const CROWD_DB = 8; // between the louder and the quieter moments: one voice alone has more
const QUIET_DB = -65; // what it is taken for at first
const STEADY_MS = 900;
const STEADY_DB = 1.5; // deviation: a voice has 5 and more, a fan less than 1

export function createRoom() {
  let levels = []; // of the last moments, dB
  let spread = 3;

  /**
   * Takes the level of the next `ms` milliseconds, and whether somebody speaks; tells whether all that is heard is as
   * steady as no voice is, and above which level others than the room are heard.
   */
  function feed(db, ms, isSpeech) {
    const most = Math.round(MEMORY_MS / ms);
    if (!levels.length) levels = Array(most).fill(QUIET_DB);
    levels = [...levels, db].slice(-most);
    const last = levels.slice(-Math.floor(STEADY_MS / ms));
    const isSteady = last.length * ms > STEADY_MS - 2 * ms && deviation(last) < STEADY_DB;
    if (isSteady) levels = last;
    const sorted = [...levels].sort((one, other) => one - other);
    const at = (part) => sorted[Math.floor(part * sorted.length)];
    const now = Math.min(MOST_SPREAD_DB, at(0.5) - at(0.05));
    if (!isSpeech || at(0.9) - at(0.1) < CROWD_DB) spread += ((now - spread) * ms) / SPREAD_MS;
    return { isSteady, threshold: at(0.05) + ABOVE_DB + spread };
  }

  return { feed };
}

function deviation(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
