// MP3 that comes in pieces, cut anywhere, as batches that a browser can decode each by itself. Pure.

const RATES = [44_100, 48_000, 32_000]; // half of that in MPEG 2, a quarter in MPEG 2.5
const KBITS = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const LOW_KBITS = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const HEADER_BYTES = 4;
const OVERLAP = 10; // frames: what one says may begin in those before it

/** The frame whose header is at `at`, as {length, duration} (ISO/IEC 11172-3, 2.4.1.3, and 13818-3); null if none is. */
function frameAt(data, at) {
  const [sync, kind, rates, end] = data.subarray(at, at + HEADER_BYTES);
  const version = (kind >> 3) & 3; // 3, 2, and 0 for 2.5
  const isLayer3 = sync === 0xff && kind >> 5 === 7 && version !== 1 && (kind & 6) === 2;
  const rate = RATES[(rates >> 2) & 3] / [4, 0, 2, 1][version];
  const kbits = (version === 3 ? KBITS : LOW_KBITS)[rates >> 4];
  if (!isLayer3 || !rate || !kbits || end === undefined) return null;
  const samples = version === 3 ? 1152 : 576;
  return { length: Math.floor((samples * 125 * kbits) / rate) + ((rates >> 1) & 1), duration: samples / rate };
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
