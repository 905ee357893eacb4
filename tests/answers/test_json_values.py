"""Values in JSON that others write: of the type that is wanted, or none."""

from uuid import UUID

import pytest

from service.answers.json_values import as_list, as_object, as_uuid, objects_in, positive_int, texts_in

ODD = (None, 5, "text", True)
NUMBER = UUID("1594a940-2fb9-4689-bb0d-fa414ad8809f")


def test_what_is_of_another_type_is_empty():
    assert [as_list(value) for value in (*ODD, {})] == [[]] * 5
    assert [as_object(value) for value in (*ODD, [])] == [{}] * 5
    assert (as_list([5]), as_object({"a": 5})) == ([5], {"a": 5})


def test_of_a_list_what_is_of_the_type_is_taken():
    mixed = ["a", {"b": 1}, None, 5, ["c"], "", {}]
    assert (texts_in(mixed), objects_in(mixed)) == (["a", ""], [{"b": 1}, {}])
    assert (texts_in("abc"), objects_in({"a": {}})) == ([], [])


@pytest.mark.parametrize(
    ("value", "number"),
    [(5, 5), ("5", 5), (1, 1), (0, 9), (-1, 9), ("x", 9), ("1.5", 9), (1e999, 9), ([5], 9), ({"a": 1}, 9), (None, 9)],
)
def test_what_is_no_number_above_zero_is_the_default(value, number):
    assert positive_int(value, 9) == number


def test_a_uuid_comes_in_any_of_its_forms():
    assert as_uuid(str(NUMBER).upper()) == as_uuid(f"urn:uuid:{NUMBER}") == NUMBER
    assert [as_uuid(it) for it in ("", "f", None, 5, [str(NUMBER)], "x" * 1_000_000)] == [None] * 6
