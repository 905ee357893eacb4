"""Markdown on the page: what is meant is shown, and nothing that an answer says ever runs or loads."""

import json
from pathlib import Path

from playwright.async_api import expect

from tests import fake_dify
from tests.browser import ask, ends

HOSTILE = json.loads((Path(__file__).parent / "data/hostile.json").read_text())
TREES = json.loads((Path(__file__).parent / "data/markdown.json").read_text())
SAFE_ATTRIBUTES = {"href", "target", "rel", "class", "start", "tabindex", "role", "aria-label", "data-align", "type"}
SAFE_ATTRIBUTES |= {"title", "aria-hidden", "viewBox", "d", "data-say-text", "data-say-label"}
# fmt: off
OUR_TAGS = {
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "blockquote", "div", "ul", "ol", "li", "pre", "code", "a", "em",
    "strong", "del", "br", "span", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "button", "svg",
    "path",
}
# fmt: on

RENDER = """async ([text, step]) => {
  const { growingMarkdown } = await import("/static/js/nodes.js");
  const target = document.createElement("div");
  document.getElementById("log").append(target);
  const markdown = growingMarkdown(target);
  for (let end = step; step && end < text.length; end += step) markdown.show(text.slice(0, end));
  markdown.show(text);
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
        assert all(link.startswith(("http://", "https://", "mailto:")) for link in seen["links"]), seen["text"]
    await ask(page, HOSTILE[0])
    await ends(page)
    await expect(page.locator(".message.question .text")).to_have_text(HOSTILE[0])
    assert requests == []
    assert await page.evaluate("typeof window.pwned") == "undefined"


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
      const { growingMarkdown } = await import("/static/js/nodes.js");
      const target = document.createElement("div");
      const markdown = growingMarkdown(target);
      const nodes = () => [...target.querySelectorAll("*")].flatMap((node) => [node, ...node.childNodes]);
      markdown.show(before);
      target.querySelector("details").open = true;
      const old = nodes();
      markdown.show(after);
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
