"""Keys of an issuer: fetched once for many, bounded, and never good for another algorithm."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.unit.identity.key_server import OTHER_KEY, RSA_KEY, KeyServer, public_jwk, sign
from tests.unit.identity.test_identity_tokens import NOW, SECRET, claims, raw_token

from coursewire.errors import AuthInvalid, Unavailable
from coursewire.identity.keys import MAX_BYTES, MAX_KEYS, JwksKeys, fetch_over_http, read_keys
from coursewire.identity.tokens import ASYMMETRIC_ALGORITHMS, Issuer, KeyNotLoaded, Verifier


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[KeyServer]:
    server = KeyServer()
    server.keys = [public_jwk(algorithm, f"key-{algorithm}") for algorithm in ASYMMETRIC_ALGORITHMS]
    yield server
    server.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def verifier(server: KeyServer, clock: Clock) -> AsyncIterator[Verifier]:
    verifier = Verifier(jwks=JwksKeys(server.url, clock=clock))
    yield verifier
    await verifier.close()


@pytest.mark.parametrize("algorithm", ASYMMETRIC_ALGORITHMS)
async def test_keys_of_each_allowed_kind_from_a_real_server(
    server: KeyServer, verifier: Verifier, algorithm: str
) -> None:
    made = sign(claims(), algorithm, f"key-{algorithm}")
    with pytest.raises(KeyNotLoaded):
        verifier.verify(made, NOW)
    assert (await verifier.authenticate(made, NOW)).user_id == "ada"
    assert verifier.verify(made, NOW).user_id == "ada"
    assert server.requests == 1


async def test_a_hundred_callers_share_one_fetch(server: KeyServer, verifier: Verifier) -> None:
    made = sign(claims(), "RS256", "key-RS256")
    callers = await asyncio.gather(*(verifier.authenticate(made, NOW) for _ in range(100)))
    assert {caller.user_id for caller in callers} == {"ada"}
    assert server.requests == 1


async def test_made_up_key_ids_cost_the_issuer_one_request_per_pause(
    server: KeyServer, verifier: Verifier, clock: Clock
) -> None:
    await verifier.authenticate(sign(claims(), "RS256", "key-RS256"), NOW)
    clock.now += 11
    for number in range(20):
        with pytest.raises(AuthInvalid, match="does not publish"):
            await verifier.authenticate(sign(claims(), "RS256", f"made-up-{number}", OTHER_KEY), NOW)
    assert server.requests == 2


async def test_a_new_key_is_found(server: KeyServer, verifier: Verifier, clock: Clock) -> None:
    await verifier.authenticate(sign(claims(), "RS256", "key-RS256"), NOW)
    server.keys.append(public_jwk("RS256", "next", OTHER_KEY))
    made = sign(claims(), "RS256", "next", OTHER_KEY)
    with pytest.raises(AuthInvalid):
        await verifier.authenticate(made, NOW)
    clock.now += 10
    assert (await verifier.authenticate(made, NOW)).user_id == "ada"


async def test_a_withdrawn_key_ends_with_the_next_refresh(
    server: KeyServer, verifier: Verifier, clock: Clock
) -> None:
    made = sign(claims(), "RS256", "key-RS256")
    await verifier.authenticate(made, NOW)
    server.keys = [public_jwk("RS256", "next", OTHER_KEY)]
    clock.now += 601
    await verifier.authenticate(made, NOW)  # served once more, while the fetch runs beside it
    assert verifier.jwks is not None
    await verifier.jwks.load()
    clock.now += 10
    with pytest.raises(AuthInvalid):
        await verifier.authenticate(made, NOW)


async def test_known_keys_outlive_an_issuer_that_is_away_but_not_for_ever(
    server: KeyServer, verifier: Verifier, clock: Clock
) -> None:
    made = sign(claims(), "ES256", "key-ES256")
    await verifier.authenticate(made, NOW)
    server.status = 500
    clock.now += 3_599
    assert (await verifier.authenticate(made, NOW)).user_id == "ada"
    assert verifier.jwks is not None
    await verifier.jwks.load()
    assert verifier.jwks.failures == 1
    clock.now += 20
    with pytest.raises(Unavailable):
        await verifier.authenticate(made, NOW)


async def test_a_new_key_of_an_issuer_that_is_away_is_not_called_forged(
    server: KeyServer, verifier: Verifier, clock: Clock
) -> None:
    """Clients take `auth_invalid` for the end; a restart of the issuer as it rotates its keys signed people out."""
    await verifier.authenticate(sign(claims(), "ES256", "key-ES256"), NOW)
    new = sign(claims(), "RS256", "next", OTHER_KEY)
    server.status = 503
    clock.now += 10
    for _ in range(2):  # within the pause as well, in which nobody asks
        with pytest.raises(Unavailable) as caught:
            await verifier.authenticate(new, NOW)
        assert caught.value.retry_after_ms == 10_000
    server.status, server.keys = 200, [public_jwk("RS256", "next", OTHER_KEY)]
    clock.now += 10
    assert (await verifier.authenticate(new, NOW)).user_id == "ada"


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (404, None, "the answer was 404"),
        (302, None, "the answer was 302"),
        (200, b"<html>", "JSONDecodeError: "),
        (200, b"{}", "ValueError: not a JWK set"),
        (200, b"x" * (MAX_BYTES + 1), f"ValueError: the key set is longer than {MAX_BYTES} bytes"),
        (200, b'{"keys": []}', "the token issuer publishes no key of RS256, ES256, EdDSA"),
    ],
)
async def test_the_log_says_why_keys_are_missing_and_not_where_they_are(
    server: KeyServer, status: int, body: bytes | None, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.status, server.body = status, body
    keys = JwksKeys(f"{server.url}?key=sentinel")
    with contextlib.suppress(Unavailable):
        await keys.load()
    assert [record.getMessage() for record in caplog.records if reason in record.getMessage()]
    assert "sentinel" not in "".join(
        record.getMessage() for record in caplog.records if record.name.startswith("coursewire")
    )


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"keys": 7}', b'{"keys"', b"<html>", b"x" * (MAX_BYTES + 1)]
)
async def test_an_issuer_that_answers_nonsense_is_unavailable(
    server: KeyServer, verifier: Verifier, body: bytes
) -> None:
    server.body = body
    with pytest.raises(Unavailable) as caught:
        await verifier.authenticate(sign(claims(), "RS256", "key-RS256"), NOW)
    assert caught.value.retryable


async def test_an_issuer_that_does_not_listen_is_unavailable_and_asked_once_per_pause(clock: Clock) -> None:
    asked = 0

    async def refuse(_: str) -> bytes:
        nonlocal asked
        asked += 1
        raise ConnectionRefusedError

    verifier = Verifier(jwks=JwksKeys("http://nowhere.invalid/", clock=clock, fetch=refuse))
    for _ in range(5):
        with pytest.raises(Unavailable):
            await verifier.authenticate(sign(claims(), "RS256", "k"), NOW)
    assert asked == 1


async def test_an_issuer_that_drips_is_given_up(clock: Clock) -> None:
    async def endless(_: str) -> bytes:
        await asyncio.Event().wait()
        return b""

    verifier = Verifier(jwks=JwksKeys("http://issuer/", clock=clock, fetch=endless, timeout_s=0.01))
    with pytest.raises(Unavailable):
        await verifier.authenticate(sign(claims(), "RS256", "k"), NOW)


@pytest.mark.parametrize("url", ["http://[", "http://127.0.0.1:1/keys"])
async def test_an_address_where_nobody_is(url: str, clock: Clock) -> None:
    verifier = Verifier(jwks=JwksKeys(url, clock=clock))
    with pytest.raises(Unavailable):
        await verifier.authenticate(sign(claims(), "RS256", "k"), NOW)


async def test_a_document_without_end_is_not_read_to_it(server: KeyServer) -> None:
    server.body = b" " * MAX_BYTES
    assert len(await fetch_over_http(server.url)) == MAX_BYTES
    server.body += b" "
    with pytest.raises(ValueError, match=f"longer than {MAX_BYTES} bytes"):
        await fetch_over_http(server.url)


async def test_who_waits_may_leave_without_stopping_the_fetch_for_others(clock: Clock) -> None:
    let_go = asyncio.Event()

    async def slow(_: str) -> bytes:
        await let_go.wait()
        return orjson.dumps({"keys": [public_jwk("RS256", "k")]})

    verifier = Verifier(jwks=JwksKeys("http://issuer/", clock=clock, fetch=slow))
    made = sign(claims(), "RS256", "k")
    first = asyncio.create_task(verifier.authenticate(made, NOW))
    second = asyncio.create_task(verifier.authenticate(made, NOW))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    let_go.set()
    assert (await second).user_id == "ada"
    assert first.cancelled() or isinstance(first.exception(), asyncio.CancelledError)


async def test_closing_stops_a_fetch(clock: Clock) -> None:
    started = asyncio.Event()

    async def endless(_: str) -> bytes:
        started.set()
        await asyncio.Event().wait()
        return b""

    keys = JwksKeys("http://issuer/", clock=clock, fetch=endless)
    keys.refresh_in_background()
    await started.wait()
    await keys.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


# Forging against a key set


def pem_of_public_key() -> bytes:
    return RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS384", "RS512", "PS256", ""])
async def test_other_algorithms_are_refused_whatever_the_key_is(verifier: Verifier, algorithm: str) -> None:
    await verifier.authenticate(sign(claims(), "RS256", "key-RS256"), NOW)
    forged = raw_token({"alg": algorithm, "kid": "key-RS256"}, claims(), key=pem_of_public_key())
    with pytest.raises(AuthInvalid):
        await verifier.authenticate(forged, NOW)
    with pytest.raises(AuthInvalid):
        await verifier.authenticate(forged.rpartition(".")[0] + ".", NOW)


async def test_a_key_signs_with_its_own_algorithm_only(verifier: Verifier) -> None:
    forged = sign(claims(), "ES256", "key-RS256")
    with pytest.raises(AuthInvalid):
        await verifier.authenticate(forged, NOW)


async def test_anothers_key_under_a_known_id(verifier: Verifier) -> None:
    with pytest.raises(AuthInvalid):
        await verifier.authenticate(sign(claims(), "RS256", "key-RS256", OTHER_KEY), NOW)


async def test_with_a_secret_beside_the_key_set_both_are_good_and_neither_stands_for_the_other(
    server: KeyServer,
) -> None:
    verifier = Verifier(secret=SECRET, jwks=JwksKeys(server.url))
    ours, _ = Issuer(SECRET, clock=lambda: NOW).issue("ada", "Ada")
    assert (await verifier.authenticate(ours, NOW)).user_id == "ada"
    assert (await verifier.authenticate(sign(claims(), "EdDSA", "key-EdDSA"), NOW)).user_id == "ada"
    with pytest.raises(AuthInvalid):
        await verifier.authenticate(raw_token({"alg": "HS256"}, claims(), key=pem_of_public_key()), NOW)


@pytest.mark.parametrize("kid", [None, 7, ["key-RS256"], {}])
async def test_without_a_key_id_only_a_lone_key_is_meant(server: KeyServer, kid: Any) -> None:
    made = sign(claims(), "RS256", None)
    several = Verifier(jwks=JwksKeys(server.url))
    with pytest.raises(AuthInvalid):
        await several.authenticate(made, NOW)
    with pytest.raises(AuthInvalid):
        await several.authenticate(raw_token({"alg": "RS256", "kid": kid}, claims()), NOW)
    server.keys = [public_jwk("RS256", "only")]
    alone = Verifier(jwks=JwksKeys(server.url))
    assert (await alone.authenticate(made, NOW)).user_id == "ada"


# Reading a key set


def test_symmetric_weak_and_unreadable_keys_are_left_out() -> None:
    weak = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)  # noqa: S505  # weak on purpose
    secret = {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", "kid": "oct"}
    entries: list[Any] = [
        secret,
        secret | {"alg": "RS256", "kid": "oct-as-rsa"},
        public_jwk("RS256", "weak", weak),
        public_jwk("RS256", "encryption") | {"use": "enc"},
        public_jwk("RS256", "other-algorithm") | {"alg": "RS512"},
        public_jwk("ES256", "wrong-type") | {"alg": "RS256"},
        {"kty": "RSA", "kid": "no-modulus"},
        {"kty": "EC", "crv": "P-256", "x": "!", "y": "!", "kid": "junk"},
        "text",
        None,
        public_jwk("ES256", "good"),
    ]
    assert set(read_keys(orjson.dumps({"keys": entries}), ASYMMETRIC_ALGORITHMS)) == {"good"}


def test_a_key_set_has_a_bound() -> None:
    entries = [public_jwk("ES256", f"k{number}") for number in range(MAX_KEYS + 5)]
    keys = read_keys(orjson.dumps({"keys": entries}), ASYMMETRIC_ALGORITHMS)
    assert len(keys) == MAX_KEYS
    assert f"k{MAX_KEYS}" not in keys


def test_a_token_of_pyjwt_is_what_these_tests_sign() -> None:
    made = sign(claims(), "RS256", "key-RS256")
    assert jwt.get_unverified_header(made) == {"alg": "RS256", "kid": "key-RS256", "typ": "JWT"}
