"""What the reference and the schemas say of the fields of bodies and replies, by type. No I/O."""

from collections.abc import Mapping

_MS = "Unix milliseconds."

FIELDS: Mapping[str, Mapping[str, str]] = {
    "Welcome": {
        "name": "As /api/app has it; Assistant where that is empty.",
        "version": "The service's.",
        "mode": "mock where Dify is not asked.",
        "links": "chat, docs, health and websocket, relative to this address.",
    },
    "HealthData": {
        "status": "Always up.",
        "version": "The service's.",
        "mode": "mock where Dify is not asked.",
        "worker": "The number of this process among those of WEB_CONCURRENCY.",
        "pid": "Its process id.",
        "connections": "Clients that are connected to it.",
        "unauthenticated": "Connections that have not proved yet who they are; where users have to.",
        "turns": "Turns whose sources it reads.",
        "answers": "Ended turns, by their status.",
        "tokens": "What answers took, by Dify's count.",
        "undelivered_characters": "Code points of answers that nobody got.",
        "processes": "With REDIS_URL: how many are one service; null while Redis is away.",
        "connections_of_all": "With REDIS_URL: clients of all of them; null while Redis is away.",
        "limits_hit": "How often each limit was hit, by its setting.",
        "log_lines_dropped": "Lines that the log lost: by console, file, or the queue before them.",
        "answers_at_once": "How many answers Dify is asked for at once; fewer while it has its hands full.",
        "answers_taken": "How many of these are taken.",
        "answers_waiting": "How many questions wait for one.",
        "answers_displaced": "How many answers that nobody listened to were stopped for others.",
    },
    "ReadyData": {
        "status": "not_ready comes with HTTP status 503.",
        "mode": "mock where Dify is not asked.",
        "trouble": "What is wrong with Dify; null where nothing is.",
        "checks": "A word for each part.",
        "details": "By check, for who sends an operator's token.",
    },
    "Checks": {
        "dify": "unused in mock mode. failing is 503 where DEGRADE_TO_MOCK is False.",
        "redis": "unused without REDIS_URL. Never 503: each process goes on alone.",
        "breaker": "half_open: the next question probes Dify. open is 503 where DEGRADE_TO_MOCK is False.",
        "sockets": "full is 503.",
        "drain": "draining is 503: the service is about to end.",
    },
    "CheckDetail": {
        "since": "When this process first found it so, in " + _MS,
        "advice": "How to mend it.",
    },
    "Trouble": {"reason": "A word of the table of failures.", "cause": "Its cause, for operators."},
    "Connections": {
        "connections": "The thousand newest of each process.",
        "silent": "How many processes did not reply within two seconds.",
    },
    "Connected": {
        "client_id": "Its name; others may have the same.",
        "user": "Who proved to be it, where users have to.",
        "since": "When it connected, in " + _MS,
        "address": "Behind trusted proxies, too.",
        "origin": "Of its page, in the client's own words.",
        "browser": "Its name and version, in the client's own words.",
        "answers": "How many began to be sent on this connection.",
        "answers_under_way": "How many of these are not over.",
    },
    "App": {
        "name": "APP_NAME, or what the app is called in Dify; empty where neither is known, as in mock mode: the page "
        "says assistant then, in the reader's language.",
        "mode": "Dify's word: chat, agent-chat, advanced-chat.",
        "source": "mock where Dify is not asked.",
        "opening_statement": "Markdown: what the app says first.",
        "opening_statement_zh": "The same in Chinese, where PAGE_GREETING_ZH has it.",
        "icon": "Its icon, as Dify has it; /icon is one to be shown.",
        "suggested_questions": "What could be asked first.",
        "suggested_questions_after_answer": "Whether /api/messages/{message_id}/suggested is on.",
        "speech_to_text": "Whether /api/audio-to-text is on.",
        "text_to_speech": "Whether /api/text-to-audio is on.",
        "speaks_by_itself": "Whether chat_audio comes where audio is asked for.",
        "citations": "Whether answers name their sources.",
        "upload": "Which files may go with a question; null: none.",
        "inputs": 'Dify\'s user_input_form: each is {"text-input": {"variable", "label", "required", "max_length", '
        '"default", …}}, or of the kind paragraph, select (with options), number, checkbox, file, file-list. Its '
        "variable is the name among a question's inputs.",
        "stale": "Dify fails: this is the last that is known.",
        "speech": "Who hears and speaks, as SPEECH and SPEECH_SPECULATIVE say.",
    },
    "Icon": {
        "url": "Of a picture, under this service; empty where it is an emoji.",
        "emoji": "Or what Dify calls one.",
        "background": "A CSS colour.",
    },
    "UploadRules": {
        "kinds": "image, document, audio, video, custom.",
        "extensions": "Without dots, of kind custom; none: any.",
        "max_files": "How many may go with one question.",
        "max_bytes": "The size of one file, by the kind of its extension, also where it is taken as custom; any other: "
        "document.",
    },
    "SpeechRules": {
        "engine": "The setting SPEECH.",
        "speculative": "A recording may be sent before it is certain that it is whole.",
    },
    "Feedback": {
        "rating": "null takes it back.",
        "content": "More words.",
    },
    "Transcript": {"text": "What was said."},
    "SpeechRequest": {
        "text": "What to say, up to MAX_CONTENT_LENGTH characters; or",
        "message_id": "the answer to say; where both come, it is this one.",
    },
    "StoredFile": {
        "id": "The upload_file_id of a question's file.",
        "name": "Its file name.",
        "size": "In bytes.",
        "kind": "The type of a question's file: image, document, audio, video, custom.",
        "extension": "Without its dot.",
        "mime_type": "As it was told, or is known by the extension.",
    },
    "FailureReply": {
        "code": "One of the codes.",
        "message": "For people, in English.",
        "data": "null where there is no more to say.",
    },
    "FailureData": {
        "reason": "A word of the table of failures, or of limits.",
        "retry_after": "Where the service knows it: try again after so many milliseconds.",
    },
}
