"""What a person at a screen for many may be about when they leave it, and the app and browser that this takes."""

from playwright.async_api import expect

from tests import fake_dify
from tests.conftest import eventually
from tests.page.kiosk import SECRET
from tests.page.speech import DOUBLES, LISTENS, NO_RECOGNITION, SILENT, SPEAKS, button, hear, speak, until, writing
from tests.page.test_forms import form, pauses
from tests.page.test_voice import tone


async def done(screen, dify):
    dify.plays(fake_dify.say("Yes."))
    await screen.ask(SECRET)
    await expect(screen.answer("done")).to_be_visible()


async def streaming(screen, dify):
    dify.plays(fake_dify.until_stopped("Some ", "words"))
    await screen.ask(SECRET)
    await expect(screen.answer("streaming")).to_contain_text("Some words")


async def queued(screen, dify):
    await streaming(screen, dify)
    await screen.ask(f"{SECRET}, too")
    await expect(screen.chat.locator(".question[data-state=waiting]")).to_be_visible()


async def offline(screen, dify):
    await done(screen, dify)
    await screen.page.context.set_offline(True)
    await screen.page.evaluate("frames[0]?.dispatchEvent(new Event('offline'))")
    await screen.ask(f"{SECRET}, offline")


async def draft(screen, _):
    await screen.chat.locator("#question").fill(SECRET)


async def deciding(screen, dify):
    pauses(dify, SECRET)
    await screen.ask("May I?")
    await expect(screen.answer("paused")).to_be_visible()
    await form(screen.chat).get_by_label("comment").fill(SECRET)


async def in_a_dialog(screen, dify):
    await done(screen, dify)
    await screen.page.evaluate("frames[0].document.querySelector('#language').click()")
    await screen.page.evaluate("frames[0].document.body.append(document.createElement('dialog'))")


async def begun_anew(screen, dify):
    """Which could be undone on a page that one person has."""
    await done(screen, dify)
    await screen.chat.locator("#new").click()


# Listening


async def dictating(screen, dify):
    await button(screen.chat, "End call").click()
    await button(screen.chat, "Dictate").click()
    await hear(screen.frame, SECRET)
    await expect(screen.chat.locator("#question")).to_have_value(SECRET)


async def recording(screen, dify):
    await button(screen.chat, "End call").click()
    await button(screen.chat, "Dictate").click()
    await speak(screen.frame)


async def being_written_down(screen, dify):
    dify.app_api.scenes["audio-to-text"] = late(dify, fake_dify.writes_down(SECRET))
    await recording(screen, dify)
    await button(screen.chat, "Dictate").click()
    await eventually(lambda: dify.app_api.called("audio-to-text"))


async def recorded_offline(screen, dify):
    await recording(screen, dify)
    await screen.page.context.set_offline(True)
    await button(screen.chat, "Dictate").click()
    await expect(writing(screen.chat)).to_contain_text("What you said is kept.")


async def recorded_in_a_call(screen, dify):
    await screen.chat.locator("#call").wait_for()
    await screen.frame.evaluate("speech.volume(0.8)")
    await in_call(screen, "hearing")


# Calls


async def in_call(screen, state):
    await expect(screen.chat.locator(f"#call[data-state={state}]")).to_be_visible()


async def heard_in_a_call(screen, dify):
    await hear(screen.frame, SECRET)
    await in_call(screen, "hearing")


async def thinking_in_a_call(screen, dify):
    dify.plays(fake_dify.until_stopped("It"))  # too little to be spoken
    await hear(screen.frame, SECRET)
    await expect(screen.answer("streaming")).to_contain_text("It")
    await in_call(screen, "thinking")


async def spoken_in_a_call(screen, dify):
    dify.plays(fake_dify.until_stopped(f"It is {SECRET}. And"))
    await hear(screen.frame, SECRET)
    await in_call(screen, "speaking")
    await until(screen.frame, "speechSynthesis.speaking")


# Speaking


async def read_aloud(screen, dify, sounds="speechSynthesis.speaking"):
    await button(screen.chat, "End call").click()
    dify.plays(fake_dify.say(f"It is {SECRET}. It is there."))
    await screen.ask(SECRET)
    await until(screen.frame, sounds)


async def read_by_dify(screen, dify):
    dify.app_api.scenes["text-to-audio"] = fake_dify.raw(tone(20), content_type="audio/wav")
    await read_aloud(screen, dify, "sounding.size")


async def voice_on_its_way(screen, dify):
    dify.app_api.scenes["text-to-audio"] = late(dify, fake_dify.raw(tone(20), content_type="audio/wav"))
    await read_aloud(screen, dify, "true")
    await eventually(lambda: dify.app_api.called("text-to-audio"))


# On its way


def late(dify, scene):
    """When the person has left."""
    return fake_dify.think_until(dify.released, scene)


async def uploading(screen, dify):
    dify.app_api.may_read.clear()
    async with screen.page.expect_file_chooser() as chosen:  # the button is hidden there
        await screen.frame.evaluate("document.querySelector('#attach').click()")
    await (await chosen.value).set_files(
        [{"name": f"{SECRET}.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4"}]
    )
    await expect(screen.chat.locator("#files li")).to_contain_text("Uploading")
    await eventually(lambda: dify.app_api.uploads)


async def to_be_suggested(screen, dify):
    reply = f'{{"result": "success", "data": ["{SECRET}?"]}}'.encode()
    dify.app_api.scenes["suggested"] = late(dify, fake_dify.raw(reply, content_type="application/json"))
    await done(screen, dify)
    await eventually(lambda: dify.app_api.called("suggested"))


QUICK, SLOW, ALOUD = (
    f"localStorage.voice ??= JSON.stringify({choices});"
    for choices in ("{ pauseSeconds: 0.3 }", "{ pauseSeconds: 60 }", "{ isAloud: true }")
)
SPEECH = DOUBLES + "speech.endsBySelf = false;"
RECORDS = {"script": SPEECH + NO_RECOGNITION, "app": SILENT | LISTENS}
CALLS = {"script": SPEECH + QUICK, "app": SILENT}
DIFYS_VOICE = {"script": SPEECH + ALOUD, "app": SILENT | SPEAKS}
FILES = {"file_upload": {"enabled": True, "allowed_file_types": ["document"], "number_limits": 2}}
MOMENTS = [
    *((moment, {}) for moment in (done, streaming, queued, offline, draft, deciding, in_a_dialog, begun_anew)),
    (dictating, {"script": SPEECH, "app": SILENT}),
    *((moment, RECORDS) for moment in (recording, being_written_down, recorded_offline, recorded_in_a_call)),
    (heard_in_a_call, {"script": SPEECH + SLOW, "app": SILENT}),
    *((moment, CALLS) for moment in (thinking_in_a_call, spoken_in_a_call)),
    (read_aloud, {"script": SPEECH + ALOUD, "app": SILENT}),
    *((moment, DIFYS_VOICE) for moment in (read_by_dify, voice_on_its_way)),
    (uploading, {"app": FILES}),
    (to_be_suggested, {"app": {"suggested_questions_after_answer": {"enabled": True}}}),
]
"""Each with what `screen` takes."""
UNDER_WAY = [streaming, queued, thinking_in_a_call, spoken_in_a_call]
"""There Dify has to be stopped."""
