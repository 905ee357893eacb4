"""Dify's routes beside chat-messages."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from typing import Any, cast

import msgspec

from service.answers import failures, uploads
from service.answers.app_api import App, ByteStream, Head, Icon, Rating, StoredFile
from service.answers.base import AnswerError, Failure
from service.answers.dify.app_files import FileLinks
from service.answers.dify.call_log import calling, held_slot, log_failure, logged_call, reply_body
from service.answers.dify.client import DifyClient
from service.answers.dify.read_ahead import Ahead, paced
from service.answers.dify.spool import Spool
from service.answers.json_values import as_list, positive_int, texts_in
from service.answers.recordings import as_recording
from service.answers.resilience.limiter import Limiter
from service.answers.uploads import File
from service.tasks import Tasks

FRESH_SECONDS = 30
RETRY_SECONDS = 3
SITE_SECONDS = 3
"""So long a name and an icon are waited for, by those who show them."""
SLOW_AFTER_SECONDS, SLOW_BYTES_PER_SECOND = 30, 16 * 1024
"""A listener for whom was waited so long, and who takes less than that, the rate of good speech, is cut off."""
_NOTHING_TO_TAKE_BACK = b"rating cannot be None when feedback not exists"


class DifyAppApi:
    """Uploads have a limiter of their own: they last long, and must not delay quick calls. Each is whole before it."""

    def __init__(
        self, client: DifyClient, app_info: "AppInfoCache", links: FileLinks, limiter: Limiter, uploads: Limiter
    ) -> None:
        self._client = client
        self._app_info = app_info
        self._links = links
        self._limiter = limiter
        self._uploads = uploads
        self._spool = Spool()
        self._ahead = Ahead()

    async def app(self) -> App:
        parameters, info, stale = await self._app_info.get()
        app, site = _app(info, parameters, stale=stale), await self._app_info.site()
        name = str(site.get("title") or app.name)
        return msgspec.structs.replace(app, name=name, icon=_icon(site, self._links))

    async def suggest(self, message_id: str, user: str) -> list[str]:
        async with calling("suggested", self._limiter, user):
            reply = await self._client.get(f"messages/{message_id}/suggested", {"user": user})
            return texts_in(reply.get("data"))

    async def rate(self, message_id: str, user: str, rating: Rating | None, content: str | None) -> None:
        body = {"rating": rating, "user": user} | ({} if content is None else {"content": content})
        async with calling("feedbacks", self._limiter, user):
            try:
                await self._client.post(f"messages/{message_id}/feedbacks", body)
            except AnswerError as error:
                if rating is not None or _NOTHING_TO_TAKE_BACK not in reply_body(error):
                    raise

    async def transcribe(self, file: File, user: str) -> str:
        async with logged_call("audio-to-text"), self._spool.whole(as_recording(file), user) as speech:
            async with held_slot(self._uploads, user):
                reply = await self._client.upload("audio-to-text", user, speech)
            return str(reply.get("text") or "")

    async def speak(self, user: str, *, text: str | None = None, message_id: str | None = None) -> ByteStream:
        what = {"text": text} if message_id is None else {"message_id": message_id}
        async with AsyncExitStack() as opening:
            await opening.enter_async_context(calling("text-to-audio", self._limiter, user))
            stream = await opening.enter_async_context(self._client.stream("text-to-audio", {"user": user} | what))
            if not (first := await stream.read()):
                raise AnswerError(failures.BROKEN_OFF)
            chunks, cleanup = self._ahead.read(first, stream, opening.pop_all())
            speech = paced(chunks, SLOW_AFTER_SECONDS, SLOW_BYTES_PER_SECOND)
            return ByteStream(Head(stream.media_type), speech, cleanup)

    async def upload(self, file: File, user: str, *, for_form: bool = False) -> StoredFile:
        parameters, _, _ = await self._app_info.get()
        rules = [uploads.rules_of_forms(parameters)] if for_form else uploads.all_rules(parameters)
        async with logged_call("files/upload"):
            kind, max_bytes = uploads.admit(file, rules)
            async with (
                self._spool.whole(uploads.limit_size(file, max_bytes), user) as whole,
                held_slot(self._uploads, user),
            ):
                reply = await self._client.upload("files/upload", user, whole)
            return _stored(file, kind, reply)


class AppInfoCache:
    """The app's parameters, info and site, refreshed in the background when they are older than FRESH_SECONDS.

    The site is what its web page is called and looks like; no question waits for that. Only the first callers wait.
    While Dify fails, the last replies are handed out, and it is asked every RETRY_SECONDS.
    """

    def __init__(self, client: DifyClient) -> None:
        self._client = client
        self._tasks = Tasks()
        self._refreshing: asyncio.Task[None] | None = None
        self._replies: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None
        self._site: Mapping[str, Any] | None = None
        self._reading_site: asyncio.Task[None] | None = None
        self._failure: Failure | None = None
        self._fresh_until = 0.0
        self._read_at = float("-inf")

    def parameters(self) -> Mapping[str, Any] | None:
        """As they were last read, if they were."""
        self.refresh_if_stale()
        return self._replies[0] if self._replies is not None else None

    async def read_anew(self, within: float) -> Mapping[str, Any] | None:
        """The parameters, read since at most RETRY_SECONDS; None where that fails, or takes longer than `within`."""
        if time.monotonic() - self._read_at >= RETRY_SECONDS:
            self._start_refresh()
        if self._refreshing is not None:
            await asyncio.wait([self._refreshing], timeout=within)
        is_known = self._refreshing is None and self._failure is None and self._replies is not None
        return self.parameters() if is_known else None

    async def may_speak(self, within: float) -> bool:
        """Whether the app speaks by itself, as far as is known within so many seconds."""
        with suppress(AnswerError, TimeoutError):
            async with asyncio.timeout(within):
                await self.get()
        return self._replies is None or _speaks_by_itself(self._replies[0].get("text_to_speech"))

    async def get(self) -> tuple[Mapping[str, Any], Mapping[str, Any], bool]:
        """Parameters, info, and whether these are stale. Raises AnswerError where there are none yet."""
        self.refresh_if_stale()
        if self._replies is None and self._refreshing is not None:
            await asyncio.wait([self._refreshing])
        if self._replies is None:
            raise AnswerError(self._failure or failures.LOST)
        return *self._replies, self._failure is not None

    async def site(self) -> Mapping[str, Any]:
        """Empty where the app has none. As it was while Dify fails: a name that was shown does not change for that."""
        if self._site is None and self._reading_site is not None:
            await asyncio.wait([self._reading_site])
        return self._site or {}

    async def close(self) -> None:
        await self._tasks.finish(within=0)

    def refresh_if_stale(self) -> None:
        """In the background."""
        if time.monotonic() >= self._fresh_until:
            self._start_refresh()

    def _start_refresh(self) -> None:
        if self._refreshing is not None:
            return
        self._refreshing = self._tasks.spawn(self._refresh())
        if self._reading_site is None:
            self._reading_site = self._tasks.spawn(self._read_site())

    async def _refresh(self) -> None:
        try:
            self._replies = await self._fetch()
            self._failure = None
        except AnswerError as error:
            log_failure(error, route="app")
            self._failure = error.failure
        finally:
            self._refreshing = None
        self._read_at = time.monotonic()
        self._fresh_until = self._read_at + (FRESH_SECONDS if self._failure is None else RETRY_SECONDS)

    async def _fetch(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        asking = [self._client.get_app(path) for path in ("parameters", "info")]
        replies = await asyncio.gather(*asking, return_exceptions=True)
        for reply in replies:
            if isinstance(reply, BaseException):
                raise reply
        parameters, info = cast(list[Mapping[str, Any]], replies)
        return parameters, info

    async def _read_site(self) -> None:
        try:
            with suppress(AnswerError, TimeoutError):
                async with asyncio.timeout(SITE_SECONDS):
                    self._site = await self._client.get_app("site")
        finally:
            self._site = self._site or {}
            self._reading_site = None


def _app(info: Mapping[str, Any], parameters: Mapping[str, Any], *, stale: bool) -> App:
    return App(
        name=str(info.get("name") or ""),
        mode=str(info.get("mode") or ""),
        source="dify",
        opening_statement=str(parameters.get("opening_statement") or ""),
        suggested_questions=[str(question) for question in as_list(parameters.get("suggested_questions"))],
        suggested_questions_after_answer=is_on(parameters.get("suggested_questions_after_answer")),
        speech_to_text=is_on(parameters.get("speech_to_text")),
        text_to_speech=is_on(parameters.get("text_to_speech")),
        speaks_by_itself=_speaks_by_itself(parameters.get("text_to_speech")),
        citations=is_on(parameters.get("retriever_resource")),
        upload=uploads.upload_rules(parameters),
        inputs=as_list(parameters.get("user_input_form")),
        stale=stale,
    )


def _icon(site: Mapping[str, Any], links: FileLinks) -> Icon | None:
    """A picture, if it is a file of Dify's own; else its emoji, which pictures of other hosts do not have."""
    url = site.get("icon_url")
    if isinstance(url, str) and (path := links.admit(url)) is not None:
        return Icon(url=links.link(path))
    if site.get("icon_type") in {"image", "link"} or not site.get("icon"):
        return None
    return Icon(emoji=str(site["icon"]), background=str(site.get("icon_background") or ""))


def is_on(feature: Any) -> bool:
    """Whether one of the app's parameters says that a feature is enabled."""
    return isinstance(feature, dict) and feature.get("enabled") is True


def _speaks_by_itself(speech: Any) -> bool:
    return is_on(speech) and speech.get("autoPlay") == "enabled"


def _stored(file: File, kind: str, reply: Mapping[str, Any]) -> StoredFile:
    if not reply.get("id"):
        raise AnswerError(failures.LOST)
    return StoredFile(
        id=str(reply["id"]),
        name=str(reply.get("name") or file.name),
        size=positive_int(reply.get("size"), 0),
        kind=kind,
        extension=str(reply.get("extension") or file.extension),
        mime_type=str(reply.get("mime_type") or file.media_type),
    )
