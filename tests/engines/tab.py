"""A tab of a browser, whichever: what the story needs of it, and what is the same for all."""

import asyncio
import json
from abc import ABC, abstractmethod
from contextlib import AsyncExitStack, suppress

ENTER, UP = "\ue007", "\ue013"  # WebDriver's names of the keys
PATIENCE_SECONDS = 20
# For expressions. `deep` finds a node in the page, or in the shadow tree of one of its parts, as the bubble's.
DEEP = """
  const all = (selector) => [...document.querySelectorAll(selector)];
  const deep = (selector) => document.querySelector(selector)
    ?? [...(document.body?.children ?? [])].map((part) => part.shadowRoot?.querySelector(selector)).find(Boolean);
  const middle = (selector) => {
    const { x, y, width, height } = deep(selector).getBoundingClientRect();
    return [x + width / 2, y + height / 2];
  };
"""


class Tab(ABC):
    """`browser` is a name and a version; `complaints` are the console's warnings and errors, the uncaught ones, too.

    With `is_framed` a method means the page in the first frame, and the page itself without.
    """

    has_console = True  # it tells what is said there

    def __init__(self, *executables):
        self.browser = ""
        self.complaints = []
        self._executables = executables
        self._exits = AsyncExitStack()  # what was started, to be ended

    @abstractmethod
    async def start(self): ...

    @abstractmethod
    async def open(self, url): ...

    @abstractmethod
    async def evaluate(self, expression, *, is_framed):
        """The value of an expression, which is a string. LookupError while there is no page to ask."""

    @abstractmethod
    async def click_at(self, x, y): ...

    @abstractmethod
    async def type(self, text):
        """It goes where the focus is. ENTER may come last."""

    async def press_up(self):
        await self.type(UP)

    async def close(self):
        await self._exits.aclose()

    async def launch(self, *command, **options):
        """A process that ends with the tab."""
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL, **options)
        self._exits.push_async_callback(process.communicate)
        self._exits.callback(_terminate, process)
        return process

    async def run(self, expression, *, is_framed=False):
        wrapped = f"(() => {{ {DEEP} return JSON.stringify(({expression}) ?? null); }})()"
        return json.loads(await self.evaluate(wrapped, is_framed=is_framed))

    async def until(self, expression, expected=True, *, is_framed=False):
        """Wait until the expression has this value."""
        value = None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while value != expected:
                    await asyncio.sleep(0.02)
                    with suppress(LookupError):
                        value = await self.run(expression, is_framed=is_framed)
        except TimeoutError:
            raise AssertionError(f"{self.browser}: {expression} is {value!r}, not {expected!r}") from None

    async def click(self, selector, *, is_framed=False):
        x, y = await self.run(f"middle({json.dumps(selector)})", is_framed=is_framed)
        if is_framed:
            left, top = await self.run("(({ x, y }) => [x, y])(deep('iframe').getBoundingClientRect())")
            x, y = x + left, y + top
        await self.click_at(round(x), round(y))


def _terminate(process):
    with suppress(ProcessLookupError):
        process.terminate()


def clicking(x, y):
    """WebDriver's actions, of either kind of its protocol."""
    presses = [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
    steps = [{"type": "pointerMove", "x": x, "y": y}, *presses]
    return [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": steps}]


def typing(text):
    steps = [{"type": kind, "value": character} for character in text for kind in ("keyDown", "keyUp")]
    return [{"type": "key", "id": "keyboard", "actions": steps}]
