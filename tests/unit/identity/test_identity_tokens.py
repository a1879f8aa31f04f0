"""Tokens: whoever forges one, or claims nonsense, gets an error that tells nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.identity.key_server import RSA_KEY, sign

from coursewire.errors import AuthExpired, AuthInvalid, AuthMissing, TooLarge
from coursewire.identity.caller import Caller, claims_digest
from coursewire.identity.tokens import MAX_TOKEN_CHARACTERS, Issuer, Verifier

SECRET = "a-secret-for-tests-that-is-long-enough"
NOW = 1_795_373_345_950
SECOND = 1_000

verifier = Verifier(secret=SECRET)


def claims(**changes: Any) -> dict[str, Any]:
    """Return good claims, with changes; None takes a claim away."""
    seconds = NOW // SECOND
    good: dict[str, Any] = {
        "iss": "coursewire",
        "aud": "coursewire",
        "sub": "ada",
        "name": "Ada",
        "iat": seconds - 10,
        "exp": seconds + 100,
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def token(key: str = SECRET, **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm="HS256")


def raw_token(header: Any, payload: Any, key: bytes = SECRET.encode()) -> str:
    """Sign anything at all with HS256."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    signature = hmac.digest(key, signed, hashlib.sha256)
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def verify(**changes: Any) -> Caller:
    return verifier.verify(token(**changes), NOW)


def test_a_token_that_we_issue_says_who_its_bearer_is() -> None:
    issuer = Issuer(SECRET, clock=lambda: NOW)
    made, expires_at = issuer.issue(
        "ada",
        "Ada",
        roles=["instructor"],
        courses={"cs101": ["instructor", "teaching_assistant"]},
        ttl_s=60,
        namespaces=["/chat"],
        avatar_url="/people/ada.svg",
    )
    assert verifier.verify(made, NOW) == Caller(
        user_id="ada",
        name="Ada",
        avatar_url="/people/ada.svg",
        roles=frozenset({"instructor"}),
        courses={"cs101": frozenset({"instructor", "teaching_assistant"})},
        claims_courses=True,
        namespaces=frozenset({"/chat"}),
        issued_at=NOW,
        expires_at=expires_at,
    )
    assert expires_at == (NOW // SECOND + 60) * SECOND


@pytest.mark.parametrize("absent", [None, ""])
def test_no_token(absent: object) -> None:
    with pytest.raises(AuthMissing):
        verifier.verify(absent, NOW)


@pytest.mark.parametrize("thing", [0, 1.5, True, b"bytes", ["a"], {"token": "a"}])
def test_a_token_that_is_no_string(thing: object) -> None:
    with pytest.raises(AuthInvalid, match="must be a string"):
        verifier.verify(thing, NOW)


def test_an_oversized_token_is_refused_by_its_length_alone() -> None:
    big = token(name="x" * MAX_TOKEN_CHARACTERS)
    with pytest.raises(AuthInvalid, match="longer than 16384"):
        verifier.verify(big, NOW)


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "HS384", "HS512", "RS256", "ES256", "", None, 7, ["HS256"]]
)
def test_the_algorithm_is_ours_and_not_the_tokens(algorithm: object) -> None:
    header = {"typ": "JWT"} if algorithm is None else {"alg": algorithm, "typ": "JWT"}
    forged = raw_token(header, claims())
    with pytest.raises(AuthInvalid):
        verifier.verify(forged, NOW)
    unsigned = forged.rpartition(".")[0] + "."
    with pytest.raises(AuthInvalid):
        verifier.verify(unsigned, NOW)


def test_the_same_forging_with_the_right_algorithm_passes() -> None:
    """The test above would pass with a broken `raw_token` too; this one says that it works."""
    assert verifier.verify(raw_token({"alg": "HS256"}, claims()), NOW).user_id == "ada"


def test_a_public_key_is_no_secret() -> None:
    pem = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    forged = raw_token({"alg": "HS256"}, claims(), key=pem)
    with pytest.raises(AuthInvalid):
        verifier.verify(forged, NOW)
    with pytest.raises(AuthInvalid):
        verifier.verify(sign(claims(), "RS256", None), NOW)


def test_another_secret() -> None:
    with pytest.raises(AuthInvalid, match="signature is wrong"):
        verifier.verify(token("another-secret-that-is-just-as-long-as-ours"), NOW)


def test_changed_claims_break_the_signature() -> None:
    header, payload, signature = token().split(".")
    changed = json.loads(base64.urlsafe_b64decode(payload + "==")) | {"sub": "eve"}
    forged = base64.urlsafe_b64encode(json.dumps(changed).encode()).decode().rstrip("=")
    with pytest.raises(AuthInvalid):
        verifier.verify(f"{header}.{forged}.{signature}", NOW)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"iss": "elsewhere"}, r"\(iss\)"),
        ({"iss": None}, r"\(iss\)"),
        ({"aud": "elsewhere"}, r"\(aud\)"),
        ({"aud": ["elsewhere", "another"]}, r"\(aud\)"),
        ({"aud": None}, r"\(aud\)"),
        ({"exp": None}, r"\(exp\)"),
        ({"exp": "tomorrow"}, "exp must be"),
        ({"exp": True}, "exp must be"),
        ({"exp": -1}, "exp must be"),
        ({"exp": 10**15}, "exp must be"),
        ({"nbf": NOW // SECOND + 6}, "not valid yet"),
        ({"iat": NOW // SECOND + 6}, "in the future"),
        ({"iat": "now"}, "iat must be"),
        ({"sub": None}, r"\(sub\)"),
        ({"sub": ""}, r"\(sub\)"),
        ({"sub": "a b"}, r"\(sub\)"),
        ({"sub": "ada\n"}, r"\(sub\)"),
        ({"sub": "a" * 129}, r"\(sub\)"),
        ({"name": {"first": "Ada"}}, "name must be"),
        ({"roles": "instructor"}, "roles must be a list"),
        ({"roles": [1]}, "roles must be a list"),
        ({"courses": ["cs101"]}, "courses must be an object"),
        ({"courses": {"cs 101": []}}, "course ids must be"),
        ({"courses": {"cs101": "learner"}}, "courses must be a list"),
        ({"namespaces": "/chat"}, "namespaces must be a list"),
    ],
)
def test_claims_that_are_wrong(changes: dict[str, Any], message: str) -> None:
    # PyJWT would not sign some of these.
    claimed = raw_token({"alg": "HS256"}, claims(**changes))
    with pytest.raises(AuthInvalid, match=message):
        verifier.verify(claimed, NOW)


@pytest.mark.parametrize("payload", [b"", b"[]", b'"ada"', b"null", b"{", b"\xff", b"NaN", b"[" * 9_000])
def test_claims_that_are_no_object(payload: bytes) -> None:
    with pytest.raises(AuthInvalid):
        verifier.verify(raw_token({"alg": "HS256"}, payload), NOW)


def test_expiry_has_a_little_leeway() -> None:
    exp = NOW // SECOND
    made = token(exp=exp)
    assert verifier.verify(made, exp * SECOND + 4_999).expires_at == exp * SECOND
    with pytest.raises(AuthExpired):
        verifier.verify(made, exp * SECOND + 5_000)


def test_not_before_and_issued_at_have_a_little_leeway() -> None:
    assert verify(nbf=NOW // SECOND + 5, iat=NOW // SECOND + 5).user_id == "ada"


def test_one_audience_among_several_is_enough() -> None:
    assert verify(aud=["lms", "coursewire"]).user_id == "ada"


def test_a_token_that_nobody_would_read_is_not_made() -> None:
    issuer = Issuer(SECRET, clock=lambda: NOW)

    def made(count: int) -> str:
        return issuer.issue("ada", "Ada", courses={f"c{n:03}": ["learner"] for n in range(count)})[0]

    # Three courses more are a whole number of characters more: four of them stand for three bytes.
    most = 200 + (MAX_TOKEN_CHARACTERS - len(made(200))) * 3 // (len(made(203)) - len(made(200)))
    assert len(verifier.verify(made(most), NOW).courses) == most
    with pytest.raises(TooLarge, match="at most 16,384 characters, this would have 16,4") as refused:
        made(most + 1)
    assert refused.value.field == "courses"


def test_a_service_token() -> None:
    assert verify(roles=["service"]).is_service
    assert not verify(courses={"cs101": ["service"]}).is_service


def test_roles_that_we_do_not_know_are_dropped() -> None:
    caller = verify(roles=["instructor", "janitor"], courses={"cs101": ["janitor"], "cs102": []})
    assert caller.roles == {"instructor"}
    assert caller.courses == {"cs101": {"learner"}, "cs102": {"learner"}}


def test_a_token_without_courses_says_nothing_about_them_and_an_empty_list_does() -> None:
    assert not verify().claims_courses
    assert verify(courses={}).claims_courses


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (None, "ada"),
        ("", "ada"),
        ("  \t ", "ada"),
        ("Ada\nLovelace", "Ada Lovelace"),
        ("Ada\x00\x07", "Ada"),
        ("A\u030a", "\u00c5"),
        ("x" * 500, "x" * 200),
        ("Zo\u00eb \U0001f469\u200d\U0001f4bb", "Zo\u00eb \U0001f469\u200d\U0001f4bb"),
    ],
)
def test_names_become_one_clean_line(name: str | None, shown: str) -> None:
    assert verify(name=name).name == shown


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://lms.example/ada.png", True),
        ("http://lms.example/ada.png", True),
        ("/people/ada.svg", True),
        ("//evil.example/ada.png", False),
        ("/\\evil.example/ada.png", False),
        ("javascript:alert(1)", False),
        ("data:text/html,<script>", False),
        ("https://lms.example/\n", False),
        ("https://" + "x" * 2_048, False),
        (7, False),
    ],
)
def test_pictures_come_from_the_web_or_from_us(url: object, *, kept: bool) -> None:
    assert verify(avatar_url=url).avatar_url == (url if kept else None)


def test_namespaces_are_written_as_on_the_wire() -> None:
    caller = verify(namespaces=["chat", "/analytics"])
    assert caller.may_enter("/chat")
    assert caller.may_enter("/analytics")
    assert not caller.may_enter("/notifications")
    assert verify().may_enter("/notifications")
    assert not verify(namespaces=[]).may_enter("/chat")


def test_staff_of_one_course_are_not_staff_of_another() -> None:
    caller = verify(roles=["instructor"], courses={"cs101": ["teaching_assistant"], "cs102": ["learner"]})
    assert caller.is_staff_of("cs101")
    assert not caller.is_staff_of("cs102")
    assert not caller.is_staff_of("cs103")
    assert verify(roles=["administrator"]).is_staff_of("cs103")


def test_no_message_tells_the_token() -> None:
    """An error goes to clients and to logs."""
    secret_part = "sentinel"
    bad = [
        token("another-secret-that-is-just-as-long-as-ours", sub=secret_part),
        raw_token({"alg": "HS256"}, claims(sub=f"{secret_part} {secret_part}")),
        raw_token({"alg": "HS256"}, claims(iss=secret_part)),
        raw_token({"alg": "HS256"}, claims(aud=secret_part)),
        raw_token({"alg": "HS256"}, claims(exp=secret_part)),
        raw_token({"alg": "HS256"}, claims(courses={f"{secret_part} {secret_part}": []})),
        f"{secret_part}.{secret_part}.{secret_part}",
    ]
    for made in bad:
        with pytest.raises(AuthInvalid) as caught:
            verifier.verify(made, NOW)
        assert secret_part not in str(caught.value)
        assert made not in str(caught.value)
        assert caught.value.__cause__ is None


def test_the_digest_of_claims_changes_with_what_would_be_written() -> None:
    same = claims_digest(verify(courses={"a": ["learner"], "b": ["mentor", "learner"]}))
    assert same == claims_digest(verify(courses={"b": ["learner", "mentor"], "a": ["learner"]}))
    others: list[dict[str, Any]] = [
        {"courses": {"a": ["learner"]}},
        {"courses": {"a": ["learner"], "b": ["mentor", "learner"]}, "name": "Other"},
        {"courses": {"a": ["learner"], "b": ["mentor", "learner"]}, "iat": 7},
        {"courses": {"a": ["learner"], "b": ["mentor", "learner"]}, "avatar_url": "/ada.png"},
        {"courses": {"a": ["learner"], "b": ["mentor"]}},
        {"courses": {"a": ["mentor", "learner"], "b": ["learner"]}},
        {"courses": {}},
        {},
    ]
    digests = {same, *(claims_digest(verify(**changes)) for changes in others)}
    assert len(digests) == len(others) + 1


def test_a_verifier_needs_something_to_verify_with() -> None:
    with pytest.raises(ValueError, match="secret or a key set"):
        Verifier(secret="")


@given(st.text() | st.binary().map(lambda junk: base64.urlsafe_b64encode(junk).decode()))
def test_junk_is_invalid_and_nothing_else(junk: str) -> None:
    for made in (junk, f"{junk}.{junk}.{junk}", f"{token().partition('.')[0]}.{junk}.{junk}"):
        if made:
            with pytest.raises(AuthInvalid):
                verifier.verify(made, NOW)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=10,
)


@given(
    st.dictionaries(
        st.sampled_from(sorted({*claims(), "roles", "courses", "namespaces", "avatar_url", "nbf"})), _json
    )
)
def test_signed_claims_of_any_shape_give_a_caller_or_an_auth_error(changes: dict[str, Any]) -> None:
    try:
        caller = verifier.verify(raw_token({"alg": "HS256"}, claims(**changes)), NOW)
    except (AuthInvalid, AuthExpired):
        return
    assert caller.name
    assert all(caller.courses.values())
