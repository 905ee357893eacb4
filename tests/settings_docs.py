"""The settings in README.md and env.sample. `python -m tests.settings_docs` writes both from the declarations."""

import re
import textwrap
from pathlib import Path

from service.settings import declarations

ROOT = Path(__file__).parents[1]
README, SAMPLE = ROOT / "README.md", ROOT / "env.sample"
_TABLE = re.compile(r"\| setting \| default \| meaning \|\n(?:\|.*\n)+")
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


def readme_table():
    rows = ["| setting | default | meaning |", "| --- | --- | --- |"]
    for field, setting in declarations():
        default = setting.shown_default
        if default and not setting.derived:
            value, _, unit = default.rpartition(" ") if setting.unit else (default, "", "")
            default = f"`{value}` {unit}".strip()
        rows.append(" | ".join((f"| `{field.name.upper()}`", default, f"{setting.meaning} |")).replace("|  |", "| |"))
    return "\n".join(rows) + "\n"


def readme():
    return _TABLE.sub(lambda _: readme_table(), README.read_text())


if __name__ == "__main__":
    SAMPLE.write_text(env_sample())
    README.write_text(readme())
