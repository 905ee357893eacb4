"""What the fake Dify offers around the chat: recordings, owners of messages, and files that are read at will."""

import asyncio
import json

from aiohttp import web

from tests import recordings
from tests.dify_requests import FORM

SPEECH_TYPES = {"audio/wav", "audio/mp3", "audio/m4a", "audio/amr", "audio/mpga"}


def parameters(name="5_parameters_chat-speech-on", **changes):
    """The app's parameters as a real Dify says them, with changes."""
    return json.loads(recordings.load(name).body) | changes


class FakeAppApi:
    """`calls` is what was asked: (route, fields). `scenes` play another reply to a route than its good one.

    Files are read while `may_read` is set; `uploads` counts them, and `received` their bytes.
    """

    def __init__(self, play):
        self.calls = []
        self.scenes = {}
        self.owners = {}
        self.ratings = {}
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.uploads = 0
        self.received = 0
        self.broken_off = 0
        self._play = play

    def add_to(self, router):
        router.add_get("/v1/messages/{message_id}/suggested", self._suggested)
        router.add_post("/v1/messages/{message_id}/feedbacks", self._feedbacks)
        router.add_post("/v1/audio-to-text", self._audio_to_text)
        router.add_post("/v1/text-to-audio", self._text_to_audio)
        router.add_post("/v1/files/upload", self._upload)

    def called(self, route):
        return [fields for name, fields in self.calls if name == route]

    async def _suggested(self, request):
        return await self._of_message(request, "suggested", dict(request.query), "5_suggested_enabled")

    async def _feedbacks(self, request):
        body, message_id = await request.json(), request.match_info["message_id"]
        if body["rating"] is None and message_id not in self.ratings:
            return await self._reply(request, "feedbacks", body, "5_feedback_null_again")
        response = await self._of_message(request, "feedbacks", body, "5_feedback_like")
        if response.status == 200:
            self.ratings[message_id] = body["rating"]
        return response

    async def _text_to_audio(self, request):
        return await self._reply(request, "text-to-audio", await request.json(), "6x_tts_ok")

    async def _audio_to_text(self, request):
        form = await self._read(request)
        known = form["file"]["content_type"] in SPEECH_TYPES
        return await self._reply(request, "audio-to-text", form, "6x_stt_ok" if known else "6x_stt_type_webm")

    async def _upload(self, request):
        form = await self._read(request)
        self.calls.append(("files/upload", form))
        if scene := self.scenes.get("files/upload"):
            return await self._play(request, scene, None)
        name, media_type = form["file"]["filename"], form["file"]["content_type"]
        stored = {
            "id": "5e0d5ba0-3c0f-4b5a-8d0a-7f6a3c1f0b11",
            "name": name,
            "size": form["file"]["size"],
            "extension": name.rpartition(".")[2],
            "mime_type": media_type,
            "created_by": "f6b1d3a0-93f2-4a0e-9f8e-0a1b2c3d4e5f",
            "created_at": 1763850000,
        }
        return web.json_response(stored, status=201)

    async def _of_message(self, request, route, fields, good):
        is_theirs = self.owners.get(request.match_info["message_id"]) == fields["user"]
        return await self._reply(request, route, fields, good if is_theirs else "5_suggested_unknown")

    async def _reply(self, request, route, fields, recording):
        self.calls.append((route, fields))
        return await self._play(request, self.scenes.get(route), recording)

    async def _read(self, request):
        """The form; a file's size instead of its content."""
        form = {}
        try:
            async for part in await request.multipart():
                form[part.name] = await self._file(part) if part.filename else await part.text()
        except BaseException:  # aiohttp cancels who reads what nobody sends any more
            self.broken_off += 1
            raise
        request[FORM] = form
        return form

    async def _file(self, part):
        size = 0
        self.uploads += 1
        await self.may_read.wait()
        while chunk := await part.read_chunk():
            size += len(chunk)
            self.received += len(chunk)
            await self.may_read.wait()
        return {"filename": part.filename, "content_type": part.headers["Content-Type"], "size": size}
