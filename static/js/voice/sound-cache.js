// The sounds of one answer, by what they say: none is fetched twice. Pure.

const MOST_BYTES = 8_000_000; // as they came: some eight minutes of MP3, three of WAV

export function createSoundCache() {
  let sounds = new Map(); // of promises of ArrayBuffers
  let bytes = 0;

  /** What `fetch()` brought before, or brings now. What fails, or is too much, is not kept. */
  function get(text, fetch) {
    const own = sounds;
    const known = own.get(text);
    if (known) return known;
    const sound = fetch();
    const drop = () => own.get(text) === sound && own.delete(text);
    own.set(text, sound);
    sound.then(({ byteLength }) => own === sounds && (bytes += byteLength) > MOST_BYTES && drop(), drop);
    return sound;
  }

  function clear() {
    [sounds, bytes] = [new Map(), 0];
  }

  return { get, remove: (text) => sounds.delete(text), clear };
}
