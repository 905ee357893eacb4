"""python -m service check: asks Dify, and prints a line, with a fix where it is wrong, for each thing.

`check --load N` asks it N questions at once, too.
"""

import asyncio
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from service.answer_sources import dify_answerer, dify_proxy
from service.answers.base import AnswerError, Question
from service.answers.dify.answerer import DifyAnswerer
from service.answers.dify.app_api import is_on
from service.answers.dify.question_rules import made_up
from service.answers.speech_engine import SpeechEngine
from service.answers.uploads import all_rules
from service.check_access import access_findings
from service.check_answers import MAX_LOAD, USER, Trial, is_buffered, measure_load
from service.check_port import port_finding
from service.check_report import Report
from service.check_speech import speech_finding
from service.outbound import without_credentials
from service.settings import Settings

CHAT_MODES = {
    "chat": "basic chat",
    "agent-chat": "agent",
    "advanced-chat": "chatflow",
    "agent": "agent of the new kind",
}
OTHER_MODES = {"workflow": "runs once for its inputs", "completion": "writes one text for its inputs"}
MAX_CLOCK_DIFFERENCE_SECONDS = 60
MAX_ANSWER_SECONDS = 60
LOG_FILES = ("info.log", "error.log")
QUESTION = "Hello! Please answer in two or three sentences."


async def check(settings: Settings, load: int = 0) -> bool:
    """Whether everything is well. With `load`, so many questions are asked at once, MAX_LOAD at the most."""
    report = Report()
    report.ok("settings", f"read; mode {settings.mode}")
    report.add(await port_finding(settings.host, settings.port))
    _check_logs(report, settings.log_dir)
    async for finding in access_findings(settings):
        report.add(finding)
    if settings.redis_url:
        await _check_redis(report, settings.redis_url)
    if settings.mock_mode:
        report.ok("dify", "is not asked in mock mode; set DIFY_API_KEY to ask it")
        report.add(speech_finding(SpeechEngine(settings.speech)))
        return report.is_ok
    report.ok("address", f"{settings.dify_api_url}, {_way(settings)}")
    dify = dify_answerer(settings)
    try:
        await _check_dify(report, dify, settings, min(load, MAX_LOAD))
    except AnswerError as error:
        report.failure("dify", error)
    finally:
        await dify.close()
    return report.is_ok


def _way(settings: Settings) -> str:
    if not (proxy := dify_proxy(settings)):
        return "asked without a proxy"
    return f"through the proxy {without_credentials(proxy)} ({'DIFY_PROXY' if settings.dify_proxy else 'HTTPS_PROXY'})"


def _check_logs(report: Report, folder: str) -> None:
    """Whether the service could write its files there, as it would."""
    place = Path(folder).absolute()
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            pass
        for path in (path for name in LOG_FILES if (path := place / name).exists()):
            path.open("ab").close()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        fix = "Set LOG_DIR to a folder that can. Until then the log goes to the console only."
        report.fail("logs", f"no files can be written in {place}: {why}", fix)
    else:
        report.ok("logs", f"{', '.join(LOG_FILES)} in {place}, and the console")


async def _check_redis(report: Report, url: str) -> None:
    """With a stream, as the service; leaves nothing behind."""
    from service.cluster.redis_store import RedisStore  # noqa: PLC0415
    from service.cluster.wire_format import Restarted  # noqa: PLC0415
    from service.redis_link import REDIS_ERRORS  # noqa: PLC0415 - costs memory

    store = RedisStore(url, "dify-live:check", resume_window=1)
    try:
        await store.beat("check", "1:0")
        await store.execute([*store.post("check", "check", [Restarted()])])
        await store.read_letters("check", wait=0.001)
        await store.leave("check")
        report.ok("redis", "joins the processes")
    except REDIS_ERRORS as error:
        fix = "Does a Redis 6.2 or newer run at REDIS_URL, with that password? Without it each process goes on alone."
        report.fail("redis", str(error), fix)
    finally:
        await store.close()


async def _check_dify(report: Report, dify: DifyAnswerer, settings: Settings, load: int) -> None:
    info = await dify.client.get_app("info")
    report.ok("address and key", "Dify knows the app")
    can_chat = _check_app(report, info)
    _check_clock(report, info["date"])
    parameters = await dify.client.get_app("parameters")
    _report_features(report, parameters)
    report.add(speech_finding(SpeechEngine(settings.speech), parameters))
    _report_limits(report, settings.dify_max_concurrency)
    if not can_chat:
        return
    if (inputs := made_up(parameters)) is None:
        report.ok("answer", "not asked for, since the app requires a file with the first question")
        return
    if await _check_streaming(report, dify, inputs) and load:
        await _check_load(report, dify, load, inputs)


def _check_app(report: Report, info: Mapping[str, Any]) -> bool:
    """Whether it can be asked."""
    name, mode = info.get("name"), str(info.get("mode"))
    if mode in OTHER_MODES:
        fix = "Use the key of a chat, agent or chatflow app; a workflow can be a tool or a node of such an app."
        report.fail("app", f'"{name}" is of kind {mode}: it {OTHER_MODES[mode]}, and has no conversation', fix)
        return False
    report.ok("app", f'"{name}", {CHAT_MODES.get(mode, f"of kind {mode}, which this check does not know")}')
    return True


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


def _report_limits(report: Report, max_concurrency: int) -> None:
    report.ok(
        "limits",
        f"DIFY_MAX_CONCURRENCY is {max_concurrency}: set it to no more than half of Dify's SERVER_WORKER_CONNECTIONS "
        "(10 as shipped; times SERVER_WORKER_AMOUNT). Of chatflows Dify writes as many at once as its "
        "CELERY_WORKER_AMOUNT says, or CELERY_MAX_WORKERS with CELERY_AUTO_SCALE (one as shipped); more wait in its "
        "queue. `check --load 10` measures how many",
    )


async def _check_streaming(report: Report, dify: DifyAnswerer, inputs: dict[str, Any]) -> bool:
    """Whether there was an answer."""
    trial = Trial(dify, Question(QUESTION, USER, inputs=inputs))
    try:
        async with asyncio.timeout(MAX_ANSWER_SECONDS):
            await trial.run()
    except TimeoutError:
        fix = "Does Dify's worker run, and is it busy? More chatflows at once want a larger CELERY_WORKER_AMOUNT."
        report.fail("answer", f"not complete after {MAX_ANSWER_SECONDS} s", fix)
        return False
    if trial.pause is not None:
        report.ok("answer", "waits for a person to decide: the app asks people; the form of this question stays open")
    elif not trial.reads:
        report.ok("answer", "came, without a word")
    else:
        _report_streaming(report, trial.reads)
    return trial.pause is None


def _report_streaming(report: Report, reads: list[tuple[float, int]]) -> None:
    (first, _), (last, _), pieces = reads[0], reads[-1], len(reads)
    report.ok("answer", f"first word after {first:.2f} s, whole after {last:.2f} s")
    if is_buffered(reads):
        what = "the whole answer came in one piece" if pieces == 1 else f"the words came in {pieces} bursts"
        fix = "Switch the buffering off in the proxy before Dify (in nginx, for /v1: proxy_buffering off)."
        report.fail("streaming", f"{what}: they are held back on the way", fix)
    else:
        report.ok("streaming", f"{pieces} pieces, {(last - first) / max(1, pieces - 1) * 1000:.0f} ms apart")


async def _check_load(report: Report, dify: DifyAnswerer, count: int, inputs: dict[str, Any]) -> None:
    load = await measure_load(dify, count, inputs)
    queued = f"; {load.queued} waited in its queue" if load.queued else ""
    failed = "".join(f"; {times} failed: {reason}" for reason, times in load.failed.items())
    left = f"; {load.left} could not be stopped before their turn, and are answered for nobody" if load.left else ""
    words = f"of {count} questions at once Dify answered {load.most} at the same time{queued}{failed}{left}"
    if not load.most:
        report.fail("load", words, "Look into Dify's log for the time of this check.")
    elif load.most < count:
        report.ok("load", f"{words}. Set DIFY_MAX_CONCURRENCY to {load.most}, or give Dify more (see limits)")
    else:
        report.ok("load", f"{words}: a larger number may find where its limit is")
