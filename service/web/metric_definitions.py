"""What /metrics tells, each once: /docs shows these, and metrics.py measures no others. No I/O."""

from typing import Literal, NamedTuple

PREFIX = "dify_live_"


class Definition(NamedTuple):
    """`name` is without the prefix; `unit` is for people. A histogram has the upper bounds of its `buckets`."""

    name: str
    type: Literal["counter", "gauge", "histogram"]
    unit: str
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def full_name(self) -> str:
        return PREFIX + self.name

    @property
    def shown_name(self) -> str:
        """As its samples are named."""
        return self.name + ("_total" if self.type == "counter" else "")


DEFINITIONS = (
    Definition(
        "turns", "counter", "turns",
        "Ended turns, counted when their source has been read. source: dify, mock, or none where nothing began.",
        ("status", "source"),
    ),
    Definition(
        "first_text_seconds", "histogram", "seconds",
        "From a question to the first word of its answer, waiting included.",
        ("source",), (0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120),
    ),
    Definition(
        "answer_seconds", "histogram", "seconds", "From a question to the end of its answer, waiting included.",
        ("source",), (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200),
    ),
    Definition(
        "voice_latency_seconds", "histogram", "seconds",
        "How soon people were answered who spoke, from the end of their speech, as their clients measured it. stage: "
        "silence, transcript, asked, first_text, first_audio. Clients may say what they like: a trend, no proof.",
        ("stage",), (0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.2, 1.6, 2, 3, 5, 10),
    ),
    Definition(
        "event_loop_lag_seconds", "histogram", "seconds", "How late the event loop is, looked at twice a second.",
        (), (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    ),
    Definition("connections", "gauge", "clients", "Clients that are connected."),
    Definition("turns_running", "gauge", "turns", "Turns whose sources are read."),
    Definition("answers_at_once", "gauge", "answers", "So many answers Dify is asked for at once; not in mock mode."),
    Definition("answers_taken", "gauge", "answers", "So many of these are taken."),
    Definition("answers_waiting", "gauge", "questions", "Questions that wait in line for one."),
    Definition("answers_displaced", "counter", "answers", "Answers nobody listened to that were stopped for others."),
    Definition("tokens", "counter", "tokens", "Tokens that answers took."),
    Definition("undelivered_characters", "counter", "code points", "What was written of answers, and nobody got."),
    Definition("limits_hit", "counter", "hits", "Limits that were hit, by setting, as in /health.", ("setting",)),
    Definition(
        "dify_errors", "counter", "calls", "Failed calls of Dify, of any route, by a word of the table of failures.",
        ("reason",),
    ),
    Definition("dify_tries", "counter", "tries", "Tries of questions at Dify. which: first, again.", ("which",)),
    Definition(
        "closes", "counter", "connections",
        "Connections that this service closed, by close code: 4000 for silence, 4001 for reading too slowly.",
        ("code",),
    ),
    Definition("breaker", "gauge", "0 or 1", "1 for the state of the circuit breaker.", ("state",)),
    Definition("redis_up", "gauge", "0 or 1", "With REDIS_URL: 1 while Redis replies."),
    Definition("redis_round_trip_seconds", "gauge", "seconds", "With REDIS_URL: of its last sign of life."),
    Definition("sockets", "gauge", "sockets", "Open sockets of clients."),
    Definition("sockets_max", "gauge", "sockets", "So many may be open."),
    Definition(
        "log_dropped_lines", "counter", "lines", "Lines that the log lost. where: a file, the console, the queue.",
        ("where",),
    ),
)  # fmt: skip

NAMED = {definition.name: definition for definition in DEFINITIONS}
