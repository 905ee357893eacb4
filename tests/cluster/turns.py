"""Turns to share, on a script."""

from service.answers.base import Question
from service.chat.client_identity import owner_of
from service.chat.cluster import SingleProcess
from service.chat.seal import Seal
from service.chat.turn_registry import TurnRegistry
from tests.conftest import PATIENCE_SECONDS

OWNER = owner_of("0" * 32)
QUESTION = Question("Hi", "user")


def registry_of(source, cluster=None, orphan_grace=PATIENCE_SECONDS):
    cluster = cluster or SingleProcess()
    return TurnRegistry(source, cluster, Seal(), orphan_grace=orphan_grace, resume_window=PATIENCE_SECONDS)
