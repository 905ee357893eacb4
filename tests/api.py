"""What tests of the API send: who asks, about which message, and a form with a file."""

import io

import aiohttp

TOKEN, OTHER_TOKEN = "0123456789abcdef" * 2, "fedcba9876543210" * 2
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
MESSAGE = "96fc2a13-4564-436c-a852-ede12dce3d16"


def form(content=b"content", name="notes.txt", media_type="text/plain"):
    data = aiohttp.FormData(quote_fields=False)
    data.add_field("file", io.BytesIO(content), filename=name, content_type=media_type)
    return data


def speech(content=b"RIFF", name="speech.wav", media_type="audio/wav"):
    return form(content, name, media_type)
