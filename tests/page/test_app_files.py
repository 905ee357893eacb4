"""Files that an app makes: in its answer on the page, and in a call."""

from playwright.async_api import expect

from service.answers.mock.image import WIDTH, png
from tests.page.browser import accessible, answer, ask, ends
from tests.page.speech import button, hear, until_said

NAMED = "Here: ![a chart](/files/tools/chart.png?sign=1) and [the report](/files/tools/report.pdf?sign=2)."


def makes(dify, text, *files):
    """The files that no text names come by events."""
    content = {"png": ("image/png", png()), "pdf": ("application/pdf", b"%PDF-1.4")}
    for name in ("chart.png", "report.pdf", "map.png"):
        dify.files[f"/files/tools/{name}"] = content[name[-3:]]

    async def scene(stage):
        await stage.open()
        for kind, name in files:
            url = f"/files/tools/{name}?sign=3"
            await stage.event("message_file", id=name, type=kind, belongs_to="assistant", url=url, filename=name)
        await stage.event("message", answer=text[:20])
        await stage.event("message", answer=text[20:])
        await stage.end()

    dify.plays(scene)


async def test_files_are_shown_where_the_answer_names_them_or_below_it(with_dify, dify, visit):
    makes(dify, NAMED, ("image", "map.png"), ("document", "report.pdf"))
    page = await visit(await with_dify(), viewport={"width": 320, "height": 720})
    await ask(page, "Draw")
    await ends(page)
    text, below = answer(page).locator(".text"), answer(page).locator(".files li")
    await expect(text).to_have_text("Here: a chart Show the picture and the report.")
    await expect(below).to_have_text(["map.png Show the picture"])
    await accessible(page, "files")
    assert dify.file_requests == []
    for place in (text, below):
        await place.get_by_role("link", name="Show the picture").click()
        await expect(place.get_by_text("Show the picture")).to_have_count(0)
        assert await place.locator("img").evaluate("(image) => image.naturalWidth") == WIDTH
    await accessible(page, "pictures")
    report = text.get_by_role("link", name="the report")
    reply = await page.request.get(await report.get_attribute("href"))
    assert (await reply.body(), reply.headers["content-disposition"][:10]) == (b"%PDF-1.4", "attachment")
    await page.reload()
    await expect(text.get_by_role("link", name="the report")).to_be_visible()
    await expect(below).to_have_count(1)


async def test_a_file_is_said_in_a_call(meet, dify):
    makes(dify, "As you wish.", ("document", "report.pdf"))
    page = await meet(settings={"pauseSeconds": 0.3})
    await button(page, "Call").click()
    await hear(page, "write a report")
    await until_said(page, "As you wish.", "There is a file: report.pdf.")
    await expect(page.locator("#call .hint")).to_have_text("There is a file: report.pdf.")
