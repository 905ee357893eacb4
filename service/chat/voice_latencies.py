"""How soon people were answered who spoke, as their clients measured it: each turn once."""

from collections.abc import Callable

import structlog

from service.chat.client_identity import Owner
from service.chat.client_messages import VoiceLatency
from service.chat.followed_turn import FollowedTurn
from service.chat.turn import Turn

log = structlog.get_logger()

MAX_ENDED = 1_000


class VoiceLatencies:
    """`observe`, if any, is called with each. A turn that is not known is not measured."""

    def __init__(self) -> None:
        self.observe: Callable[[VoiceLatency], None] | None = None
        self._is_measured: dict[tuple[Owner, str], bool] = {}  # turns of other processes, which have ended

    def remember(self, turn: FollowedTurn) -> None:
        """It is known here no more; if that is since it has ended, it may still be measured."""
        if turn.status is None:
            return
        self._is_measured.setdefault((turn.owner, turn.id), turn.is_measured)
        if len(self._is_measured) > MAX_ENDED:
            del self._is_measured[next(iter(self._is_measured))]

    def add(self, owner: Owner, latency: VoiceLatency, turn: Turn | None) -> None:
        """Of that `turn`, where it is known here."""
        if not self._is_first(owner, latency.id, turn):
            return
        log.info(
            "voice.measured",
            turn_id=latency.id,
            silence_ms=latency.silence_ms,
            transcript_ms=latency.transcript_ms,
            asked_ms=latency.asked_ms,
            first_text_ms=latency.first_text_ms,
            first_audio_ms=latency.first_audio_ms,
        )
        if self.observe is not None:
            self.observe(latency)

    def _is_first(self, owner: Owner, turn_id: str, turn: Turn | None) -> bool:
        if turn is None:
            is_measured = self._is_measured.get((owner, turn_id), True)
            if not is_measured:
                self._is_measured[owner, turn_id] = True
            return not is_measured
        is_measured, turn.is_measured = turn.is_measured, True
        return not is_measured
