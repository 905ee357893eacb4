"""What the reference and the schemas say of each frame: who sends it when, its fields, and an example. No I/O."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from service.answers.pauses import FormAction, FormInput
from service.chat import messages as m
from service.result_codes import ResultCode

_ID = "The turn that this is about, under the name that its question had, or got."
_NAME = "Your name for the turn that follows; without it the service makes one."
_STREAM = "Send the answer as it is written: chat_delta frames, then the chat frame."
_EVENTS = "With stream: send chat_event frames for what the app does on its way to the answer."
_AUDIO = "With stream: send chat_audio frames, if the app speaks by itself, and SPEECH lets Dify speak."
_REASON = "Why: a word of the table of failures, or of limits."
_REPLACEMENTS = "How often the text of this answer was replaced so far; give the latest back when you resume."
_MOCK = "mock where these words are made up: on each frame of such an answer, from the first one on."
_RESUME = "c0ffee00c0ffee00c0ffee00c0ffee00"
_CONVERSATION, _MESSAGE = "6f9aeb3d-3b0c-4a57-9d3c-7f0a4d9a4a52", "96fc2a13-4564-436c-a852-ede12dce3d16"


class Frame(NamedTuple):
    """`example` is whole, and encoded as each frame of its kind; `fields` has a text for each but the type."""

    meaning: str
    fields: Mapping[str, str]
    example: msgspec.Struct

    @property
    def kind(self) -> type[msgspec.Struct]:
        return type(self.example)

    @property
    def type(self) -> str:
        return str(self.kind.__struct_config__.tag)

    @property
    def json(self) -> str:
        """As it goes over the wire; a client's without what holds anyway."""
        if not isinstance(self.example, m.ClientMessage):
            return msgspec.json.encode(self.example).decode()
        usual = {field.name: field.default for field in msgspec.structs.fields(self.example)}
        written = msgspec.to_builtins(self.example).items()
        return msgspec.json.encode({name: value for name, value in written if value != usual.get(name, ...)}).decode()


CLIENT_FRAMES = (
    Frame(
        "A question. Without stream there is one reply, a chat frame with the whole answer.",
        {
            "content": "The question, up to MAX_CONTENT_LENGTH characters; not blank.",
            "id": "Your name for the turn; the server makes one if there is none. It comes back on each frame of the "
            "turn. The same question under the same id, also after a resume, joins the same turn: it is never asked "
            "twice. Another question under it is an error with reason id_taken.",
            "stream": _STREAM,
            "conversation_id": "Dify's conversation to go on with: that of an earlier answer. A UUID.",
            "inputs": "Values of the app's inputs by their variables, as GET /api/app names them: up to "
            "MAX_INPUTS_LENGTH characters of JSON, 20 levels deep. Required ones belong to each question.",
            "files": 'Each is {"type","transfer_method":"local_file","upload_file_id"}, or with "remote_url" a '
            "url, http or https, where the app takes addresses.",
            "events": _EVENTS,
            "audio": _AUDIO,
        },
        m.Chat("When are visiting hours?", id="q1", stream=True, conversation_id=_CONVERSATION, inputs={"ward": "7"}),
    ),
    Frame(
        "A sign of life. Reply: pong. One is enough every 25 seconds; wait for its pong for 10.",
        {"timestamp": "Comes back as it is. Without it the pong has the server's time, in Unix milliseconds."},
        m.Ping(1_790_000_000_000),
    ),
    Frame(
        "End a turn. Dify is told to stop, and the turn's chat frame comes with status stopped. For a turn that is "
        "over it changes nothing, and gets no reply.",
        {"id": "The turn to end; without it, all turns of this client."},
        m.Stop("q1"),
    ),
    Frame(
        "After a reconnect: this connection is the token's from now on. Of turn id you get what follows offset, live, "
        "then its end; with a continuation instead, how that paused answer went on. Without either: a system frame.",
        {
            "token": "The resume_token of the first connection: use that on, the new one is forgotten.",
            "id": "The turn to go on with. What is not known here gets an error with reason unknown_turn: ask again.",
            "offset": "How many characters (code points) of its text you have.",
            "replacements": "Of which text these are the first: the number that the last chat_delta with replace had, "
            "or 0 if none came. Left out: not known; what was replaced comes whole.",
            "continuation": "That of a paused answer: what was written since the pause comes as a turn of its own, "
            "whoever decided; or paused again, with the form that waits now.",
            "turn_id": "With a continuation: " + _NAME[0].lower() + _NAME[1:],
            "events": _EVENTS,
            "audio": _AUDIO,
        },
        m.Resume(_RESUME, id="q1", offset=24, replacements=0),
    ),
    Frame(
        "What a person decided in the form of a paused answer. The answer goes on as a turn of its own.",
        {
            "action": "The id of one of the form's actions.",
            "inputs": "A value for each of the form's inputs: text, one of the options, a file as in chat.files, or an "
            'array of them. Left empty: "", or [].',
            "id": "The paused turn; enough for RESUME_WINDOW seconds after its end.",
            "continuation": "That of the paused answer: enough at any time.",
            "turn_id": _NAME,
            "stream": _STREAM,
            "events": _EVENTS,
            "audio": _AUDIO,
        },
        m.Form(action="approve", inputs={"comment": "Fine."}, continuation="gV3…", turn_id="q2", stream=True),
    ),
    Frame(
        "Who the user is, where that has to be proved: the first frame, and later a newer token of the same user. "
        "Elsewhere it changes nothing.",
        {"token": "A JWT of up to 16,384 characters."},
        m.Auth("eyJhbGciOi…"),
    ),
    Frame(
        "How soon a person was answered who spoke: whole milliseconds since the last loud moment of that speech, up to "
        "an hour, one of them at least. Of a turn of yours that this process runs, keeps or follows; once.",
        {
            "id": _ID,
            "silence_ms": "When the silence was noticed.",
            "transcript_ms": "When the transcript was there.",
            "asked_ms": "When the question was asked.",
            "first_text_ms": "When the first word of the answer came.",
            "first_audio_ms": "When its first sound was heard.",
        },
        m.VoiceLatency(
            "q1", silence_ms=340, transcript_ms=690, asked_ms=700, first_text_ms=1_110, first_audio_ms=1_520
        ),
    ),
)

SERVER_FRAMES = (
    Frame(
        "A notice. The first frame of each connection is one.",
        {
            "content": "For people, in English.",
            "client_id": "On the first frame: the id of this client.",
            "resume_token": "On the first frame, and after a resume: whoever holds it owns conversations, files and "
            "answers. A secret.",
            "retry_after": "The service is about to restart: come back after so many milliseconds.",
            "id": "The question of this turn waits behind others. Its answer follows.",
            "reason": "A stable word: token_expiring, token_renewed, and why the service closes a connection.",
            "expires_in": "With token_expiring: the user's token ends in so many milliseconds.",
        },
        m.System("Connected to chat server", client_id="7d0c9a2e", resume_token=_RESUME),
    ),
    Frame("The reply to a ping.", {"timestamp": "The ping's, or the server's time."}, m.Pong(1_790_000_000_000)),
    Frame(
        "To a client that was silent for WEBSOCKET_HEARTBEAT_INTERVAL. Send any frame to stay connected; the WebSocket "
        "protocol's own pings do not count.",
        {"timestamp": "The server's time, in Unix milliseconds."},
        m.Heartbeat(1_790_000_000_000),
    ),
    Frame(
        "Something went wrong. With an id it ends that turn, unless its reason is turn_unreachable. The connection "
        "stays open, unless a close follows.",
        {
            "content": "For people, in English.",
            "code": "One of the codes of replies.",
            "id": _ID,
            "reason": _REASON,
            "field": "The input that is missing or unfit, by its variable; or files.",
            "retry_after": "What passes: try again after so many milliseconds.",
        },
        m.Error("The question is empty.", ResultCode.PARAMETER_ERROR, id="q1", reason="bad_frame"),
    ),
    Frame(
        "A piece of an answer that is asked for with stream.",
        {
            "id": _ID,
            "offset": "How many characters (code points) of the answer come before it.",
            "content": "The text.",
            "replace": "All before it is withdrawn, and this takes its place (moderation); the offset is 0.",
            "replacements": _REPLACEMENTS,
            "source": _MOCK,
            "reason": "With a mock that stands in for Dify: why. Show a person that the assistant cannot be reached.",
        },
        m.ChatDelta("q1", 0, "From two to "),
    ),
    Frame(
        "Something starts or is finished on the way to an answer that is asked for with events.",
        {
            "id": _ID,
            "event": "What: workflow_, node_, tool_ or thought_, then started or finished; or one of Dify's rounds.",
            "step": "Which; the same on start and end.",
            "name": "What the app calls it.",
            "kind": "Of a node.",
            "status": "How it ended, in Dify's word.",
            "duration_ms": "How long it took.",
            "content": "The thought, or the text of a text_chunk.",
            "number": "Of the retry, or of the round, from 0.",
        },
        m.ChatEvent(id="q1", event="tool_finished", step="t1", name="timetable", status="succeeded", duration_ms=420),
    ),
    Frame(
        "A piece of the answer, spoken, where the app speaks by itself and audio was asked for.",
        {
            "id": _ID,
            "number": "From 0; one may come twice after a resume.",
            "content": "Base64; empty on the last, where all of the answer was spoken.",
            "media_type": "Always audio/mpeg.",
        },
        m.ChatAudio("q1", 0, "SUQzBAAAAAAAI1RTU0UAAAAPAAADTGF2ZjU4Ljc2LjEwMA=="),
    ),
    Frame(
        "The app made a file. It comes after the chat_delta that completes its link. One may come twice.",
        {
            "id": _ID,
            "kind": "What it is.",
            "name": "Its file name.",
            "url": "Where it is: a path of this service, below the path under which a proxy serves it; for an hour.",
            "link": "The destination that it has in the text, exactly: show it there; without one, below the text.",
        },
        m.ChatFile("q1", "image", "plan.png", "/api/app-files/plan.png?expires=1790003600", "/files/plan.png"),
    ),
    Frame(
        "The whole answer, and the end of its turn.",
        {
            "role": "Always assistant.",
            "id": _ID,
            "status": "done, stopped, paused (a person has to decide first) or incomplete (Dify broke off).",
            "source": "dify, or " + _MOCK[0].lower() + _MOCK[1:],
            "reason": _REASON,
            "content": "The text. Without stream, what is not whole says so in a last paragraph.",
            "conversation_id": "Dify's: ask on with it.",
            "message_id": "Dify's: for suggestions, feedback and speech.",
            "usage": "Dify's count: prompt_tokens, completion_tokens, total_tokens, and what else it tells.",
            "citations": "Dify's retriever_resources: for each source document_name, content, score and others.",
            "files": "What the app made, each as in chat_file.",
            "form": "With paused: what a person is asked. Without it, it went out by e-mail.",
            "continuation": "With paused: all that is needed to go on, days and restarts later. Keep it.",
        },
        m.ChatAnswer(
            id="q1",
            status="done",
            source="dify",
            content="From two to six.",
            conversation_id=_CONVERSATION,
            message_id=_MESSAGE,
            usage={"prompt_tokens": 33, "completion_tokens": 6, "total_tokens": 39},
            citations=[{"position": 1, "document_name": "House rules.pdf", "content": "…", "score": 0.98}],
        ),
    ),
)

PAUSED = m.ChatAnswer(
    id="q1",
    status="paused",
    reason="waiting_for_human",
    source="dify",
    content="I would order it.",
    form=m.AskedForm(
        "Shall I order it? {{#$output.comment#}}",
        [FormInput("comment", "paragraph")],
        [FormAction("approve", "Yes", "primary"), FormAction("reject", "No", "default")],
        1_790_000_000_000,
    ),
    continuation="gV3…",
)
"""An answer that waits for a person."""
