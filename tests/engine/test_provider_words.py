"""Which words of a provider are taken: for us, from it, new, about somebody."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals_core.engine.provider_words import NotWelcome, Provider, Why, WordOver, read

ISSUER = "https://login.acme.example"
PROVIDER = Provider(ISSUER, "goals")
NOW = datetime(2026, 5, 20, 18, 0, tzinfo=UTC)
CLAIMS = {
    "iss": ISSUER,
    "aud": "goals",
    "sub": "person-1",
    "nonce": "n-1",
    "iat": int(NOW.timestamp()),
    "email": "Rep@Acme.example",
    "email_verified": True,
}

texts = st.text("ab@.\0 é\u017f", max_size=12)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=5,
)


def taken(**changes):
    claims = {k: v for k, v in (CLAIMS | changes).items() if v is not ...}
    return read(claims, PROVIDER, now=NOW)


def seconds(away: float) -> float:
    return NOW.timestamp() + away


def test_a_word_says_who_it_is_and_the_address_that_is_verified():
    word = taken()
    assert (word.issuer, word.subject) == (ISSUER, "person-1")
    assert (word.email, word.domain) == ("rep@acme.example", "acme.example")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"iss": ISSUER + "/"}, Why.ISSUER),
        ({"iss": "https://login.other.example"}, Why.ISSUER),
        ({"iss": ISSUER.upper()}, Why.ISSUER),
        ({"iss": [ISSUER]}, Why.ISSUER),
        ({"iss": ...}, Why.ISSUER),
        ({"aud": "another"}, Why.AUDIENCE),
        ({"aud": ["another", "third"]}, Why.AUDIENCE),
        ({"aud": ["goals", "another"]}, Why.AUDIENCE),  # for two, and nobody says who asked
        ({"aud": ["goals", "another"], "azp": "another"}, Why.AUDIENCE),
        ({"aud": "goals", "azp": "another"}, Why.AUDIENCE),
        ({"aud": {"goals": 1}}, Why.AUDIENCE),
        ({"aud": ...}, Why.AUDIENCE),
        ({"sub": ""}, Why.INCOMPLETE),
        ({"sub": 7}, Why.INCOMPLETE),
        ({"sub": "x" * 256}, Why.INCOMPLETE),
        ({"sub": "a\0b"}, Why.INCOMPLETE),
        ({"nonce": ...}, Why.INCOMPLETE),
        ({"nonce": ""}, Why.INCOMPLETE),
        ({"iat": ...}, Why.INCOMPLETE),
        ({"iat": True}, Why.INCOMPLETE),
        ({"iat": "1780000000"}, Why.INCOMPLETE),
        ({"iat": seconds(61)}, Why.FUTURE),
        ({"iat": float("inf")}, Why.FUTURE),
        ({"iat": float("nan")}, Why.FUTURE),
    ],
)
def test_what_is_not_for_us_or_names_nobody_is_not_taken(changes, why):
    with pytest.raises(NotWelcome) as refused:
        taken(**changes)
    assert refused.value.why is why
    assert str(refused.value) == NotWelcome.message  # which tells none of it


@pytest.mark.parametrize("age", [timedelta(minutes=10, seconds=1), timedelta(days=29)])
def test_a_word_is_over_after_ten_minutes(age):
    assert taken(iat=seconds(-600))
    with pytest.raises(WordOver):
        taken(iat=seconds(-age.total_seconds()))
    with pytest.raises(WordOver):
        taken(iat=-(10**400))


def test_clocks_may_differ_by_a_minute():
    assert taken(iat=seconds(60))


@pytest.mark.parametrize("audience", ["goals", ["goals"]])
def test_an_audience_may_stand_in_a_list(audience):
    assert taken(aud=audience).subject == "person-1"
    assert taken(aud=["goals", "another"], azp="goals").subject == "person-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": 1},
        {"email_verified": None},
        {"email_verified": ...},
        {"email": ...},
        {"email": ["rep@acme.example"]},
        {"email": "rep"},
        {"email": "rep@evil.example@acme.example"},
        {"email": "bo\u017fs@acme.example"},  # a long s, which casefold would make an s
        {"email": "rep@stra\u00dfe.example"},
        {"email": "rep@acme.example\n"},
        {"email": "x" * 255 + "@acme.example"},
    ],
)
def test_an_address_counts_only_if_it_is_verified_and_plain(changes):
    word = taken(**changes)
    assert (word.email, word.domain) == (None, "")


@pytest.mark.parametrize(
    ("claims", "email"),
    [
        ({"email": "ann@gmail.com"}, "ann@gmail.com"),
        ({"email": "ann@acme.example", "hd": "acme.example"}, "ann@acme.example"),
        ({"email": "ann@acme.example", "hd": "other.example"}, None),
        ({"email": "ann@acme.example"}, None),
    ],
)
def test_googles_word_on_others_domains_counts_only_of_a_workspace(claims, email):
    google = Provider("https://accounts.google.com", "goals")
    given = CLAIMS | {"iss": google.issuer} | claims
    assert read(given, google, now=NOW).email == email


@pytest.mark.parametrize("claim", ["sub", "nonce", "iat", "jti", "at_hash"])
def test_each_sign_in_has_a_digest_of_its_own(claim):
    other = seconds(-1) if claim == "iat" else "another"
    assert taken(**{claim: other}).sha256 != taken().sha256
    assert taken(email="x@acme.example", name="Other").sha256 == taken().sha256


@given(st.dictionaries(st.sampled_from([*CLAIMS, "azp", "hd", "jti"]), anything))
def test_whatever_claims_say_they_are_read_or_refused(changes):
    try:
        word = read(CLAIMS | changes, PROVIDER, now=NOW)
    except (NotWelcome, WordOver):
        return
    assert word.issuer == ISSUER
    assert 0 < len(word.subject) <= 255
    assert word.email is None or (CLAIMS | changes)["email_verified"] is True
