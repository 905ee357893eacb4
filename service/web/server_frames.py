"""The frames that the service sends, for the reference and the schemas. No I/O."""

from collections.abc import Mapping

from service.answers.pauses import FormAction, FormInput
from service.chat import server_messages as m
from service.chat.messages import PROTOCOL
from service.result_codes import ResultCode
from service.web.frames import CONVERSATION, ID, MESSAGE, TOKEN, Frame

_REASON = "Why: a word of the table of failures, or of limits."
_REPLACEMENTS = "How often the text of this answer was replaced so far; give the latest back when you resume."
_MOCK = "mock where these words are made up: on each frame of such an answer, from the first one on."

SERVER_FRAMES = (
    Frame(
        "A notice. The first frame of each connection is one.",
        {
            "content": "For people, in English.",
            "client_id": "On the first frame: the id of this client.",
            "resume_token": "On the first frame, and after a resume or a forget: whoever holds it owns conversations, "
            "files and answers. A secret.",
            "retry_after": "With restarting: come back after so many milliseconds.",
            "id": "The question of this turn waits behind others. Its answer follows.",
            "reason": "A stable word: restarting, token_expiring, token_renewed or forgotten.",
            "expires_in": "With token_expiring: the user's token ends in so many milliseconds.",
            "protocol": "On the first frame: the version of these frames, major.minor.",
        },
        m.System("Connected to chat server", client_id="7d0c9a2e", resume_token=TOKEN, protocol=PROTOCOL),
    ),
    Frame("The reply to a ping.", {"timestamp": "The ping's, or the server's time."}, m.Pong(1_790_000_000_000)),
    Frame(
        "A resume with an id or a continuation is taken, and what is missing follows. Not for a turn whose answer is "
        "on its way on this connection already.",
        {
            "id": ID,
            "offset": "How many characters (code points) of its text you have: what comes begins there. It is that of "
            "the resume; or 0, where the text was replaced since, or is shorter: then all of it comes again.",
            "running": "Whether it is being written still; else its end follows.",
        },
        m.Resumed("q1", 24, running=True),
    ),
    Frame(
        "To a client that was silent for WEBSOCKET_HEARTBEAT_INTERVAL, or up to a tenth longer. Send any frame to stay "
        "connected; the WebSocket protocol's own pings do not count.",
        {"timestamp": "The server's time, in Unix milliseconds."},
        m.Heartbeat(1_790_000_000_000),
    ),
    Frame(
        "Something went wrong. With an id it ends that turn, unless its reason is turn_unreachable. The connection "
        "stays open, unless a close follows.",
        {
            "content": "For people, in English.",
            "code": "One of the codes of replies.",
            "id": "The turn that this is about; of a form or a resume, its turn_id, or else its id.",
            "reason": _REASON,
            "field": "The input that is missing or unfit, by its variable; or files.",
            "retry_after": "What passes: try again after so many milliseconds.",
        },
        m.Error("The question is empty.", ResultCode.PARAMETER_ERROR, id="q1", reason="bad_frame"),
    ),
    Frame(
        "A piece of an answer that is asked for with stream.",
        {
            "id": ID,
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
            "id": ID,
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
            "id": ID,
            "number": "From 0; one may come twice after a resume.",
            "content": "Base64; empty on the last, where all of the answer was spoken.",
            "media_type": "Always audio/mpeg.",
        },
        m.ChatAudio("q1", 0, "SUQzBAAAAAAAI1RTU0UAAAAPAAADTGF2ZjU4Ljc2LjEwMA=="),
    ),
    Frame(
        "The app made a file. It comes after the chat_delta that completes its link. One may come twice.",
        {
            "id": ID,
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
            "id": ID,
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
            conversation_id=CONVERSATION,
            message_id=MESSAGE,
            usage={"prompt_tokens": 33, "completion_tokens": 6, "total_tokens": 39},
            citations=[{"position": 1, "document_name": "House rules.pdf", "content": "…", "score": 0.98}],
        ),
    ),
)

FRAME_SHAPES: Mapping[str, Mapping[str, str]] = {
    "FileOfAnswer": {
        "kind": "What it is.",
        "name": "Its file name.",
        "url": "As in chat_file.",
        "link": "As in chat_file.",
    },
    "AskedForm": {
        "content": "Markdown, in which {{#$output.NAME#}} is the place of an input.",
        "inputs": "What is to be filled in.",
        "actions": "The ways to decide, a button each.",
        "expires_at": "Until when it is taken, in Unix milliseconds.",
    },
    "FormInput": {
        "name": "What a form frame calls it among its inputs.",
        "type": "Dify's word: paragraph, select, file or file-list.",
        "default": "What it holds at first.",
        "options": "Of a select.",
        "file_types": "Of files, Dify's words: image, document, audio, video; custom means the extensions.",
        "extensions": "With their dots.",
        "max_files": "Of a file-list.",
    },
    "FormAction": {
        "id": "The action of a form frame.",
        "title": "What its button says.",
        "style": "Dify's word: primary, default, accent or ghost.",
    },
}
"""What the fields are of the types within frames."""

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
