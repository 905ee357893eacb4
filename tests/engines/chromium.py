"""Chromium of any age, through playwright; without its locators, which are newer JavaScript than the oldest reads."""

from playwright.async_api import Error, async_playwright

from tests.engines.tab import ENTER, Tab
from tests.page.browser import OPTIONS


class Chromium(Tab):
    async def start(self):
        playwright = await self._exits.enter_async_context(async_playwright())
        options = [*OPTIONS, "--no-zygote"]  # the old ones come without that process's own program
        chromium = await playwright.chromium.launch(executable_path=self._executables[0], args=options)
        self._exits.push_async_callback(chromium.close)
        self.browser = f"Chromium {chromium.version}"
        self._page = await chromium.new_page(viewport={"width": 800, "height": 600})
        self._page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self._page.on("console", self._heard)

    def _heard(self, message):
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    async def open(self, url):
        await self._page.goto(url)

    async def evaluate(self, expression, *, is_framed):
        try:
            return await self._page.frames[is_framed].evaluate(expression)
        except Error as error:
            raise LookupError(str(error)) from error

    async def click_at(self, x, y):
        await self._page.mouse.click(x, y)

    async def type(self, text):
        await self._page.keyboard.insert_text(text.rstrip(ENTER))
        if text.endswith(ENTER):
            await self._page.keyboard.press("Enter")

    async def press_up(self):
        await self._page.keyboard.press("ArrowUp")
