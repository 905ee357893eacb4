"""The figures as a table for people, and as JSON."""

from collections import Counter

from tests.bench.voice import figures
from tests.bench.voice.plans import CONDITIONS
from tests.bench.voice.timeline import STYLES

WORST = 10


def rows(outcomes):
    """A dictionary for each figure, by language and in all, with its verdict."""
    languages = sorted({outcome["language"] for outcome in outcomes})
    return [
        {
            "name": figure.name,
            "unit": figure.unit,
            "bar": figure.bar,
            **{language: figure.of(_of(outcomes, language=language)) for language in languages},
            "all": (value := figure.of(outcomes)),
            "is_met": None if figure.bar is None or value is None else value <= figure.bar,
        }
        for figure in figures.FIGURES
    ]


def table(outcomes):
    """Markdown."""
    languages = sorted({outcome["language"] for outcome in outcomes})
    lines = [f"| figure | {' | '.join(languages)} | all | bar | |", "| --- " * (len(languages) + 4) + "|"]
    for row in rows(outcomes):
        values = " | ".join(_number(row[column], row["unit"]) for column in (*languages, "all"))
        bar = "–" if row["bar"] is None else f"≤ {_number(row['bar'], row['unit'])}"
        verdict = {True: "met", False: "not met", None: ""}[row["is_met"]]
        lines.append(f"| {row['name']} | {values} | {bar} | {verdict} |")
    return "\n".join(lines)


def parts(outcomes):
    """Where it is quick and where it is slow, by room and by how recognition sets marks."""
    lines = ["| room | marks | utterances | to question, p50 | p90 | cut off | not word for word |", "| --- " * 7 + "|"]
    for condition in CONDITIONS:
        for style in STYLES:
            those = [each for each in _of(outcomes, condition=condition, item="utterance") if each["style"] == style]
            if not those:
                continue
            p50, p90 = (figures.percentile(map(figures.asked_at, those), share) for share in (0.5, 0.9))
            with_pause = figures.paused(those)
            cut = f"{sum(map(figures.is_cut_off, with_pause))} of {len(with_pause)}"
            wrong = str(sum(not figures.is_verbatim(each) for each in those))
            cells = (condition, style, str(len(those)), _number(p50, "ms"), _number(p90, "ms"), cut, wrong)
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def worst(outcomes):
    """The utterances that went worst, and why: wrong words, then cut off, then slow."""

    def badness(outcome):
        at = figures.asked_at(outcome)
        return (not figures.is_verbatim(outcome), figures.is_cut_off(outcome), 99_999 if at is None else at)

    ranked = sorted(figures.items(outcomes, "utterance"), key=badness, reverse=True)
    return "\n".join(_told(each) for each in ranked[:WORST])


def _told(outcome):
    why = []
    if not figures.is_verbatim(outcome):
        why.append("not word for word")
    if figures.is_cut_off(outcome):
        why.append("cut off")
    questions = " / ".join(f"{event['text']} ({event['at']:+.0f} ms)" for event in figures.asked(outcome)) or "nothing"
    where = f"{outcome['key']}, {outcome['condition']}, {outcome['style']}"
    said = f"Said: {_with_pauses(outcome)} Asked: {questions}. Heard: {outcome['heard']}"
    return f"- {where}: {', '.join(why) or 'slow'}. {said}"


def _with_pauses(outcome):
    lengths = ", ".join(f"{(ends - begins) / 1_000:.1f} s" for begins, ends in outcome["pauses"])
    return outcome["text"] + (f" (pauses of {lengths})" if lengths else "")


def counted(outcomes):
    """How many of each there were, for the line above the table."""
    counts = Counter(outcome["item"] for outcome in outcomes)
    failed = sum(bool(outcome.get("failed")) for outcome in outcomes)
    stalls = sum(outcome.get("stalls", 0) for outcome in outcomes)
    names = [f"{count} {name}s" for name, count in sorted(counts.items())]
    late = figures.percentile([outcome["late"]["page"] for outcome in outcomes], 0.5)
    again = sum(outcome["attempts"] - 1 for outcome in outcomes)
    left_out = sum(outcome["is_disturbed"] for outcome in outcomes)
    told = (
        f"{failed} that could not be begun",
        f"{stalls} recordings with gaps",
        f"pages up to {late:.0f} ms late (median)",
        f"{again} repeated and {left_out} left out, since the machine was too busy",
    )
    return " · ".join([*names, *told])


def _of(outcomes, **fields):
    return [outcome for outcome in outcomes if all(outcome[name] == value for name, value in fields.items())]


def _number(value, unit):
    if value is None:
        return "–"
    written = f"{value:,.0f}" if unit == "ms" or value == int(value) else f"{value:.1f}"
    return f"{written} {unit}".strip()
