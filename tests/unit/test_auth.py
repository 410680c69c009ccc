"""From tokens to identities and back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.protocol.json_values import VALUES
from tests.unit.tokens import CLAIMS, NOW, SECRET, outcome, outcome_of, signed
from trio_signal.auth import TokenPolicy, bearer_token, mint_token, verify_token
from trio_signal.domain.identity import Identity, Role
from trio_signal.domain.ids import UserId


def test_a_good_token_is_an_identity() -> None:
    """With everything it says."""
    claims = {"role": "moderator", "email": "a@b", "rooms": ["team-*"]}
    assert outcome_of(claims) == Identity(7, "ann", Role.MODERATOR, "a@b", NOW + 60, ("team-*",))


@pytest.mark.parametrize(
    ("claims", "user_id", "username"),
    [
        ({"userId": 7}, 7, "ann"),
        ({"userId": "u-7"}, "u-7", "ann"),
        ({"userId": "7"}, "7", "ann"),
        ({"userId": 0}, 0, "ann"),
        ({"userId": -(2**53)}, -(2**53), "ann"),
        ({"userId": "x" * 200}, "x" * 200, "ann"),
        ({"userId": None, "sub": "s"}, "s", "ann"),
        ({"userId": None, "sub": 5}, 5, "ann"),
        ({"userId": 7, "sub": "other"}, 7, "ann"),
        ({"userId": 7, "sub": 9}, 7, "ann"),
        ({"username": None, "name": "Ann L"}, 7, "Ann L"),
        ({"name": "Ann L"}, 7, "ann"),
        ({"username": None}, 7, "7"),
        ({"username": "x" * 100}, 7, "x" * 100),
        ({"jti": 5, "iat": "then", "more": [1]}, 7, "ann"),
    ],
)
def test_who_the_token_names(claims: dict[str, Any], user_id: UserId, username: str) -> None:
    """`userId` before `sub`, `username` before `name`; integers and strings apart."""
    found = outcome_of(claims)
    assert isinstance(found, Identity)
    assert (found.user_id, found.username) == (user_id, username)
    assert type(found.user_id) is type(user_id)


@pytest.mark.parametrize(
    "claims",
    [
        *[{"userId": value} for value in (None, True, 1.5, [], {}, "", "x" * 201, 2**53 + 1, "\ud800")],
        *[{"username": value} for value in (5, "", "x" * 101, [], False, "a\ud800")],
        *[{"role": value} for value in ("root", "", "ADMIN", 1, [], {}, ["admin"], True)],
        *[{"rooms": value} for value in ("team-*", {}, [1], [None], ["a"] * 101, True)],
        *[{"email": value} for value in (1, [], "\ud800")],
        *[{"exp": value} for value in (None, "soon", True, [], -1, 2**53 + 1, 1e300)],
        *[{"nbf": value} for value in ("now", True, [], NOW + 6, 1e300)],
    ],
)
def test_a_claim_of_the_wrong_kind_is_refused(claims: dict[str, Any]) -> None:
    """However well the token is signed."""
    assert outcome_of(claims) == "AUTH_ERROR"


@pytest.mark.parametrize(("left_s", "expected"), [(0.001, None), (0, "TOKEN_EXPIRED"), (-0.001, "TOKEN_EXPIRED")])
def test_expiry_is_taken_at_its_word(left_s: float, expected: str | None) -> None:
    """At the very second it is over."""
    found = outcome(signed(CLAIMS | {"exp": NOW}), NOW - left_s)
    assert found == expected if expected else isinstance(found, Identity)


def test_the_time_over_is_said_only_of_a_token_that_is_good_otherwise() -> None:
    """Or anybody could learn something by it."""
    assert outcome(signed(CLAIMS | {"exp": 1}, secret="x" * 64)) == "AUTH_ERROR"
    assert outcome_of({"exp": 1, "iss": "other"}, issuer="us") == "AUTH_ERROR"
    assert outcome_of({"exp": 1, "role": "root"}) == "AUTH_ERROR"


@pytest.mark.parametrize(("not_before", "good"), [(NOW - 1, True), (NOW + 5, True), (NOW + 5.1, False)])
def test_clocks_may_differ_by_five_seconds(not_before: float, good: bool) -> None:
    """For `nbf`; a token made just now by another machine counts."""
    assert isinstance(outcome_of({"nbf": not_before}), Identity) is good


@pytest.mark.parametrize(
    ("claims", "good"),
    [
        ({"iss": "us", "aud": "here"}, True),
        ({"iss": "us", "aud": ["there", "here"]}, True),
        ({"iss": "us"}, False),
        ({"aud": "here"}, False),
        ({"iss": "them", "aud": "here"}, False),
        ({"iss": "us", "aud": "there"}, False),
        ({"iss": ["us"], "aud": "here"}, False),
        ({"iss": "us", "aud": {"here": 1}}, False),
        ({"iss": "us", "aud": []}, False),
    ],
)
def test_issuer_and_audience_are_checked_where_configured(claims: dict[str, Any], good: bool) -> None:
    """Both."""
    assert isinstance(outcome_of(claims, issuer="us", audience="here"), Identity) is good


def test_issuer_and_audience_are_nothing_where_not_configured() -> None:
    """A token may say what it likes."""
    assert isinstance(outcome_of({"iss": "anyone", "aud": "anything"}), Identity)


@pytest.mark.parametrize(
    "token",
    [
        signed(CLAIMS, secret="another secret of sixty-four bytes, so that no length is wrong .."),
        signed(CLAIMS)[:-2],
        signed(CLAIMS).rpartition(".")[0] + ".",
        signed(CLAIMS).rpartition(".")[0],
        signed(CLAIMS, alg="HS512"),
        signed(CLAIMS, alg="HS256", header=b'{"alg":"HS512"}'),
        signed(CLAIMS, header=b'{"alg":"none"}'),
        signed(CLAIMS, header=b'{"alg":"none"}').rpartition(".")[0] + ".",
        signed(CLAIMS, header=b'{"alg":"RS256"}'),
        signed(CLAIMS, header=b'{"alg":"hs256"}'),
        signed(CLAIMS, header=b'{"alg":["HS256"]}'),
        signed(CLAIMS, header=b'{"alg":null}'),
        signed(CLAIMS, header=b"{}"),
        signed(CLAIMS, header=b"[]"),
        signed(CLAIMS, header=b"[" * 50_000),
        signed(CLAIMS, header=b'{"alg":"HS256","crit":["x"]}'),
        signed(CLAIMS, header=b'{"alg":"HS256","b64":false}'),
        signed(b"[1]"),
        signed(b"null"),
        signed(b"not JSON"),
        signed(b"\xff"),
        signed(b'{"userId":1,"exp":NaN}'),
        signed(b'{"userId":1,"exp":Infinity}'),
        signed(b'{"userId":' + b"9" * 5000 + b',"exp":2000000000}'),
        signed(b'{"userId":1,"x":' + b"[" * 50_000 + b"]" * 50_000 + b',"exp":2000000000}'),
        *["", ".", "..", "...", "a.b.c", "é.é.é", "\x00", "\ud800", "x" * 100_000],
    ],
    ids=lambda token: ascii(token[:24]),
)
def test_a_bad_token_is_refused(token: str) -> None:
    """Badly signed, by another algorithm, by none, or no token at all."""
    assert outcome(token) == "AUTH_ERROR"


@pytest.mark.parametrize("algorithms", [("HS256",), ("HS512", "HS384")])
@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_algorithms_are_those_of_the_configuration(alg: str, algorithms: tuple[str, ...]) -> None:
    """Never the token's own word."""
    found = outcome(signed(CLAIMS, alg=alg), algorithms=algorithms)
    assert isinstance(found, Identity) is (alg in algorithms)


@given(
    claims=st.dictionaries(
        st.sampled_from(
            ["userId", "sub", "username", "name", "role", "rooms", "email", "exp", "nbf", "iat", "iss", "aud", "jti"]
        ),
        VALUES | st.just(NOW + 9) | st.just("admin"),
    )
)
def test_no_claims_make_it_raise(claims: dict[str, Any]) -> None:
    """Whoever signs tokens may be careless; what passes is what the rest of the server counts on."""
    for policy in ({}, {"issuer": "us", "audience": "here"}):
        found = outcome(signed(CLAIMS | claims), **policy)
        if isinstance(found, Identity):
            assert type(found.user_id) in (int, str)
            assert 1 <= len(found.username.encode().decode()) <= 100
            assert NOW < found.expires_at < 2**54
        else:
            assert found in {"AUTH_ERROR", "TOKEN_EXPIRED"}


@given(token=st.text(st.characters(codec="latin-1")) | st.binary().map(signed))
def test_no_text_makes_it_raise(token: str) -> None:
    """It comes from anybody."""
    outcome(token)


@pytest.mark.parametrize(
    "policy",
    [TokenPolicy(SECRET), TokenPolicy(SECRET, ("HS512", "HS256")), TokenPolicy(SECRET, issuer="us", audience="here")],
)
@pytest.mark.parametrize("user_id", [7, "u-7"])
def test_a_minted_token_is_a_good_one(policy: TokenPolicy, user_id: UserId) -> None:
    """What goes in comes out."""
    token, expires_at = mint_token(
        policy, user_id=user_id, username="ann", role=Role.ADMIN, now=NOW + 0.5, ttl_s=60, email="a@b", rooms=("x",)
    )
    assert expires_at == NOW + 60
    assert verify_token(token, policy, NOW) == Identity(user_id, "ann", Role.ADMIN, "a@b", NOW + 60, ("x",))


def test_the_secret_is_in_no_repr() -> None:
    """Reprs end in logs."""
    assert SECRET not in repr(TokenPolicy(SECRET))


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer a.b-c_~+/==", "a.b-c_~+/=="),
        ("BEARER  abc  ", "abc"),
        ("Bearer", None),
        ("Bearer ", None),
        ("Basic abc", None),
        ("abc", None),
        ("Bearer a b", None),
        ("Bearer a,b", None),
        ("", None),
        ("Bearer é", None),
        ("Bearerabc", None),
    ],
)
def test_a_bearer_header_holds_one_token(header: str, token: str | None) -> None:
    """RFC 6750 section 2.1; the scheme in any case (RFC 9110 section 11.1)."""
    assert bearer_token(header) == token


def test_what_a_token_does_not_say_is_left_out() -> None:
    """Every room, no address."""
    token, _ = mint_token(TokenPolicy(SECRET), user_id=7, username="ann", role=Role.USER, now=NOW, ttl_s=60)
    assert outcome(token) == Identity(7, "ann", Role.USER, None, NOW + 60, None)
