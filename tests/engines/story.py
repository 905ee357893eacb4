"""The same short story in each browser: `make engines`."""

import asyncio
import json

from tests import fake_dify
from tests.conftest import eventually
from tests.engines.tab import ENTER
from tests.page.test_sign_in import token_for
from tests.page.test_sign_in_examples import SECRET

LIGHT, DARK = "rgb(247, 249, 250)", "rgb(17, 23, 27)"
MARKDOWN = """\
## Doses

Take **one** of `10 mg`, ``a ` b`` or ~~two~~ *three*; see [the plan](https://example.org/plan).

1. First
   - inner

| Drug | a \\| b |
| --- | ---: |
| `x` | 2\\|3 |

> Quoted.

```
if (a < b) {}
```
"""


def answers(*words, before_last):
    """An answer whose last word waits for an event."""

    async def scene(stage):
        await stage.open()
        for word in words[:-1]:
            await stage.event("message", answer=word)
        await before_last.wait()
        await stage.event("message", answer=words[-1])
        await stage.end()

    return scene


async def visit(tab, service, query="lang=en"):
    await tab.open(f"{service.url}/chat?{query}")
    await tab.until("deep('#state').dataset.state", "open")
    await tab.until("Boolean(deep('.voice-bar'))")


async def ask(tab, question, *, is_framed=False):
    await tab.click("#question", is_framed=is_framed)
    await tab.until("document.activeElement?.id", "question", is_framed=is_framed)
    await tab.type(question + ENTER)


async def reads(tab, *texts, state="done", is_framed=False):
    """These are the answers, to the letter, and this is the state of the last one."""
    await tab.until("all('.answer .text').map((text) => text.textContent)", [*texts], is_framed=is_framed)
    await tab.until("all('.answer').pop().dataset.state", state, is_framed=is_framed)


def colour(selector, name):
    return f"getComputedStyle(deep({json.dumps(selector)}))[{json.dumps(name)}]"


async def test_a_question_is_answered_while_the_answer_is_written(tab, with_dify, dify):
    more = asyncio.Event()
    dify.plays(answers("The first words, ", "and 最后 😀.", before_last=more))
    await visit(tab, await with_dify())
    assert not await tab.run("deep('#unfit').getClientRects().length")
    assert await tab.run("deep('#log').clientHeight") > 200
    assert await tab.run("deep('#composer').getBoundingClientRect().bottom <= innerHeight")
    await ask(tab, "How are you? é 你好")
    await reads(tab, "The first words,", state="streaming")
    assert dify.questions[0]["query"] == "How are you? é 你好"
    more.set()
    await reads(tab, "The first words, and 最后 😀.")
    assert await tab.run("getComputedStyle(deep('.foot')).visibility") == "visible"


async def test_an_answer_is_stopped(tab, with_dify, dify):
    dify.plays(fake_dify.until_stopped("Some words"))
    await visit(tab, await with_dify())
    await ask(tab, "Hello")
    await reads(tab, "Some words", state="streaming")
    await tab.click("#send")
    await reads(tab, "Some words", state="stopped")
    assert len(dify.stops) == 1


async def test_a_step_up_leaves_the_reader_alone_while_more_is_written(tab, with_dify, dify):
    """Firefox and WebKit forget a key where they are told meanwhile where to scroll to."""
    enough = asyncio.Event()

    async def scene(stage):
        await stage.open()
        while not enough.is_set():
            await stage.event("message", answer="A line.\n\n")
            await asyncio.sleep(0.005)
        await stage.end()

    dify.plays(scene)
    await visit(tab, await with_dify())
    await ask(tab, "Hello")
    is_at_end = "[deep('#log')].map((log) => log.scrollHeight - log.clientHeight - log.scrollTop <= 1)[0]"
    await tab.until("deep('#log').scrollTop > 300")
    assert await tab.run(is_at_end)
    await tab.run("deep('#log').focus()")
    await tab.press_up()
    await tab.until("deep('#below').getClientRects().length", 1)
    top, height = await tab.run("[deep('#log').scrollTop, deep('#log').scrollHeight]")
    await tab.until(f"deep('#log').scrollHeight > {height} + 200")
    enough.set()
    await tab.until("deep('.answer').dataset.state", "done")
    assert await tab.run("deep('#log').scrollTop") <= top  # it may glide on


async def test_markdown_is_shown(tab, with_dify, dify):
    dify.plays(fake_dify.say(*MARKDOWN.splitlines(keepends=True)))
    await visit(tab, await with_dify())
    await ask(tab, "Show me")
    await tab.until("deep('.answer')?.dataset.state", "done")

    def texts(selector):
        return tab.run(f"all('.text {selector}').map((node) => node.textContent)")

    assert await texts("h2, .text h3") == ["Doses"]
    assert await texts("p > code") == ["10 mg", "a ` b"]
    assert await texts("p > :is(strong, del, em, a)") == ["one", "two", "three", "the plan"]
    assert await texts(":is(th, td)") == ["Drug", "a | b", "x", "2|3"]
    assert await texts("li li") == ["inner"]
    assert await texts("pre code") == ["if (a < b) {}"]
    assert await tab.run("getComputedStyle(deep('.text td:last-child')).textAlign") == "end"


async def test_a_restart_of_the_service_costs_not_a_letter(tab, with_dify, dify, events):
    """What runs is written to its end, and what is asked meanwhile is answered afterwards."""
    more = asyncio.Event()
    dify.plays(answers("Half 😀 ", "一半, and whole.", before_last=more), fake_dify.say("Welcome **back**."))
    service = await with_dify(drain_timeout=20)
    await visit(tab, service)
    await ask(tab, "Hello")
    await reads(tab, "Half 😀", state="streaming")

    async def meanwhile():
        await tab.until("deep('#state').dataset.state", "waiting")
        await reads(tab, "Half 😀 一半, and whole.")
        await ask(tab, "Are you there?")
        await tab.until("all('.question').pop().dataset.state", "waiting")

    async def go_on():
        await eventually(lambda: "drain.started" in [event["event"] for event in events])
        more.set()

    await asyncio.gather(service.restart(meanwhile), go_on())
    await reads(tab, "Half 😀 一半, and whole.", "Welcome back.")
    assert [question["query"] for question in dify.questions] == ["Hello", "Are you there?"]
    tab.complaints[:] = [words for words in tab.complaints if "ws://" not in words]  # it was not to be reached


async def test_it_speaks_chinese(tab, with_dify, dify):
    dify.plays(fake_dify.say("每日 2~3 次，", "每次 1 片。"))
    await visit(tab, await with_dify(), "lang=zh-CN")
    assert await tab.run("[document.documentElement.lang, deep('#state').textContent]") == ["zh-CN", "已连接"]
    await ask(tab, "阿司匹林怎么吃？")
    await reads(tab, "每日 2~3 次，每次 1 片。")
    assert dify.questions[0]["query"] == "阿司匹林怎么吃？"


async def test_it_is_dark_for_who_wants_it_dark(tab, with_dify):
    service = await with_dify()
    await visit(tab, service)
    assert await tab.run(colour("body", "backgroundColor")) == LIGHT
    await tab.click("#theme")
    await tab.until(colour("body", "backgroundColor"), DARK)
    await visit(tab, service)
    assert await tab.run(colour("body", "backgroundColor")) == DARK
    assert await tab.run(colour("body", "colorScheme")) == "dark"
    assert await tab.run(colour("#question", "color")) == "rgb(230, 236, 239)"


async def test_it_is_whole_at_320_pixels(tab, host, with_dify):
    await tab.open(f"{host}/narrow?service={(await with_dify(frame_ancestors=(host,))).url}")
    await tab.until("deep('#state')?.dataset.state", "open", is_framed=True)
    await ask(tab, "Hello", is_framed=True)
    await reads(tab, "Hello.", is_framed=True)
    await tab.until("Boolean(deep('.voice-bar'))", is_framed=True)
    assert await tab.run("[innerWidth, document.documentElement.scrollWidth]", is_framed=True) == [320, 320]
    outside = "all('button, textarea').filter((node) => node.getBoundingClientRect().right > 320).length"
    assert await tab.run(outside, is_framed=True) == 0
    assert await tab.run("deep('#composer').getBoundingClientRect().bottom <= innerHeight", is_framed=True)


async def test_a_bubble_brings_it_to_another_site(tab, host, with_dify):
    service = await with_dify(frame_ancestors=(host,))
    await tab.open(f"{host}/bubble?service={service.url}")
    await tab.until("deep('button')?.getAttribute('aria-label')", "Ask us")
    assert await tab.run("deep('button').getBoundingClientRect().width") == 56
    await tab.click("button")
    await tab.until("deep('#state')?.dataset.state", "open", is_framed=True)
    assert await tab.run("deep('[role=dialog]').getBoundingClientRect().width") == 402
    await ask(tab, "Hello from a shop", is_framed=True)
    await reads(tab, "Hello.", is_framed=True)
    await tab.until("Boolean(deep('.voice-bar'))", is_framed=True)  # the last to come: the service ends with the test
    await tab.click("button")
    await tab.until("deep('iframe').getClientRects().length", 0)
    await tab.until("deep('button').getAttribute('aria-expanded')", "false")


async def test_the_page_around_the_bubble_drives_it_and_hears_of_it(tab, host, with_dify, dify):
    more = asyncio.Event()
    dify.plays(fake_dify.say("Two."), fake_dify.think_until(more, fake_dify.say("Four.")))
    service = await with_dify(frame_ancestors=(host,))
    await tab.open(f"{host}/bubble?service={service.url}")
    await tab.run("window.told = [], 1")
    for event in ("ready", "question", "answer", "unread", "reset"):
        await tab.run(
            f"difyLive.on('{event}', ({{ text, count }}) => told.push('{event} ' + (text ?? count ?? ''))), 1"
        )
    await tab.run("difyLive.ask('One?'), 1")
    await tab.until("told.join()", "ready ,question One?,answer Two.")
    await tab.until("Boolean(deep('.voice-bar'))", is_framed=True)  # the last to come: the service ends with the test
    await tab.run("difyLive.ask('Three?'), 1")
    await eventually(lambda: len(dify.questions) == 2)
    await tab.run("difyLive.close(), told.splice(0), 1")
    more.set()
    await tab.until("told.join()", "answer Four.,unread 1")
    await tab.until("deep('button').getAttribute('aria-label')", "Ask us (New answers: 1)")
    await tab.run("difyLive.reset(), 1")
    await tab.until("told.join()", "answer Four.,unread 1,unread 0,reset ")
    await tab.run("difyLive.open(), 1")
    await tab.until("all('.message').length", 0, is_framed=True)


async def test_who_is_signed_in_there_is_known_here(tab, host, with_dify, dify):
    service = await with_dify(frame_ancestors=(host,), auth_jwt_secret=SECRET)
    await tab.open(f"{host}/bubble?service={service.url}")
    await tab.click("button")
    await tab.until("deep('#state')?.textContent", "Please sign in to use this chat.", is_framed=True)
    await tab.open(f"{host}/bubble?service={service.url}&token={token_for('mia')}")
    await tab.click("button")
    await tab.until("deep('#state')?.dataset.state", "open", is_framed=True)
    await ask(tab, "Hello", is_framed=True)
    await reads(tab, "Hello.", is_framed=True)
    await tab.until("Boolean(deep('.voice-bar'))", is_framed=True)
    assert [question["user"] for question in dify.questions] == ["mia"]


async def test_a_browser_too_old_for_it_says_so(old_tab, host, start):
    sentences = "all('body > *').map((part) => part.innerText).join('')"
    service = await start(frame_ancestors=(host,))
    await old_tab.open(f"{service.url}/chat")
    said = await old_tab.run(sentences)
    assert "The chat cannot run here. It needs JavaScript, and Chrome 92" in said
    assert "聊天无法在此运行" in said
    assert "Connect" not in said
    await old_tab.open(f"{host}/bubble?service={service.url}")
    await old_tab.click("button")
    await old_tab.until(sentences, said, is_framed=True)
