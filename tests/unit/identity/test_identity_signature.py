"""The compact form of tokens: the same for us and for PyJWT, and with one spelling only."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwt import PyJWK
from tests.unit.identity.key_server import PRIVATE_KEYS, public_jwk, sign

from coursewire.identity.signature import sign_with_secret, take_apart

SECRET = b"a-secret-for-tests-that-is-long-enough"
CLAIMS: dict[str, Any] = {"sub": "ada", "name": "Zo\u00eb \U0001f469"}

_texts = st.text(st.characters(codec="utf-8"))
_claims = st.dictionaries(
    _texts, _texts | st.integers(-(2**53), 2**53) | st.booleans() | st.none(), max_size=5
)


@given(_claims)
def test_what_we_sign_pyjwt_accepts_and_the_other_way_round(claims: dict[str, Any]) -> None:
    ours = sign_with_secret(claims, SECRET)
    assert json.loads(jwt.PyJWS().decode(ours, SECRET, algorithms=["HS256"])) == claims
    theirs = jwt.PyJWS().encode(json.dumps(claims).encode(), SECRET, algorithm="HS256")
    assert take_apart(theirs).is_signed_with_secret(SECRET)
    assert take_apart(theirs).claims() == take_apart(ours).claims() == claims


@pytest.mark.parametrize("algorithm", sorted(PRIVATE_KEYS))
def test_keys_of_each_kind(algorithm: str) -> None:
    parts = take_apart(sign(CLAIMS, algorithm, "k"))
    assert parts.is_signed_with_key(PyJWK(public_jwk(algorithm, "k")))
    changed = parts._replace(signed=parts.signed + b"x")
    assert not changed.is_signed_with_key(PyJWK(public_jwk(algorithm, "k")))
    others = set(PRIVATE_KEYS) - {algorithm}
    assert not any(parts.is_signed_with_key(PyJWK(public_jwk(other, "k"))) for other in others)
    assert not parts.is_signed_with_secret(SECRET)


@given(st.integers(min_value=0), st.sampled_from("Ab-_0"))
def test_a_changed_character_breaks_a_token(place: int, other: str) -> None:
    token = sign_with_secret(CLAIMS, SECRET)
    # The last character carries two bits that are not of the signature.
    place %= len(token) - 1
    if token[place] in {other, "."}:
        return
    changed = token[:place] + other + token[place + 1 :]
    try:
        assert not take_apart(changed).is_signed_with_secret(SECRET)
    except ValueError:
        return


@pytest.mark.parametrize(
    "mangle",
    [
        lambda token: token + "=",
        lambda token: token + "\n",
        lambda token: " " + token,
        lambda token: token.replace(".", "..", 1),
        lambda token: token + ".e30",
        lambda token: token.rpartition(".")[0],
        lambda token: token.rpartition(".")[0] + ".",
        lambda token: token.replace("e", "e!", 1),
        lambda token: token[:5] + "+" + token[5:],
        lambda token: token[:5] + "/" + token[5:],
        lambda token: token[:5] + "\u0660" + token[5:],
        lambda _: "a.b.c",
        lambda _: "",
    ],
)
def test_there_is_one_way_to_write_a_token(mangle: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        take_apart(mangle(sign_with_secret(CLAIMS, SECRET)))


def test_critical_extensions_are_refused() -> None:
    token = jwt.encode(CLAIMS, SECRET, algorithm="HS256", headers={"crit": ["exp"], "exp": 1})
    with pytest.raises(ValueError, match="critical"):
        take_apart(token)
