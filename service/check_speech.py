"""What `python -m service check` says of the voice: what follows from SPEECH, and what the app lacks for it."""

from collections.abc import Mapping
from typing import Any

from service.answers.dify.app_api import is_on
from service.answers.speech_engine import SpeechEngine
from service.check_access import Finding

_WORDS = {
    SpeechEngine.AUTO: "by the browser's recognition where it works, which may send what people say to its maker's "
    "servers, else by Dify. SPEECH=dify forbids that",
    SpeechEngine.DIFY: "by Dify alone; nothing goes to the browser makers' servers",
    SpeechEngine.BROWSER: "by the browser alone, which may send what people say to its maker's servers; Dify is not "
    "asked for speech",
    SpeechEngine.OFF: "none; the page has no voice",
}
_FEATURES = {"speech_to_text": "Speech to Text", "text_to_speech": "Text to Speech"}


def speech_finding(engine: SpeechEngine, parameters: Mapping[str, Any] | None = None) -> Finding:
    """With the app's `parameters`, where it is asked."""
    lacks = [] if parameters is None else [name for key, name in _FEATURES.items() if not is_on(parameters.get(key))]
    if engine is not SpeechEngine.DIFY or not lacks:
        return Finding("speech", _WORDS[engine])
    advice = "Switch it on in the app's features, with a model of that kind in the workspace: /docs says how."
    return Finding("speech", f"{_WORDS[engine]}, and the app has no {', and no '.join(lacks)}", advice=advice)
