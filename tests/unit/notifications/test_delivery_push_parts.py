"""The parts of Web Push: encryption by the letter of the RFC, keys, endpoints and addresses that are refused."""

from __future__ import annotations

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from coursewire.namespaces.notifications.delivery.addresses import check_endpoint, is_public
from coursewire.namespaces.notifications.delivery.encryption import (
    ReceiverKeys,
    encrypt,
    from_base64url,
    to_base64url,
)
from coursewire.namespaces.notifications.delivery.vapid import (
    RENEW_BEFORE_S,
    TOKEN_TTL_S,
    Vapid,
    make_key_pair,
    public_key_of,
)

# RFC 8291, section 5 and appendix A.
SENDER_KEY = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
RECEIVER_PUBLIC = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
MESSAGE = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl9"
    "5bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def _bytes(text: str) -> bytes:
    found = from_base64url(text)
    assert found is not None
    return found


def test_the_message_of_the_rfc() -> None:
    sender = ec.derive_private_key(int.from_bytes(_bytes(SENDER_KEY), "big"), ec.SECP256R1())
    keys = ReceiverKeys.parse(RECEIVER_PUBLIC, AUTH)
    text = b"When I grow up, I want to be a watermelon"
    assert to_base64url(encrypt(text, keys, sender=sender, salt=_bytes(SALT))) == MESSAGE


@given(text=st.binary(max_size=3_993))
def test_somebody_else_s_library_reads_it(text: bytes) -> None:
    receiver, auth = ec.generate_private_key(ec.SECP256R1()), b"0123456789abcdef"
    keys = ReceiverKeys.parse(public_key_of(receiver), to_base64url(auth))
    body = encrypt(text, keys)
    assert http_ece.decrypt(body, private_key=receiver, auth_secret=auth, version="aes128gcm") == text


@pytest.mark.parametrize(
    ("p256dh", "auth", "named"),
    [
        ("", AUTH, "p256dh"),
        ("not base64!", AUTH, "p256dh"),
        (RECEIVER_PUBLIC[:-4], AUTH, "p256dh"),
        ("B" + "A" * 86, AUTH, "p256dh"),  # 65 bytes, but no point
        (RECEIVER_PUBLIC, "", "auth"),
        (RECEIVER_PUBLIC, AUTH + "AAAA", "auth"),
    ],
)
def test_keys_that_are_none(p256dh: str, auth: str, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named} "):
        ReceiverKeys.parse(p256dh, auth)


def test_a_key_pair_is_one_and_wrong_keys_are_refused() -> None:
    private, public = make_key_pair()
    assert Vapid(private, "mailto:ops@example.edu").public_key == public
    assert len(_bytes(public)) == 65
    for wrong in ("", "abc", private + "AAAA", to_base64url(bytes(32)), to_base64url(b"\xff" * 32)):
        with pytest.raises(ValueError, match=r"."):
            Vapid(wrong, "mailto:ops@example.edu")


def test_a_signature_serves_until_shortly_before_its_end() -> None:
    vapid = Vapid(make_key_pair()[0], "mailto:ops@example.edu")
    now = 1_763_985_600.0
    first = vapid.authorization("https://push.example.org/a", now)
    assert vapid.authorization("https://push.example.org/b", now + TOKEN_TTL_S - RENEW_BEFORE_S - 1) == first
    assert vapid.authorization("https://push.example.org/b", now + TOKEN_TTL_S - RENEW_BEFORE_S) != first
    assert vapid.authorization("https://other.example.org/b", now) != first


def test_signatures_are_kept_for_a_bounded_number_of_services() -> None:
    vapid = Vapid(make_key_pair()[0], "mailto:ops@example.edu")
    for number in range(300):
        vapid.authorization(f"https://push{number}.example.org/a", 0.0)
    assert len(vapid._tokens) <= 256


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:def",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAA",
        "https://web.push.apple.com:443/QGuQ",
        "https://93.184.216.34/push",
    ],
)
def test_endpoints_that_are_allowed(endpoint: str) -> None:
    check_endpoint(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "http://push.example.org/a",
        "ftp://push.example.org/a",
        "//push.example.org/a",
        "https:///a",
        "https://user:password@push.example.org/a",
        "https://push.example.org/a#b",
        "https://push.example.org:8443/a",
        "https://push.example.org:99999/a",
        "https://push.example.org/\nHost: other",
        "https://push.example.org/" + "a" * 2_048,
        "https://localhost/a",
        "https://printer.local/a",
        "https://metadata.google.internal/a",
        "https://intranet/a",
        "https://127.0.0.1/a",
        "https://127.1/a",
        "https://2130706433/a",
        "https://0x7f000001/a",
        "https://0x7f.1/a",
        "https://10.0.0.8/a",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/a",
        "https://[::ffff:127.0.0.1]/a",
        "https://[fd00::1]/a",
        "https://[fe80::1%25eth0]/a",
        "https://pu\u0455h.example.org/a",
        "https://a..example.org/a",
        "https://.example.org/a",
        "https://push.example.org../a",
        "https://" + "a" * 64 + ".example.org/a",
        "https://push.example.org%00.example.com/a",
        "https://[::7f00:1]/a",
    ],
)
def test_endpoints_that_are_refused(endpoint: str) -> None:
    with pytest.raises(ValueError, match=r"^must "):
        check_endpoint(endpoint)


def test_in_development_an_endpoint_may_be_here() -> None:
    check_endpoint("http://127.0.0.1:8080/push", allow_private=True)
    with pytest.raises(ValueError, match=r"https:// or http://"):
        check_endpoint("file:///etc/passwd".replace("///", "//host/"), allow_private=True)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd12::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("2002:0a00:0001::1", False),
        ("::127.0.0.1", False),
        ("::ffff:0:127.0.0.1", False),
        ("64:ff9b:1::7f00:1", False),
        ("fec0::1", False),
        ("localhost", False),
    ],
)
def test_which_addresses_are_public(address: str, expected: bool) -> None:  # noqa: FBT001
    assert is_public(address) is expected
