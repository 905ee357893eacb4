"""Short tones as WAV and MP3 (ISO/IEC 11172-3, 2.4.1). No I/O."""

import io
import math
import struct
import wave

SAMPLES_PER_SECOND = 8000
TONE_SECONDS = 0.4
TONE_HERTZ = 440
_AMPLITUDE = 8000

# Frames of MPEG-1 layer III, 32 kbit/s, 44.1 kHz, mono, 26 ms each: header, side information, and two granules with
# one spectral line at 440 Hz, whose sign alternates from frame to frame.
_FRAME_BYTES = 104
_FRAMES = [
    bytes.fromhex(data).ljust(_FRAME_BYTES, b"\0")
    for data in (
        "fffb10c400000034018c0000000806803180000001ffe7ff",
        "fffb10c400000034018c0000000806803180000001ffefff40",
    )
]


def wav() -> bytes:
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
    """So many frames of a tone. Each is independent: cut between any two."""
    return b"".join(_FRAMES[number % 2] for number in range(frames))
