"""What is understood of what clients send, and what is said of the rest."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.chat import message_parser
from service.chat.client_messages import Chat, Forget, Form, Ping, Resume, Stop, VoiceLatency
from service.chat.message_parser import MAX_DEPTH, BadMessage, parse

LIMIT = 100


@pytest.mark.parametrize(
    ("frame", "meaning"),
    [
        ('{"type":"chat","content":"Hi"}', Chat("Hi")),
        ('{"content":"Hi","type":"chat","role":"user","timestamp":1}', Chat("Hi")),
        ('{"type":"chat","content":"Hi","id":"a-B_9","stream":true,"conversation_id":"c","inputs":{"a":1},"files":[{}]}',
         Chat("Hi", "a-B_9", stream=True, conversation_id="c", inputs={"a": 1}, files=[{}])),
        ('{"type":"chat","content":"Hi","id":null,"conversation_id":null,"inputs":null,"files":null}', Chat("Hi")),
        ('{"type":"ping","timestamp":1700000000000}', Ping(1700000000000)),
        ('{"type":"ping","timestamp":17.5}', Ping(17.5)),
        ('{"type":"ping"}', Ping()),
        ('{"type":"stop"}', Stop()),
        ('{"type":"stop","id":"a"}', Stop("a")),
        ('{"type":"form","id":"a","action":"yes","inputs":{"b":1}}', Form(action="yes", inputs={"b": 1}, id="a")),
        ('{"type":"form","continuation":"c","turn_id":"n","action":"yes","stream":true}',
         Form(action="yes", continuation="c", turn_id="n", stream=True)),
        ('{"type":"forget"}', Forget()),
        ('{"type":"forget","token":"' + "a" * 32 + '"}', Forget("a" * 32)),
        ('{"type":"resume","token":"' + "a" * 32 + '","continuation":"c","turn_id":"n"}',
         Resume("a" * 32, continuation="c", turn_id="n")),
        ('{"type":"voice_latency","id":"a","silence_ms":0,"asked_ms":3600000,"first_text_ms":null}',
         VoiceLatency("a", silence_ms=0, asked_ms=3_600_000)),
    ],
)  # fmt: skip
def test_what_clients_send_is_understood(frame, meaning):
    assert parse(frame, LIMIT) == meaning


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ("", "not JSON"),
        ("hello", "not JSON"),
        ('{"type":"chat",', "not JSON"),
        ('{"type":"chat","content":"\\ud800"}', "half of a surrogate pair"),
        ('{"type":"chat","content":"a\\udc00b"}', "half of a surrogate pair"),
        ('{"type":"chat","content":5,"inputs":{"\\ud83d":1}}', "half of a surrogate pair"),
        ('"\\ud83d"', "half of a surrogate pair"),
        ('{"type":"chat","content":"\\ud83d"', "not JSON"),
        ('{"type":"chat","content":"\\ud83d","inputs":{"a":NaN}}', "not JSON"),
        ('{"type":"chat","content":"\\ud83d","inputs":' + "[" * 200_000, "not JSON"),
        ("[]", "JSON object"),
        ("null", "JSON object"),
        ("{}", "Unknown type null"),
        ('{"content":"Hi"}', "Unknown type null"),
        ('{"type":"offer","sdp":"v=0"}', 'Unknown type "offer": this service understands chat, ping, stop, '),
        ('{"type":"ice-candidate"}', 'Unknown type "ice-candidate"'),
        ('{"type":["chat"]}', 'Unknown type ["chat"]'),
        ('{"type":"' + "x" * 500 + '"}', "x…"),
        ('{"type":"chat"}', "Bad `chat` frame: Object missing required field `content`."),
        ('{"type":"chat","content":5}', "Bad `chat` frame: content: Expected `string`, got `number`."),
        ('{"type":"chat","content":5,', "not JSON"),
        ('{"type":"resume","token":"t"}', "Bad `resume` frame: token: Expected 32 hexadecimal digits."),
        ('{"type":"resume","token":"' + "a" * 32 + '","offset":-1}', "offset: Expected `integer` >= 0."),
        ('{"type":"voice_latency","id":"a","asked_ms":null}', "Bad `voice_latency` frame: it has none of its times."),
        ('{"type":"voice_latency","asked_ms":1}', "Bad `voice_latency` frame: Object missing required field `id`."),
        ('{"type":"voice_latency","id":"a","asked_ms":-1}', "asked_ms: Expected `integer` >= 0."),
        ('{"type":"voice_latency","id":"a","asked_ms":3600001}', "asked_ms: Expected `integer` <= 3600000."),
        ('{"type":"voice_latency","id":"a","asked_ms":0.5}', "asked_ms: Expected `integer | null`, got `number`."),
        ('{"type":"voice_latency","id":"a b","asked_ms":1}', "Expected 1 to 64 of A-Z, a-z, 0-9, _ and -."),
        ('{"type":"stop","id":"a b"}', "Bad `stop` frame: id: Expected 1 to 64 of A-Z, a-z, 0-9, _ and -."),
        ('{"type":"chat","content":"Hi","id":"a b"}', "id: "),
        ('{"type":"chat","content":"Hi","id":"a\\n"}', "id: "),
        ('{"type":"chat","content":"Hi","id":""}', "id: "),
        ('{"type":"chat","content":"Hi","inputs":[]}', "inputs: "),
        ('{"type":"ping","timestamp":"now"}', "timestamp: Expected `number | null`, got `string`."),
        ('{"type":"chat","content":"Hi","stream":1.5}', "stream: Expected `boolean`, got `number`."),
        ('{"type":"form","continuation":"c"}', "Bad `form` frame: Object missing required field `action`."),
        ('{"type":"form","action":"yes","inputs":[]}', "Bad `form` frame: inputs: Expected `object`, got `array`."),
        ('{"type":"form","action":"yes","turn_id":"a b"}', "turn_id: Expected 1 to 64 of"),
        ('{"type":"form","action":"yes","continuation":"' + "c" * 65_537 + '"}', "continuation: "),
        ('{"type":"chat","content":""}', "empty"),
        ('{"type":"chat","content":" \\n\\t "}', "empty"),
        ('{"type":"chat","content":"' + "é" * 101 + '"}', "too long: 101 characters, 100 are allowed"),
        ('{"type":"chat","content":"Hi","inputs":' + '{"a":' * 9000 + "1" + "}" * 9000 + "}", "nested too deeply"),
        (b"\x00\x01", "Binary"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_words(frame, words):
    with pytest.raises(BadMessage) as caught:
        parse(frame, LIMIT)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("frame", "turn_id"),
    [
        ({"type": "chat", "id": "a", "content": ""}, "a"),
        ({"type": "chat", "id": "a", "content": "x" * 101}, "a"),
        ({"type": "chat", "id": "a", "content": 5}, "a"),
        ({"type": "chat", "id": "a b", "content": "Hi"}, None),
        ({"type": "chat", "content": ""}, None),
        ({"type": "offer", "id": "a"}, None),
        ({"type": "form", "id": "a", "turn_id": "n"}, "n"),
        ({"type": "form", "id": "a"}, "a"),
        ({"type": "form", "id": "a b", "turn_id": "n"}, None),
        ({"type": "resume", "id": "a", "token": "t"}, "a"),
        ({"type": "resume", "turn_id": "n", "token": "t"}, "n"),
        ({"type": "chat", "id": "a", "content": "\ud83d"}, "a"),
        ({"type": "chat", "content": 5, "inputs": {"b": "\ud83d!"}, "id": "a"}, "a"),
        ({"type": "form", "id": "a", "turn_id": "n", "inputs": {"\udc00": 1}}, "n"),
        ({"type": "chat", "id": "\ud83d", "content": "Hi"}, None),
        ({"type": "\ud83d", "id": "a"}, None),
    ],
)
def test_the_refusal_of_a_question_names_its_turn(frame, turn_id):
    with pytest.raises(BadMessage) as caught:
        parse(json.dumps(frame), LIMIT)
    assert caught.value.turn_id == turn_id


halves = st.text(st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF), min_size=1, max_size=3)
TEXTS = st.lists(st.text(max_size=3) | halves | st.sampled_from(["\\ud83d", "😀"]), max_size=4).map("".join)


def is_text(value):
    """As JSON says it: two halves that fit are a character."""
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace") == json.loads(json.dumps(value))


@given(TEXTS)
def test_half_a_surrogate_pair_anywhere_is_called_so_and_the_turn_is_named(text):
    frame = json.dumps({"type": "chat", "content": f"Hi {text}!", "id": "a"})
    if is_text(text):
        assert parse(frame, LIMIT).id == "a"
        return
    with pytest.raises(BadMessage, match="half of a surrogate pair") as caught:
        parse(frame, LIMIT)
    assert caught.value.turn_id == "a"


def test_a_question_of_just_the_allowed_length_passes():
    assert parse(json.dumps({"type": "chat", "content": "é" * 100}), LIMIT).content == "é" * 100


@given(st.one_of(st.text(), st.binary()))
def test_no_message_raises_anything_else(message):
    with pytest.raises(BadMessage):
        parse(message, LIMIT)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["id", "content", "stream", "timestamp", "inputs", "files", "conversation_id", "action", "asked_ms"]
KINDS = ["chat", "ping", "stop", "form", "voice_latency", "offer"]


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(FIELDS), json_values))
def test_any_fields_give_a_frame_or_words(kind, fields):
    try:
        assert parse(json.dumps({"type": kind, **fields}), LIMIT)
    except BadMessage as error:
        assert str(error)


def nested(depth):
    value = "x"
    for number in range(depth):
        value = [value] if number % 2 else {"a": value}
    return value


@pytest.mark.parametrize("kind", ["chat", "form"])
def test_inputs_are_as_deep_as_is_allowed_and_no_deeper(kind):
    frame = {"type": kind, "content": "Hi", "action": "yes"}
    parse(json.dumps(frame | {"inputs": {"a": nested(MAX_DEPTH - 1), "b": "[{" * 50}}), LIMIT)
    for depth in (MAX_DEPTH, 100, 900):
        with pytest.raises(BadMessage, match="nested too deeply"):
            parse(json.dumps(frame | {"inputs": {"a": nested(depth)}}), LIMIT)


def test_files_are_as_deep_as_inputs():
    with pytest.raises(BadMessage, match="nested too deeply"):
        parse(json.dumps({"type": "chat", "content": "Hi", "files": [{"a": nested(MAX_DEPTH)}]}), LIMIT)


@pytest.mark.parametrize(("kind", "name"), [("chat", "id"), ("form", "turn_id")])
def test_inputs_are_as_long_as_is_allowed_however_they_are_written(kind, name):
    frame = {"type": kind, "content": "Hi", "action": "yes", name: "q1"}
    good = json.dumps(frame | {"inputs": {"a": "é" * 92}}, indent=8)  # 100 characters as {"a":"…"}
    assert parse(good, LIMIT, 100).inputs == {"a": "é" * 92}
    with pytest.raises(BadMessage, match="`inputs` is too long: 101 characters, 100 are allowed") as refused:
        parse(json.dumps(frame | {"inputs": {"a": "é" * 93}}), LIMIT, 100)
    assert refused.value.turn_id == "q1"


def test_a_conversation_s_name_is_short():
    with pytest.raises(BadMessage, match="conversation_id"):
        parse(json.dumps({"type": "chat", "content": "Hi", "conversation_id": "x" * 65}), LIMIT)


def test_what_no_library_can_write_is_too_deep_where_it_could_be_read():
    """Newer Pythons read deeper than they write: some hundred thousand levels, as far as their stack goes."""
    with pytest.raises(BadMessage, match="nested too deeply"):
        message_parser._check_json("inputs", nested(1_000_000), LIMIT, None)
