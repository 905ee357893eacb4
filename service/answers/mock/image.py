"""A PNG (W3C, Portable Network Graphics) of a sunrise, made here. No I/O."""

import struct
import zlib

WIDTH, HEIGHT = 96, 64
_SUN_RADIUS = 20
_SUN = b"\xff\xd2\x4a"
_TRUE_COLOUR = 2


def png() -> bytes:
    rows = b"".join(b"\0" + b"".join(_pixel(x, y) for x in range(WIDTH)) for y in range(HEIGHT))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, _TRUE_COLOUR, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _pixel(x: int, y: int) -> bytes:
    """The sun rises from the middle of the lower edge."""
    is_sun = (x - WIDTH // 2) ** 2 + (y - HEIGHT) ** 2 < _SUN_RADIUS**2
    return _SUN if is_sun else bytes((255 - 2 * (HEIGHT - y), 120 + y, 140 - y))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
