"""What a token says of its user."""

import pytest

from service.admission.caller import Principal, UserLimits
from service.admission.claims import BadClaims, principal_of


def claims(**changes):
    return {"sub": "ana", "exp": 2_000_000_000, **changes}


def test_a_token_says_who_and_until_when():
    assert principal_of(claims(iss="https://login.example.com", aud=["chat"], name="Ana")) == Principal(
        "ana", 2_000_000_000.0
    )
    assert principal_of(claims(exp=2_000_000_000.5)).expires_at == 2_000_000_000.5


def test_it_may_set_inputs_and_limits():
    ours = {"inputs": {"ward": 7}, "questions_per_minute": 5, "answers_at_once": 0, "tokens_per_day": None}
    principal = principal_of(claims(dify_live=ours))
    assert (principal.inputs, principal.limits) == ({"ward": 7}, UserLimits(5, 0, None))


@pytest.mark.parametrize("sub", ["a", "x" * 255, "ana@example.com", "auth0|42", "Ана", "王 芳", "🦊"])
def test_any_printable_name_will_do(sub):
    assert principal_of(claims(sub=sub)).subject == sub


@pytest.mark.parametrize("sub", ["", " ", "x" * 256, "a\nb", "a\x00", "a\u202eb", "\ud800", "a\u2028b"])
def test_an_odd_name_is_refused(sub):
    with pytest.raises(BadClaims, match="`sub` is not 1 to 255 printable characters"):
        principal_of(claims(sub=sub))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sub": 7}, r"Expected `str`, got `int` - at `\$.sub`"),
        ({"sub": None}, r"\$.sub"),
        ({"sub": ["ana"]}, r"\$.sub"),
        ({"exp": "2000000000"}, r"\$.exp"),
        ({"exp": True}, r"\$.exp"),
        ({"exp": 10**400}, "too large"),
        ({"dify_live": None}, r"\$.dify_live"),
        ({"dify_live": []}, r"\$.dify_live"),
        ({"dify_live": {"inputs": []}}, r"\$.dify_live.inputs"),
        ({"dify_live": {"inputs": None}}, r"\$.dify_live.inputs"),
        ({"dify_live": {"questions_per_minute": -1}}, r">= 0"),
        ({"dify_live": {"questions_per_minute": 1.5}}, "Expected `int"),
        ({"dify_live": {"answers_at_once": "3"}}, "Expected `int"),
        ({"dify_live": {"answers_at_once": True}}, "Expected `int"),
        ({"dify_live": {"tokens_per_day": 10**30}}, r"\$.dify_live.tokens_per_day"),
        ({"dify_live": {"token_per_day": 3}}, "unknown field `token_per_day`"),
    ],
)
def test_malformed_claims_are_refused_in_words(changes, words):
    with pytest.raises(BadClaims, match=words):
        principal_of(claims(**changes))


@pytest.mark.parametrize("missing", ["sub", "exp"])
def test_without_name_or_end_it_is_no_token(missing):
    with pytest.raises(BadClaims, match=f"missing required field `{missing}`"):
        principal_of({name: value for name, value in claims().items() if name != missing})
