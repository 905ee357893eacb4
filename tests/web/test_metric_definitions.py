"""What /metrics tells, as it is declared."""

from service.web.metric_definitions import DEFINITIONS, NAMED


def test_each_has_a_name_of_its_own_and_a_sentence():
    assert len(NAMED) == len(DEFINITIONS)
    assert [it.name for it in DEFINITIONS if not it.meaning.endswith(".") or not it.unit] == []


def test_a_counter_is_shown_as_its_samples_are_named():
    assert (NAMED["turns"].shown_name, NAMED["connections"].shown_name) == ("turns_total", "connections")
    assert NAMED["turns"].full_name == "dify_live_turns"


def test_a_histogram_has_buckets_in_order_and_nothing_else_has_any():
    for it in DEFINITIONS:
        assert (it.type == "histogram") is bool(it.buckets)
        assert list(it.buckets) == sorted(set(it.buckets))
