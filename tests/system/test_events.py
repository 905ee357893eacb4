"""What an app does on its way to an answer reaches whoever asked for it, over real sockets."""

import pytest

from tests import fake_dify

NODE = {"id": "n", "title": "HTTP", "node_type": "http-request"}
TOLD = [
    ("workflow_started", {"id": "r"}),
    ("node_started", NODE),
    ("node_retry", NODE | {"retry_index": 1}),
    ("iteration_started", NODE),
    ("iteration_next", NODE | {"index": 0}),
    ("iteration_completed", NODE),
    ("loop_started", NODE),
    ("loop_next", NODE | {"index": 0}),
    ("loop_completed", NODE),
    ("text_chunk", {"text": "Hi", "from_variable_selector": ["llm", "text"]}),
    ("agent_log", {"id": "a", "label": "CALL weather", "status": "start"}),
    ("node_finished", NODE | {"outputs": {"reasoning_content": "Let me think."}}),
]
EVENTS = [
    *(name for name, _ in TOLD[:-2]),
    "tool_started",
    "thought_started",
    "thought_finished",
    "node_finished",
]


def answering(*told):
    return fake_dify.events(
        *((name, {"data": data}) for name, data in told), ("message", {"answer": "Hi"}), ("message_end", {})
    )


async def events_of(client):
    await client.ask("Hello", stream=True, events=True)
    return [frame for frame in await client.frames_until_end() if frame["type"] == "chat_event"]


async def test_each_kind_of_event_is_told(with_dify, dify, connect):
    dify.plays(answering(*TOLD))
    client = await connect(await with_dify())
    told = await events_of(client)
    assert [frame["event"] for frame in told] == EVENTS
    assert [frame["content"] for frame in told if frame.get("content")] == ["Hi", "Let me think."]


@pytest.mark.parametrize("size", [10, 1_200_000, 5_000_000])
async def test_a_node_is_finished_however_much_came_out_of_it(with_dify, dify, connect, size):
    dify.plays(answering(("node_started", NODE), ("node_finished", NODE | {"outputs": {"document": "x" * size}})))
    client = await connect(await with_dify())
    assert [(frame["event"], frame["step"], frame["name"]) for frame in await events_of(client)] == [
        ("node_started", "n", "HTTP"),
        ("node_finished", "n", "HTTP"),
    ]
