"""Short tones: a WAV file, and pieces of MP3 (ISO/IEC 11172-3, 2.4.1). No I/O."""

import io
import math
import struct
import wave

SAMPLES_PER_SECOND = 8000
TONE_SECONDS = 0.4
TONE_HERTZ = 440
_AMPLITUDE = 8000

# A frame of MPEG-1 layer III, 32 kbit/s, 44.1 kHz, mono: two granules, 26 ms of sound.
_FRAME_BYTES = 104
_HEADER = b"\xff\xfb\x10\xc4"
_SIDE_INFO = "0" * 18
_GAIN = 198
"""With 210 a line of the spectrum is as loud as it can be; each 4 less is half of it."""
# The Huffman code (count1 table B) of twelve lines, all zero but the last, that of 440 Hz, whose sign is to follow.
_LINES = "111111111110"
_GRANULE_INFO = f"{len(_LINES) + 1:012b}" + "0" * 9 + f"{_GAIN:08b}" + "0" * 29 + "1"


def wav() -> bytes:
    """A WAV file, 16 bits, mono."""
    turn = 2 * math.pi * TONE_HERTZ / SAMPLES_PER_SECOND
    count = round(SAMPLES_PER_SECOND * TONE_SECONDS)
    samples = [round(_AMPLITUDE * math.sin(turn * number)) for number in range(count)]
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLES_PER_SECOND)
        writer.writeframes(struct.pack(f"<{count}h", *samples))
    return file.getvalue()


def mp3(frames: int) -> bytes:
    """So many frames of a tone of 440 Hz. Each stands for itself: they may be cut between any two."""
    return b"".join(_frame("01"[number % 2]) for number in range(frames))


def _frame(sign: str) -> bytes:
    """`sign` alternates from frame to frame, as the phase of a tone of this line does."""
    bits = _SIDE_INFO + _GRANULE_INFO * 2 + (_LINES + sign) * 2
    bits += "0" * (-len(bits) % 8)
    return (_HEADER + int(bits, 2).to_bytes(len(bits) // 8)).ljust(_FRAME_BYTES, b"\0")
