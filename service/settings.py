"""The settings, each declared once: read at start, and listed in env.sample, /docs and the log."""

from dataclasses import Field, asdict, dataclass, fields
from typing import Any

from service.page_settings import CONTROLS, accent, controls, logo
from service.redis_url import redis_url
from service.setting_types import (
    DURATION_OR_ZERO,
    NOT_NEGATIVE,
    PROCESSES,
    TCP_PORT,
    Declaration,
    api_key,
    frame_sources,
    header_name,
    hosts,
    http_url,
    jwks_url,
    jwt_secret,
    limit,
    log_level,
    networks,
    number,
    operator_token,
    origins,
    proxies,
    proxy_url,
    seconds,
    setting,
    speech_engine,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each is read from the variable of its name in upper case. Durations are seconds, fractions allowed."""

    dify_api_url: str = setting(
        "https://api.dify.ai/v1",
        "Where Dify's service API is: with /v1, as the app's page API Access shows it.",
        section="Dify",
        parse=http_url,
    )
    dify_api_key: str = setting(
        "",
        "The app's secret key (app-…), from the same page. No page, frame or log shows it. Without it: mock mode.",
        secret=True,
        parse=api_key,
    )
    dify_proxy: str = setting(
        "",
        "The proxy on the way to Dify, http:// or https://; with user:password@ before its host where it asks for "
        "them. Without it HTTPS_PROXY and NO_PROXY are heeded where Dify's address is https:// and public; HTTP_PROXY "
        "never is: it could read the key.",
        secret=True,
        parse=proxy_url,
    )
    mock_mode: bool = setting(
        True,
        "Answer without asking Dify, so that a page can be built before Dify is ready.",
        derive=lambda values: not values["dify_api_key"],
        derived="on without a key",
    )
    mock_tokens_per_second: float = number(25, "How many words of a mock answer are written each second.")
    dify_connect_timeout: float = seconds(5, "How long a connection to Dify may take, name look-up and TLS included.")
    dify_idle_timeout: float = seconds(
        60, "How long Dify may be silent while it answers; it sends a ping every 10 seconds."
    )
    dify_first_event_timeout: float = seconds(
        30,
        "How long Dify may take to its first event; a ping is none. More than 10 is normal for some apps. A question "
        "that waits in Dify's own queue, behind answers that go on, may take longer.",
    )
    dify_silence_timeout: float = seconds(
        120, "How long Dify may send nothing but pings while it answers: agents and tools think long."
    )
    dify_total_timeout: float = seconds(1200, "How long an answer may take; 1200 is Dify's own limit.")
    dify_max_concurrency: int = number(
        5,
        "How many answers Dify writes at once, at the most: no more than half of Dify's own SERVER_WORKER_CONNECTIONS, "
        "which are 10 as it is shipped. Beside them go two fifths as many other calls, a fifth as many uploads, and as "
        "many files that the app made; the rest is left for stops. Fewer are asked for while Dify has its hands full.",
    )
    dify_max_waiting: int = number(200, "How many questions may wait for a slot.", bounds=NOT_NEGATIVE)
    dify_wait_timeout: float = seconds(
        60, "How long a question may wait for one. While Dify is asked for fewer: DIFY_TOTAL_TIMEOUT."
    )
    dify_retry_budget: float = seconds(
        8,
        "No retry begins later than this after the first of up to three tries, all before Dify's first event.",
        bounds=DURATION_OR_ZERO,
    )
    dify_breaker_failures: int = number(5, "After so many failures in a row Dify is not asked for a while.")
    dify_breaker_rest: float = seconds(20, "How long it is not asked; then one question probes it.")
    degrade_to_mock: bool = setting(
        True,
        "Where Dify fails before its first word: a mock answer (True) or an error frame. A mistake of the client's, an "
        "unknown conversation for instance, is always an error frame.",
    )

    app_name: str = setting(
        "",
        "The name on the chat page. Without it: the one that the app has at Dify.",
        section="The service",
    )
    host: str = setting("0.0.0.0", "The address to listen on; :: is all of them, IPv4's too.")  # noqa: S104 - a router reaches it from outside
    port: int = setting(8000, "The port to listen on. Platforms such as Heroku set it themselves.", TCP_PORT)
    reload: bool = setting(False, "Start again when a file of the service changes: for development, with one process.")
    redis_url: str = setting(
        "",
        "The Redis (6.2 or newer) that joins processes, on one machine or many, to one service. They divide "
        "DIFY_MAX_CONCURRENCY among them; MAX_CONNECTIONS, and a client's eight answers at once, count in each. The "
        "certificate of rediss:// is verified only if the URL ends in ?ssl_cert_reqs=required.",
        secret=True,
        parse=redis_url,
    )
    web_concurrency: int = number(
        1,
        "How many processes answer on PORT; more than one needs REDIS_URL. One that dies is replaced.",
        bounds=PROCESSES,
    )
    debug: bool = setting(
        False,
        "Log at DEBUG, unless LOG_LEVEL is set: also what people write, and their requests' headers, "
        "without secrets. The chat page "
        "shows how long an answer took, and its tokens.",
    )

    page_accent: str = setting(
        "",
        "The chat page's accent colour, such as #0f6a73. Words in it are made darker, or lighter on dark, as far as "
        "they need it to be read (WCAG AA).",
        section="The chat page",
        parse=accent,
    )
    page_logo: str = setting(
        "",
        "A logo in its header: a file in the folder static, such as static/logo.svg, or another path of the same host, "
        "such as /logo.png. Addresses of other hosts are refused.",
        parse=logo,
    )
    page_notice: str = setting(
        "", "A line below its field, such as: No medical advice. In an emergency press the red button."
    )
    page_notice_zh: str = setting("", "The same in Chinese, for those who read the page so.")
    page_greeting: str = setting(
        "", "What the app says first, in Markdown, instead of the opening statement that it has at Dify."
    )
    page_greeting_zh: str = setting("", "The same in Chinese.")
    page_controls: tuple[str, ...] = setting(
        CONTROLS,
        f"What people can use there, separated by commas: {', '.join(CONTROLS)}. With - before a name, such as "
        "-keyboard, all but that; display is the size of the text, volume and speed, again what asks once more, more "
        "the menu.",
        parse=controls,
        derive=lambda _: "",
        derived="all",
    )

    speech: str = setting(
        "auto",
        "Who hears and speaks: auto takes the browser's recognition where that works, else Dify's; dify nothing of the "
        "browser makers' services, to whose servers the others may send what people say; browser nothing of Dify's; "
        "off is no voice at all.",
        section="Speech",
        parse=speech_engine,
    )
    speech_speculative: bool = setting(
        True,
        "In a call the page lets Dify write down what was said at the first short silence, while it goes on listening: "
        "answers come sooner, for up to three recordings more of a question.",
    )

    allowed_hosts: tuple[str, ...] = setting(
        (),
        "The names under which /ws and /api are asked, such as chat.example.com or *.example.com, separated by commas; "
        "addresses and localhost always may. Set it: without it a page whose name is pointed to this machine (DNS "
        "rebinding) counts as the service's own.",
        section="Connections",
        parse=hosts,
    )
    allowed_origins: tuple[str, ...] = setting(
        (),
        "Pages that may connect, and call /api, besides the service's own: origins such as https://www.example.com, "
        "https://*.example.com, capacitor://localhost, chrome-extension://… or null, separated by commas, or *: all.",
        parse=origins,
    )
    frame_ancestors: tuple[str, ...] = setting(
        (), "Sites that may show the chat page in a frame: the same, but for null.", parse=frame_sources
    )
    forwarded_allow_ips: tuple[str, ...] = setting(
        (),
        "The proxies in front whose X-Forwarded-For is believed: addresses and networks (CIDR) with commas between, or "
        "* where only they can connect (Heroku). The last address there that is no such proxy's is the client's. Where "
        "this is empty, clients that come through a proxy are not counted by their address.",
        parse=networks,
    )
    orphan_grace: float = seconds(
        30, "How long a client may be away before its running answers are stopped.", bounds=DURATION_OR_ZERO
    )
    resume_window: float = seconds(
        60, "How long an ended answer is kept for a client that comes back for it.", bounds=DURATION_OR_ZERO
    )
    drain_timeout: float = seconds(
        25,
        "When the service is told to end: how long answers, uploads and speech that are under way may take; all is "
        "over 4 seconds later. 25 fits Heroku and Kubernetes, which kill after 30; docker stop kills after 10: set 5.",
        bounds=DURATION_OR_ZERO,
    )
    http_keep_alive: float = seconds(
        100,
        "How long an HTTP connection may be idle between two requests: longer than in the router or proxy in front, "
        "whose request fails else when it meets the end. Heroku keeps them for 90 s, an ALB for 60, nginx for 60.",
    )
    max_connections: int = number(5000, "How many clients may be connected at once.")
    max_content_length: int = number(
        10_000, "The longest question, and the longest text to be spoken.", unit="characters"
    )
    max_inputs_length: int = number(
        100_000, "The longest inputs of a question or a form, written as JSON.", unit="characters"
    )
    websocket_max_size: int = number(
        1024 * 1024, "The largest message that is read; a larger one closes the connection (1009).", unit="bytes"
    )
    websocket_heartbeat_interval: float = seconds(30, "A client silent for this long gets a heartbeat.")
    websocket_heartbeat_timeout: float = seconds(
        120, "A client silent for this long is closed (4000), unless its answer is being written."
    )

    auth_jwt_secret: str = setting(
        "",
        "The secret of 32 bytes or more by which your own server signs a token (JWT, HS256) for each user. With it, "
        "only who has a token may connect, or call /api; without any of these settings everybody may.",
        section="Who may ask",
        secret=True,
        parse=jwt_secret,
        of_many_lines=True,
    )
    auth_jwks_url: str = setting(
        "",
        "Instead of the secret: where your identity provider shows the keys (JWKS) of the tokens that it signs.",
        parse=jwks_url,
    )
    auth_jwt_audience: str = setting(
        "", "The aud that a token must have. Needed with AUTH_JWKS_URL: a token for another app is none for this one."
    )
    auth_jwt_issuer: str = setting("", "The iss that a token must have, if any.")
    auth_header: str = setting(
        "",
        "Instead of tokens: the header in which a proxy that logs users in says who it is, such as X-Forwarded-User. "
        "The proxy must overwrite what a client sends under that name.",
        parse=header_name,
    )
    auth_proxy_ips: tuple[str, ...] = setting(
        (),
        "The addresses or networks, separated by commas, of the proxies whose AUTH_HEADER is believed. Nobody else may "
        "connect then.",
        parse=proxies,
    )
    user_questions_per_minute: int = limit(
        60,
        "How many questions one user may ask within a minute, also all at once. 0 switches this limit off, and "
        "each of those that follow; processes that share a REDIS_URL count as one.",
        section="Limits",
    )
    user_max_answers: int = limit(8, "How many answers may be on their way to one user; to one connection: 8.")
    user_tokens_per_day: int = limit(
        0, "How many tokens one user's answers may take on one day, UTC; the one that exceeds it is written to its end."
    )
    tokens_per_day: int = limit(
        0, "How many the answers of all users together may take. Set it where strangers may ask: each answer costs."
    )
    address_max_connections: int = limit(
        200,
        "How many clients of one address may be connected. Nobody is counted by a loopback or private address, nor "
        "behind a proxy where FORWARDED_ALLOW_IPS is empty; of IPv6 a network of 64 bits counts as one address.",
    )
    address_handshakes_per_minute: int = limit(120, "How often they may connect within a minute.")
    address_questions_per_minute: int = limit(120, "How many questions they may ask within a minute.")
    address_max_answers: int = limit(
        2,
        "How many answers may be on their way to them; the next question is refused. Too few for a hospital or a "
        "school behind one public address: set more, or 0.",
        derive=lambda values: max(2, values["dify_max_concurrency"] // 4),
        derived="a quarter of DIFY_MAX_CONCURRENCY, at least 2",
    )
    address_calls_per_minute: int = limit(600, "How often they may call /api within a minute.")
    address_bytes_per_minute: int = limit(
        100_000_000,
        "How long the bodies of these calls and of their replies may be; one that exceeds it is passed on to its end.",
        unit="bytes",
    )

    metrics_token: str = setting(
        "",
        "With it, /metrics tells Prometheus how the service does, and /ready says more: to whoever sends it as "
        "Authorization: Bearer. 16 characters or more; without it there is no /metrics.",
        section="Operating",
        secret=True,
        parse=operator_token,
    )
    admin_token: str = setting(
        "",
        "The same for /api/admin, which tells who is connected, and closes connections. 16 characters or more; without "
        "it there is no /api/admin.",
        secret=True,
        parse=operator_token,
    )

    log_level: str = setting(
        "INFO",
        "DEBUG, INFO, WARNING, ERROR or CRITICAL.",
        section="Logs",
        parse=log_level,
        derive=lambda values: "DEBUG" if values["debug"] else "INFO",
    )
    log_dir: str = setting(
        "logs", "The folder of info.log and error.log (10 MB each, five backups). The console gets the same events."
    )

    @property
    def mode(self) -> str:
        return "mock" if self.mock_mode else "dify"

    @property
    def takes_tokens(self) -> bool:
        """Each user needs a JWT."""
        return bool(self.auth_jwt_secret or self.auth_jwks_url)

    def masked(self) -> dict[str, Any]:
        """For the log: each value; of a secret only whether it is set."""
        values = asdict(self)
        return values | {field.name: "***" for field, it in declarations() if it.secret and values[field.name]}


def declarations() -> list[tuple[Field[Any], Declaration]]:
    """In the order of env.sample."""
    return [(field, field.metadata["declaration"]) for field in fields(Settings)]
