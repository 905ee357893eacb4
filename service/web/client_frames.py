"""The frames that a client sends, for the reference and the schemas. No I/O."""

from service.chat import client_messages as m
from service.web.frames import CONVERSATION, ID, TOKEN, UPLOAD, Frame

_NAME = "Your name for the turn that follows; without it the service makes one."
_STREAM = "Send the answer as it is written: chat_delta frames, then the chat frame."
_EVENTS = "With stream: send chat_event frames for what the app does on its way to the answer."
_AUDIO = "With stream: send chat_audio frames, if the app speaks by itself, and SPEECH lets Dify speak."

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
        m.Chat("When are visiting hours?", id="q1", stream=True, conversation_id=CONVERSATION, inputs={"ward": "7"}),
    ),
    Frame(
        "A sign of life. Reply: pong. One is enough every 25 seconds; wait 10 for any frame after it.",
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
        "A person leaves, and another may come: all turns of a token end, Dify is told to stop, and nothing of them is "
        "kept, in any process or in Redis. Reply: a system frame with reason forgotten and the connection's token: a "
        "new one where its own was forgotten. A resume with the old one finds nothing. What Dify itself has stored of "
        "the conversation stays there.",
        {"token": "Whose turns; without it, those of this connection's token."},
        m.Forget(TOKEN),
    ),
    Frame(
        "After a reconnect: this connection is the token's from now on. Of turn id you get what follows offset, live, "
        "then its end; with a continuation instead, how that paused answer went on. It is acknowledged by a resumed "
        "frame; without either, by a system frame with the resume_token.",
        {
            "token": "The resume_token of the first connection: use that on, the new one is forgotten.",
            "id": "The turn to go on with. What is not known here gets an error with reason unknown_turn: ask again.",
            "offset": "How many characters (code points) of its text you have: 0, all of it is sent. Where the text is "
            "shorter, it was not the same: all of it comes again, with replace.",
            "replacements": "Of which text these are the first: the number that the last chat_delta with replace had, "
            "or 0 if none came. Left out: not known; what was replaced comes whole.",
            "continuation": "That of a paused answer: what was written since the pause comes as a turn of its own, "
            "whoever decided; or paused again, with the form that waits now.",
            "turn_id": "With a continuation: " + _NAME[0].lower() + _NAME[1:],
            "events": _EVENTS,
            "audio": _AUDIO,
        },
        m.Resume(TOKEN, id="q1", offset=24, replacements=0),
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
        m.Form(
            action="approve",
            inputs={
                "comment": "Fine.",
                "scan": {"type": "image", "transfer_method": "local_file", "upload_file_id": UPLOAD},
            },
            continuation="gV3…",
            turn_id="q2",
            stream=True,
        ),
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
            "id": ID,
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
