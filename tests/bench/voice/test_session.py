"""A call in Chromium: when the page hears what is said, and what is told of it."""

import pytest

from tests.bench.voice import espeak, session
from tests.page.browser import CHROMIUM

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(200)]
PLAN = {"language": "en", "condition": "room"}
ARRIVALS = """async (count) => {
  const context = new AudioContext();
  const source = context.createMediaStreamSource(await navigator.mediaDevices.getUserMedia({ audio: true }));
  const node = context.createScriptProcessor(256, 1, 1);
  window.arrival = null;
  node.onaudioprocess = ({ inputBuffer }) => {
    if (inputBuffer.getChannelData(0).some((sample) => Math.abs(sample) > 0.02)) window.arrival ??= performance.now();
  };
  source.connect(node);
  node.connect(context.destination);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const late = [];
  for (let each = 0; each < count; each++) {
    window.arrival = null;
    const { at } = bench.say("beep");
    await new Promise((resolve) => setTimeout(resolve, 700));
    if (window.arrival) late.push(window.arrival - at);
  }
  return late;
}"""


@pytest.fixture(autouse=True)
def needs_a_voice():
    try:
        espeak.library()
    except espeak.Missing:
        pytest.skip("no espeak-ng on this machine")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")


async def test_the_page_hears_what_is_said_when_the_bench_says():
    async with session.opened(PLAN) as (call, errors):
        await call.load("beep", session.sounds.hum(0.2))
        late = sorted(await call.page.evaluate(ARRIVALS, 15))
    assert errors == []
    assert late[0] > 0, late
    assert late[len(late) // 2] < 40, late  # of it 20 to the page, and in its buffers
