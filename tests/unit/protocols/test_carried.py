"""carried: which bodies must not pass byte by byte."""

from __future__ import annotations

import pytest

from a2a.messages import Opaque
from a2a.protocols.carried import carries_foreign
from a2a.protocols.gemini.signature import enveloped
from a2a.protocols.responses.token import client_token

ENCRYPTED = Opaque("openai", "encrypted", "gAAAAAB")
SIGNED = Opaque("anthropic", "signature", "c2ln")


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"thinking","thinking":"x","signature":""}',
        b'{"signature" : ""}',
        b'{"thoughtSignature":"' + enveloped(ENCRYPTED).encode() + b'"}',
        b'{"encrypted_content":"' + (client_token([SIGNED]) or "").encode() + b'"}',
        b'{"type":"reasoning","id":"rs_a2a_01"}',
    ],
)
def test_another_vendor_s_reasoning_is_seen(body: bytes) -> None:
    assert carries_foreign(body)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"signature":"RXJBQ"}',
        b'{"type":"reasoning","id":"rs_a2af00","encrypted_content":"gAAAA"}',
        b'{"text":"{\\"signature\\":\\"\\"}"}',
    ],
)
def test_a_vendor_s_own_passes(body: bytes) -> None:
    assert not carries_foreign(body)
