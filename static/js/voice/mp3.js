// MP3 that comes in pieces, cut anywhere, as batches that a browser can decode each by itself. Pure.

const VERSIONS = { 3: { samples: 1152, rates: [44100, 48000, 32000] }, 2: { samples: 576, rates: [22050, 24000, 16000] } };
VERSIONS[0] = { samples: 576, rates: [11025, 12000, 8000] };
const KBITS = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const KBITS_OF_LOW_RATES = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const HEADER_BYTES = 4;
const OVERLAP = 10; // frames: what one says may begin in those before it

/** The frame whose header is at `at`, as {length, duration} (ISO/IEC 11172-3, 2.4.1.3, and 13818-3); null if none is. */
function frameAt(data, at) {
  const [sync, kind, rates, last] = data.subarray(at, at + HEADER_BYTES);
  const version = VERSIONS[(kind >> 3) & 3];
  const isLayer3 = sync === 0xff && kind >> 5 === 7 && ((kind >> 1) & 3) === 1;
  if (!isLayer3 || !version || last === undefined) return null;
  const rate = version.rates[(rates >> 2) & 3];
  const kbits = (version.samples === 1152 ? KBITS : KBITS_OF_LOW_RATES)[rates >> 4];
  if (!rate || !kbits) return null;
  const length = Math.floor((version.samples * 125 * kbits) / rate) + ((rates >> 1) & 1);
  return { length, duration: version.samples / rate };
}

function joined(arrays) {
  const all = new Uint8Array(arrays.reduce((length, array) => length + array.length, 0));
  arrays.reduce((at, array) => (all.set(array, at), at + array.length), 0);
  return all;
}

/**
 * `add(bytes)` takes the next piece. `ready()` is how many seconds are new; `batch()` returns them, once, as {data,
 * seconds}: the last `seconds` of what `data` is decoded to.
 */
export function createMp3() {
  let rest = new Uint8Array();
  let frames = []; // {data, duration}
  let taken = 0; // of them

  function add(piece) {
    rest = joined([rest, piece]);
    let from = 0;
    for (let at = 0; at + HEADER_BYTES <= rest.length; ) {
      const frame = frameAt(rest, at);
      const end = at + (frame?.length ?? 1);
      if (frame && end > rest.length) break;
      if (frame && (end + HEADER_BYTES > rest.length || frameAt(rest, end))) {
        frames.push({ data: rest.slice(at, end), duration: frame.duration });
        at = end;
      } else at++;
      from = at;
    }
    rest = rest.slice(from);
  }

  const ready = () => frames.slice(taken).reduce((sum, { duration }) => sum + duration, 0);

  function batch() {
    const all = { seconds: ready(), data: joined(frames.map(({ data }) => data)).buffer };
    frames = frames.slice(-OVERLAP);
    taken = frames.length;
    return all;
  }

  return { add, ready, batch };
}
