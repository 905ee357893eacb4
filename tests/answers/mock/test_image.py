"""An image that can be seen."""

import struct
import zlib

from service.answers.mock import image


def test_the_png_is_one():
    data = image.png()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    kinds, place = [], 8
    while place < len(data):
        (size,) = struct.unpack(">I", data[place : place + 4])
        kind, content = data[place + 4 : place + 8], data[place + 8 : place + 8 + size]
        assert struct.unpack(">I", data[place + 8 + size : place + 12 + size]) == (zlib.crc32(kind + content),)
        if kind == b"IDAT":
            assert len(zlib.decompress(content)) == image.HEIGHT * (1 + 3 * image.WIDTH)
        kinds.append(kind)
        place += 12 + size
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]
