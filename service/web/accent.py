"""The page's colours from one that an operator chose, by WCAG 2.2's contrast ratio. No I/O.

Words of the accent's hue reach 4.5 to 1 (AA) on each ground of the page, light and dark; what lies on the accent
itself is black or white, of which one always does.
"""

AA = 4.5
_STEPS = 100
_LINEAR_BELOW, _GAMMA = 0.04045, 2.4  # sRGB, IEC 61966-2-1

Rgb = tuple[int, int, int]
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
_GROUNDS = {
    "light": ((247, 249, 250), (255, 255, 255), (238, 242, 244)),
    "dark": ((17, 23, 27), (26, 34, 39), (32, 42, 48)),
}
"""--page, --surface and --code of chat.css."""
_TINT = {"light": 0.12, "dark": 0.24}
"""How much of the accent is in --tint."""


def contrast(one: Rgb, other: Rgb) -> float:
    """From 1 to 21 (WCAG 2.2, contrast ratio)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Rgb) -> float:
    red, green, blue = (_linear(channel / 255) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= _LINEAR_BELOW else ((channel + 0.055) / 1.055) ** _GAMMA


def mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    """So much of `one`, and the rest of `other`."""
    red, green, blue = (round(mine * share + its * (1 - share)) for mine, its in zip(one, other, strict=True))
    return red, green, blue


def palette(accent: str, theme: str) -> dict[str, str]:
    """Custom properties of chat.css for `theme`, "light" or "dark"; `accent` is #rrggbb."""
    colour = _rgb(accent)
    ink = max(_BLACK, _WHITE, key=lambda ink: contrast(ink, colour))
    away = _BLACK if theme == "light" else _WHITE
    tint = mix(colour, _GROUNDS[theme][1], _TINT[theme])
    words = _legible(colour, away, (*_GROUNDS[theme], tint))
    pressed = mix(colour, _WHITE if ink == _BLACK else _BLACK, 0.8)
    colours = {
        "accent": words,
        "accent-strong": mix(words, away, 0.75),
        "fill": colour,
        "fill-strong": pressed,
        "on-accent": ink,
        "tint": tint,
    }
    return {f"--{name}": _hex(value) for name, value in colours.items()}


def _legible(colour: Rgb, away: Rgb, grounds: tuple[Rgb, ...]) -> Rgb:
    """The nearest to it, towards black or white, that can be read on all of them."""
    for step in range(_STEPS + 1):
        nearer = mix(away, colour, step / _STEPS)
        if all(contrast(nearer, ground) >= AA for ground in grounds):
            return nearer
    return away


def style_sheet(accent: str) -> str:
    """Rules that follow chat.css's own; dark colours are for the screen alone, as there."""
    light, dark = (
        "".join(f"{name}:{value};" for name, value in palette(accent, theme).items()) for theme in ("light", "dark")
    )
    return f":root{{{light}}}\n@media screen{{[data-theme=dark]{{{dark}}}}}\n"


def _rgb(colour: str) -> Rgb:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def _hex(colour: Rgb) -> str:
    return f"#{bytes(colour).hex()}"
