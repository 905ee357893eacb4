"""Markdown on the page: what is meant is shown, and nothing that an answer says ever runs or loads."""

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests import fake_dify
from tests.page import browser
from tests.page.browser import STATIC, accessible, ask, ends

HOSTILE = json.loads((Path(__file__).parents[1] / "data/hostile.json").read_text())
TREES = json.loads((Path(__file__).parents[1] / "data/markdown.json").read_text())
SAFE_ATTRIBUTES = {"href", "target", "rel", "class", "start", "tabindex", "role", "aria-label", "data-align", "type"}
SAFE_ATTRIBUTES |= {"title", "aria-hidden", "viewBox", "d", "data-say-text", "data-say-label", "dir", "translate"}
SAFE_ATTRIBUTES |= {"disabled", "checked", "value", "style", "data-size"}
# fmt: off
OUR_TAGS = {
    "p", "h2", "h3", "h4", "h5", "h6", "hr", "blockquote", "div", "ul", "ol", "li", "pre", "code", "a", "em",
    "strong", "del", "br", "span", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "button", "svg",
    "path", "sup", "small", "input",
}
# fmt: on

RENDER = """async ([text, step]) => {
  const { createMarkdownRenderer } = await import("/static/js/markdown-renderer.js");
  const target = document.createElement("div");
  document.getElementById("log").append(target);
  const markdown = createMarkdownRenderer(target);
  for (let end = step; step && end < text.length; end += step) markdown.render(text.slice(0, end));
  markdown.render(text);
  return target;
}"""
LOOK = f"""async (texts) => {{
  const seen = [];
  for (const text of texts) for (const step of [0, Math.ceil(text.length / 12)]) {{
    const nodes = [...(await ({RENDER})([text, step])).querySelectorAll("*")];
    seen.push({{
      text,
      tags: nodes.map((node) => node.localName),
      attributes: nodes.flatMap((node) => node.getAttributeNames()),
      styles: nodes.map((node) => node.getAttribute("style")).filter(Boolean),
      links: nodes.filter((node) => node.href).map((node) => node.getAttribute("href")),
    }});
  }}
  return seen;
}}"""
TREE = f"""async (args) => {{
  const tree = (node) => {{
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    const children = [...node.childNodes].filter((child) => !child.matches?.(".code-head")).map(tree);
    const name = node.localName + (node.getAttribute("start") ? `[${{node.getAttribute("start")}}]` : "");
    const address = node.getAttribute("href");
    return [address ? `${{name}}=${{address}}` : name, ...children];
  }};
  const target = await ({RENDER})(args);
  target.normalize();
  return [...target.childNodes].map(tree);
}}"""


@pytest.mark.smoke
async def test_hostile_text_runs_nothing_loads_nothing_and_leaves_no_attribute(with_dify, dify, visit):
    """`visit` fails where something runs: an alert, a message of the browser's policy, an error."""
    assert len(HOSTILE) >= 80
    dify.plays(fake_dify.say("\n\n".join(HOSTILE)))
    page = await visit(await with_dify())
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    for seen in await page.evaluate(LOOK, HOSTILE):
        assert set(seen["tags"]) <= OUR_TAGS, seen["text"]
        assert set(seen["attributes"]) <= SAFE_ATTRIBUTES, seen["text"]
        assert all(re.fullmatch(r"--digits: \d;", style) for style in seen["styles"]), seen["text"]
        assert all(link.startswith(("http://", "https://", "mailto:")) for link in seen["links"]), seen["text"]
    await ask(page, HOSTILE[0])
    await ends(page)
    await expect(page.locator(".message.question .text")).to_have_text(HOSTILE[0])
    assert requests == []
    assert await page.evaluate("typeof window.pwned") == "undefined"


@pytest.mark.smoke
async def test_markdown_becomes_what_it_means(start, visit):
    page = await visit(await start())
    for text, expected in TREES:
        assert await page.evaluate(TREE, [text, 0]) == expected, text


async def test_text_that_grows_ends_as_text_that_came_at_once(start, visit):
    page = await visit(await start())
    whole = "\n\n".join(text for text, _ in TREES)
    assert await page.evaluate(TREE, [whole, 5]) == await page.evaluate(TREE, [whole, 0])
    for text in [text for text, _ in TREES]:
        assert await page.evaluate(TREE, [text, 1]) == await page.evaluate(TREE, [text, 0]), text


async def test_what_did_not_change_is_not_drawn_again(start, visit):
    page = await visit(await start())
    before, after = "<think>a</think>\n- b\n  - **c** d", "<think>a</think>\n- b\n  - **c** d e\n- f"
    kept = """async ([before, after]) => {
      const { createMarkdownRenderer } = await import("/static/js/markdown-renderer.js");
      const target = document.createElement("div");
      const markdown = createMarkdownRenderer(target);
      const nodes = () => [...target.querySelectorAll("*")].flatMap((node) => [node, ...node.childNodes]);
      markdown.render(before);
      target.querySelector("details").open = true;
      const old = nodes();
      markdown.render(after);
      return old.every((node) => nodes().includes(node)) && target.querySelector("details").open && target.textContent;
    }"""
    assert await page.evaluate(kept, [before, after]) == "Thoughtsabc d ef"


async def test_thoughts_fold_away_and_code_can_be_copied(start, visit):
    page = await visit(await start(), permissions=["clipboard-read", "clipboard-write"])
    text = "<think>\nLet me *see*.\n</think>The answer.\n\n```py\nx = 1\ny = 2\n```"
    await page.evaluate(f"async (args) => {{ (await ({RENDER})(args)).className = 'prose' }}", [text, 4])
    await expect(page.get_by_text("Let me see.")).to_be_hidden()
    await page.get_by_text("Thoughts").click()
    await expect(page.get_by_text("Let me see.")).to_be_visible()
    await expect(page.get_by_text("The answer.")).to_be_visible()
    await expect(page.locator(".code-head")).to_have_text("py")
    await page.get_by_role("button", name="Copy the code").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == "x = 1\ny = 2"


# What Chromium's translator does to text: it puts nodes of its own in its place (here: capitals).
TRANSLATE = """(root) => {
  const texts = document.createNodeIterator(root, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let text; (text = texts.nextNode()); ) if (!text.parentNode.closest("font, [translate=no]")) found.push(text);
  for (const text of found) {
    const [outer, inner] = [document.createElement("font"), document.createElement("font")];
    inner.textContent = text.data.toUpperCase();
    outer.append(inner);
    text.replaceWith(outer);
  }
}"""
TRANSLATED = f"""async ([text, step]) => {{
  const translate = {TRANSLATE};
  const {{ createMarkdownRenderer }} = await import("/static/js/markdown-renderer.js");
  const target = document.createElement("div");
  const markdown = createMarkdownRenderer(target);
  const ways = [
    () => translate(target),
    () => {{ for (const node of target.querySelectorAll("font")) node.firstChild?.remove(); }},
    () => {{ for (const node of target.querySelectorAll("p, li")) node.firstChild?.remove(); }},
    () => target.firstChild?.remove(),
    () => target.lastChild?.remove(),
    () => {{ for (const node of target.querySelectorAll("p")) node.append(...node.childNodes, ""); }},
    () => {{ for (const node of target.querySelectorAll("strong")) node.replaceWith(node.textContent); }},
    () => target.append(document.createElement("font")),
  ];
  const seen = [];
  for (const way of ways) {{
    markdown.clear();
    for (let end = step; end < text.length; end += step) {{
      markdown.render(text.slice(0, end));
      if (way === ways[0] || end > text.length / 2) way();
    }}
    markdown.render(text, true);
    seen.push(target.textContent.toLowerCase());
  }}
  return seen;
}}"""


EVERYTHING = """### First
##### Second

Ends left.

مرحبا `code()` $x = 1$.

1. مرحبا

   > Quoted
2. Left

- [x] Take it
- [ ] **مرحبا**

| دواء | mg |
|---|---|
| Left | مرحبا |

Note[^1]

[^1]: Below"""
DIRECTIONS = """(nodes) => nodes.map((node) => [node.localName, getComputedStyle(node).direction])"""


async def test_each_block_has_the_direction_of_its_words_and_code_has_its_own(with_dify, dify, visit):
    dify.plays(fake_dify.say(EVERYTHING))
    page = await visit(await with_dify())
    await ask(page, "All of it")
    await ends(page)
    seen = await page.locator(".answer .text :is(p, li, blockquote, code, table, td)").evaluate_all(DIRECTIONS)
    assert [f"{name} {direction}" for name, direction in seen] == [
        *("p ltr", "p rtl", "code ltr", "code ltr", "li rtl", "p rtl", "blockquote ltr", "p ltr", "li ltr", "p ltr"),
        *("li ltr", "p ltr", "li rtl", "p rtl", "table rtl", "td ltr", "td rtl", "p ltr", "p ltr"),
    ]
    await expect(page.get_by_role("heading", name="First", level=2)).to_be_visible()
    await expect(page.get_by_role("heading", name="Second", level=3)).to_be_visible()
    await expect(page.get_by_role("checkbox", name="Done")).to_be_checked()
    await expect(page.get_by_role("checkbox", name="To do")).to_be_disabled()
    await accessible(page)


async def test_a_picture_is_loaded_when_it_is_asked_for(with_dify, dify, visit):
    text = "![A cat](https://pictures.example/cat.png) ![A dog](https://pictures.example/dog.png)"
    dify.plays(fake_dify.say(text))
    page = await visit(await with_dify())
    asked_for = []

    async def send(route):
        asked_for.append(route.request.url)
        body = (STATIC / "icon.svg").read_bytes() if "cat" in route.request.url else b"no picture"
        await route.fulfill(body=body, content_type="image/svg+xml")

    await page.route("https://pictures.example/*", send)
    await ask(page, "Show me")
    await ends(page)
    await page.get_by_role("link", name="A dog Show the picture").click()
    await expect(page.get_by_role("link", name="A dog The picture cannot be loaded.")).to_be_visible()
    assert asked_for == ["https://pictures.example/dog.png"]
    cat = page.get_by_role("link", name="A cat")
    await cat.press("Enter")
    await expect(page.get_by_role("link", name="A cat", exact=True)).to_be_visible()
    assert await cat.locator("img").evaluate("(image) => image.naturalWidth > 0 && image.clientWidth > 0")
    assert len(page.context.pages) == 1
    await accessible(page)


async def test_what_a_translator_replaces_or_takes_away_is_drawn_again(start, visit):
    page = await visit(await start())
    text = "one **two** three\n\n- four\n- five `six` seven\n\n| eight | nine |\n|---|---|\n| ten | eleven |\n\ntwelve"
    for step in (1, 3, 7):
        for way, seen in enumerate(await page.evaluate(TRANSLATED, [text, step])):
            words = re.findall("[a-z]+", text)
            assert seen.replace(" ", "") == "".join(words), (way, step)


async def test_a_page_that_the_browser_translates_shows_all_that_comes(with_dify, dify, visit):
    words = [f"Word {number} of a **longer** answer\n\n- with a list\n\n" for number in range(12)]
    dify.plays(fake_dify.say(*"".join(words), pause=0.001), fake_dify.say("And the next."))
    translate = f"""addEventListener("DOMContentLoaded", () => {{
      const log = document.getElementById("log");
      const translate = {TRANSLATE};
      new MutationObserver(() => translate(log)).observe(log, {{ childList: true, subtree: true }});
    }})"""
    page = await visit(await with_dify(), script=translate)
    await ask(page, "First")
    await ask(page, "Second")
    await expect(page.locator(".message.answer[data-state=done]")).to_have_count(2)
    first, second = [await text.inner_text() for text in await page.locator(".message.answer .text").all()]
    assert re.findall(r"\w+", first) == re.findall(r"\w+", "".join(words).upper())
    assert second == "AND THE NEXT."
    await expect(page.get_by_role("button", name="Send")).to_be_visible()


FAULTS = ["CharacterData.prototype.appendData", "Element.prototype.replaceWith", "Element.prototype.querySelector"]
FAULTS += ["Intl.DateTimeFormat", "Element.prototype.after"]
FAIL = """(name) => {
  const path = name.split(".");
  const member = path.pop();
  const owner = path.reduce((holder, step) => holder[step], window);
  window.mend?.();
  const before = owner[member];
  window.mend = () => { owner[member] = before; };
  owner[member] = function () { throw new Error("cannot be drawn"); };
}"""
HEAR = """() => {
  const heard = [];
  const hear = ({ type }) => (document.body.dataset.heard = heard.push(type));
  for (const name of ["turn:started", "turn:ended"]) document.addEventListener(name, hear);
}"""


async def test_whatever_fails_in_drawing_the_words_are_shown_and_the_next_question_is_asked(
    monkeypatch, with_dify, dify, visit
):
    monkeypatch.setattr(browser, "EXPECTED_NOISE", (*browser.EXPECTED_NOISE, "cannot be drawn"))
    text = "Take **5 mg**.\n\n- a\n- b\n\n```\nc\n```\n\n| d |\n|---|\n| e |\n\nThe end."
    dify.plays(*(fake_dify.say(*text), fake_dify.say("Again.")) * len(FAULTS))
    page = await visit(await with_dify())
    await page.evaluate(HEAR)
    for count, fault in enumerate(FAULTS, 1):
        await page.evaluate(FAIL, fault)
        await ask(page, "First")
        await ask(page, "Second")
        await expect(page.locator(f"body[data-heard='{4 * count}']")).to_be_attached()
        await expect(page.get_by_role("button", name="Send")).to_be_visible()
        if not fault.endswith("after"):
            texts = page.locator(".message.answer .text")
            await expect(texts.nth(-2)).to_contain_text("The end.")
            await expect(texts.last).to_have_text("Again.")
    assert [question["query"] for question in dify.questions] == ["First", "Second"] * len(FAULTS)
