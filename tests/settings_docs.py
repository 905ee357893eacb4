"""env.sample, as `python -m tests.settings_docs` writes it from the declarations."""

import textwrap
from pathlib import Path

from service.settings import declarations

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "env.sample"
_HEAD = """\
# Settings. Copy this file to .env and change what you need; what stands here as it is, is the default.
# The environment wins over the file. Durations are seconds, fractions allowed. A bad value is refused at start.
"""


def env_sample():
    blocks = [_HEAD]
    for field, setting in declarations():
        if setting.section:
            blocks.append(f"\n# --- {setting.section} ".ljust(113, "-") + "\n")
        meaning = setting.meaning if setting.unit in {"", "s"} else f"{setting.meaning[:-1]}, in {setting.unit}."
        comment = textwrap.fill(meaning, 118, initial_indent="# ", subsequent_indent="# ")
        value = "" if setting.default == () else setting.default
        line = f"# {field.name.upper()}=" if setting.derived else f"{field.name.upper()}={value}"
        blocks.append(f"{comment}\n{line}\n")
    return "".join(blocks)


if __name__ == "__main__":
    SAMPLE.write_text(env_sample())
