"""python -m service check: asks Dify, and prints a line, with a fix where it is wrong, for each thing."""

import asyncio
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from service.answers.base import AnswerError, Failure, Part, Pause, Question, Text
from service.answers.dify.answerer import DifyAnswerer
from service.answers.dify.app_api import is_on
from service.answers.files import all_rules
from service.app import dify_answerer
from service.settings import Settings

CHAT_MODES = {"chat": "basic chat", "agent-chat": "agent", "advanced-chat": "chatflow"}
MAX_CLOCK_DIFFERENCE_SECONDS = 60
# An answer that takes longer, and yet comes in one piece, was buffered on the way.
BUFFERED_AFTER_SECONDS = 1.0
MAX_ANSWER_SECONDS = 60
QUESTION = "Hello! Please answer in two or three sentences."

_FIXES = {
    "name_not_found": "Is the host name in DIFY_API_URL right, and known on this machine?",
    "unreachable": "Does Dify run, at the host and port of DIFY_API_URL?",
    "connect_timeout": "Is there a firewall in between? Is the port in DIFY_API_URL right?",
    "tls_error": "Is it https that Dify speaks at DIFY_API_URL, with a certificate that this machine trusts?",
    "not_dify": "DIFY_API_URL is to be the service API's address, with /v1: see the app's page API Access.",
    "unauthorized": "Copy the app's key, app-…, from its page API Access to DIFY_API_KEY.",
    "switched_off": "Switch the app's API on, on its page API Access.",
    "misconfigured": "Publish the app, and see in Dify that its model has a valid key and quota.",
    "quota": "The model provider's quota is used up: see Dify's settings, Model Provider.",
    "invalid": "The app wants inputs that this check does not know: make them optional, or send them as `inputs`.",
    "silent": "Something listens there, but does not reply as Dify does: look into Dify's log.",
    "first_event_timeout": "Look into Dify's log; an app that needs longer wants a larger DIFY_FIRST_EVENT_TIMEOUT.",
}


async def check(settings: Settings) -> bool:
    """Whether everything is well."""
    report = Report()
    report.ok("settings", f"read; mode {settings.mode}")
    _check_folder(report, settings.log_dir)
    if settings.redis_url:
        await _check_redis(report, settings.redis_url)
    if settings.mock_mode:
        report.ok("dify", "is not asked in mock mode; set DIFY_API_KEY to ask it")
        return report.is_ok
    dify = dify_answerer(settings)
    try:
        await _check_dify(report, dify)
    except AnswerError as error:
        report.failure("dify", error.failure)
    finally:
        await dify.close()
    return report.is_ok


@dataclass
class Report:
    is_ok: bool = True

    def ok(self, what: str, words: str) -> None:
        print(f"ok    {what}: {words}")

    def fail(self, what: str, words: str, fix: str) -> None:
        self.is_ok = False
        print(f"FAIL  {what}: {words}\n      → {fix}")

    def failure(self, what: str, failure: Failure) -> None:
        fix = _FIXES.get(failure.reason, "Look into Dify's log for the time of this check.")
        self.fail(what, f"{failure.reason}: {failure.cause}", fix)


def _check_folder(report: Report, folder: str) -> None:
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            report.ok("logs", f"{folder} can be written")
    except OSError as error:
        report.fail("logs", f"{folder} cannot be written: {error.strerror}", "Set LOG_DIR to a folder that can.")


async def _check_redis(report: Report, url: str) -> None:
    """With a script and a stream, as the service; leaves nothing behind."""
    from service.cluster.redis_store import REDIS_ERRORS, RedisStore  # noqa: PLC0415 - costs memory

    store = RedisStore(url, "dify-live:check", resume_window=1)
    try:
        await store.beat("check", clients=0, lease=1)
        await store.newest_command()
        await store.leave("check")
        report.ok("redis", "joins the processes")
    except REDIS_ERRORS as error:
        fix = "Does a Redis 6 or newer run at REDIS_URL, with that password? Without it each process goes on alone."
        report.fail("redis", str(error), fix)
    finally:
        await store.close()


async def _check_dify(report: Report, dify: DifyAnswerer) -> None:
    info = await dify.client.get_app("info")
    report.ok("address and key", "Dify knows the app")
    _check_app(report, info)
    _check_clock(report, info["date"])
    _report_features(report, await dify.client.get_app("parameters"))
    await _check_streaming(report, dify)


def _check_app(report: Report, info: Mapping[str, Any]) -> None:
    name, mode = info.get("name"), str(info.get("mode"))
    if mode in CHAT_MODES:
        report.ok("app", f'"{name}", {CHAT_MODES[mode]}')
    else:
        report.fail("app", f'"{name}" is of kind {mode}', "Use the key of a chat, agent or chatflow app.")


def _check_clock(report: Report, date: str | None) -> None:
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        report.ok("clock", "Dify does not tell its own")
        return
    difference = abs((datetime.now(UTC) - theirs.replace(tzinfo=theirs.tzinfo or UTC)).total_seconds())
    if difference <= MAX_CLOCK_DIFFERENCE_SECONDS:
        report.ok("clock", "agrees with Dify's")
    else:
        report.fail(
            "clock", f"differs from Dify's by {difference:.0f} s", "Set both by NTP, or their logs tell no story."
        )


def _report_features(report: Report, parameters: Mapping[str, Any]) -> None:
    features = {
        "speech to text": is_on(parameters.get("speech_to_text")),
        "text to speech": is_on(parameters.get("text_to_speech")),
        "upload": bool(all_rules(parameters)),
    }
    report.ok("features", ", ".join(f"{name} {'on' if is_on else 'off'}" for name, is_on in features.items()))


async def _check_streaming(report: Report, dify: DifyAnswerer) -> None:
    asked_at = time.monotonic()
    answer = dify.ask(Question(QUESTION, user="service-check"))
    arrivals: list[float] = []
    pauses: list[Pause] = []

    def note(part: Part) -> None:
        if isinstance(part, Text):
            arrivals.append(time.monotonic() - asked_at)
        elif isinstance(part, Pause):
            pauses.append(part)

    try:
        async with asyncio.timeout(MAX_ANSWER_SECONDS):
            await answer.stream(note)
    except TimeoutError:
        fix = "Does Dify's worker run, and is it busy? More chatflows at once want a larger CELERY_WORKER_AMOUNT."
        report.fail("answer", f"not complete after {MAX_ANSWER_SECONDS} s", fix)
        return
    if pauses:
        report.ok("answer", "waits for a person to decide, as the app wants it; the form of this question stays open")
        return
    if not arrivals:
        report.ok("answer", "came, without a word")
        return
    report.ok("answer", f"first word after {arrivals[0]:.2f} s, whole after {arrivals[-1]:.2f} s")
    if len(arrivals) == 1 and arrivals[0] > BUFFERED_AFTER_SECONDS:
        fix = (
            "If the answer was not that short: switch the buffering off in the proxy before Dify (proxy_buffering off)."
        )
        report.fail("streaming", "the whole answer came in one piece", fix)
        return
    gap = (arrivals[-1] - arrivals[0]) / max(1, len(arrivals) - 1)
    report.ok("streaming", f"{len(arrivals)} pieces, {gap * 1000:.0f} ms apart")
