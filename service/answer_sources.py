"""Where answers come from, as the settings say: Dify and what shields it, or a mock."""

from typing import NamedTuple

from service.answers.app_api import AppApi, AppFiles
from service.answers.base import Answer, Answerer, BrokenAnswer, Failure
from service.answers.dify.answerer import DifyAnswerer
from service.answers.dify.app_api import DifyAppApi
from service.answers.dify.app_files import FileLinks
from service.answers.dify.client import DifyClient
from service.answers.dify.connector import Endpoint
from service.answers.dify.file_proxy import DifyFiles, FileLimiters
from service.answers.dify.question_check import QuestionCheck
from service.answers.dify.timeouts import Timeouts
from service.answers.failures import ALL
from service.answers.mock.answerer import MockAnswerer
from service.answers.mock.app_api import MockAppApi, MockAppInfo, MockFiles
from service.answers.mock.scripts import COMMAND
from service.answers.resilience.circuit_breaker import CircuitBreaker
from service.answers.resilience.fallback import FallbackAnswerer
from service.answers.resilience.limiter import Limiter
from service.answers.resilience.retry import RetryingAnswerer
from service.answers.speech_engine import SpeechEngine, SpeechRules, UnspokenAnswerer
from service.chat.chat_failures import BAD_FRAME, FAILURES
from service.outbound import proxy_of_environment
from service.settings import Settings


class Limiters:
    """One for each kind of call of Dify, so that none keeps another from its turn.

    With as many answers as half of Dify's connections all of them together leave it a tenth, for stops and parameters.
    """

    def __init__(self, settings: Settings) -> None:
        answers = settings.dify_max_concurrency
        waiting, timeout = settings.dify_max_waiting, settings.dify_wait_timeout
        self.answers = Limiter(answers, waiting, timeout, settings.dify_total_timeout)
        self.calls = Limiter(max(1, answers * 2 // 5), waiting, timeout)
        self.uploads = Limiter(max(1, answers // 5), waiting, timeout)
        self.large_files = Limiter(max(1, answers // 5), waiting, timeout)

    def divide(self, processes: int) -> None:
        for limiter in (self.answers, self.calls, self.uploads, self.large_files):
            limiter.divide(processes)


class Sources(NamedTuple):
    """Without `dify` a mock answers."""

    answerer: Answerer
    app_api: AppApi
    files: AppFiles
    dify: DifyAnswerer | None = None
    breaker: CircuitBreaker | None = None
    speech: SpeechRules = SpeechRules()

    async def check(self) -> Failure | None:
        """What keeps the source from answering now, if anything."""
        return await self.dify.check() if self.dify is not None else None

    def heal(self, broken: BrokenAnswer) -> Answer | None:
        """The rest of an answer whose stream broke off, where the source keeps it."""
        return self.dify.heal(broken) if self.dify is not None else None

    async def close(self) -> None:
        await self.files.close()
        if self.dify is not None:
            await self.dify.close()


def sources_of(settings: Settings, limiters: Limiters) -> Sources:
    speech = SpeechRules(SpeechEngine(settings.speech), settings.speech_speculative)
    sources = _sources(settings, limiters)._replace(speech=speech)
    if speech.engine.uses_dify:
        return sources
    return sources._replace(answerer=UnspokenAnswerer(sources.answerer))


def _sources(settings: Settings, limiters: Limiters) -> Sources:
    """Only answers have a fallback, not the other routes."""
    if settings.mock_mode:
        reason = f"This service runs in mock mode, and no Dify app was asked. Type `{COMMAND} help` for more."
        failures = {failure.reason: failure for failure in (*ALL, *FAILURES, BAD_FRAME)}
        mock = MockAnswerer(reason, settings.mock_tokens_per_second, failures)
        return Sources(QuestionCheck(mock, MockAppInfo()), MockAppApi(settings.app_name, failures), MockFiles())
    dify = dify_answerer(settings)
    app_api = DifyAppApi(dify.client, dify.app_info, _file_links(settings), limiters.calls, limiters.uploads)
    endpoint = Endpoint(
        settings.dify_api_url, settings.dify_connect_timeout, settings.dify_idle_timeout, dify_proxy(settings)
    )
    files = DifyFiles(endpoint, _file_links(settings), FileLimiters(limiters.calls, limiters.large_files))
    breaker = CircuitBreaker(settings.dify_breaker_failures, settings.dify_breaker_rest)
    return Sources(_resilient(dify, settings, limiters.answers, breaker), app_api, files, dify, breaker)


def _resilient(dify: DifyAnswerer, settings: Settings, limiter: Limiter, breaker: CircuitBreaker) -> Answerer:
    retrying = RetryingAnswerer(dify, limiter, breaker, settings.dify_retry_budget)
    checked = QuestionCheck(retrying, dify.app_info)
    if not settings.degrade_to_mock:
        return checked
    return FallbackAnswerer(checked, lambda failure: MockAnswerer(failure.message, settings.mock_tokens_per_second))


def dify_answerer(settings: Settings) -> DifyAnswerer:
    connect, idle = settings.dify_connect_timeout, settings.dify_idle_timeout
    client = DifyClient(settings.dify_api_url, settings.dify_api_key, connect, idle, dify_proxy(settings))
    timeouts = Timeouts(
        first_event=settings.dify_first_event_timeout,
        idle=idle,
        silence=settings.dify_silence_timeout,
        total=settings.dify_total_timeout,
    )
    return DifyAnswerer(client, timeouts, _file_links(settings))


def dify_proxy(settings: Settings) -> str:
    """The URL of the proxy on the way to Dify; empty where there is none."""
    return settings.dify_proxy or proxy_of_environment(settings.dify_api_url)


def _file_links(settings: Settings) -> FileLinks:
    return FileLinks(settings.dify_api_url, settings.dify_api_key)
