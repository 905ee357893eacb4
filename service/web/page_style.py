"""The style sheet that an operator's settings make: an accent colour, and controls that are not there. No I/O."""

from service.page_settings import CONTROLS
from service.settings import Settings
from service.web.accent import style_sheet

SELECTORS = {
    "language": "#language",
    "theme": "#theme",
    "new": "#new",
    "display": "#display",
    "files": "#attach",
    "dictate": "#dictate",
    "call": ".start-call",
    "aloud": "#aloud",
    "voice": "#aloud + .icon",
    "copy": ".buttons > [data-control=copy]",
    "rate": ".buttons > [data-control=rate]",
    "listen": ".buttons > .voice",
    "again": ".buttons > .again",
    "edit": ".question > .edit",
    "more": "#more",
}
ELSEWHERE = {"keyboard", "suggestions"}
"""Without a keyboard composer.js and form.js are others; without suggestions the page is told of none."""


def page_style(settings: Settings) -> str:
    """Empty where nothing was set."""
    hidden = [SELECTORS[name] for name in CONTROLS if name not in settings.page_controls and name not in ELSEWHERE]
    rule = f"{','.join(hidden)}{{display:none!important}}\n" if hidden else ""
    return (style_sheet(settings.page_accent) if settings.page_accent else "") + rule
