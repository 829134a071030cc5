"""A `Credential` as JSON bytes for the credential store, and back. The one place that reveals a stored secret."""

from __future__ import annotations

from typing import Any

import msgspec

from a2a.auth.records import Credential
from a2a.errors import StoreError
from a2a.secret import Secret


def _reveal(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} has no place in a credential")


def _conceal(kind: type, value: Any) -> Any:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError(f"{kind.__name__} has no place in a credential")


_ENCODER = msgspec.json.Encoder(enc_hook=_reveal)
_DECODER: msgspec.json.Decoder[Credential] = msgspec.json.Decoder(Credential, dec_hook=_conceal)


def encode_credential(credential: Credential) -> bytes:
    """`{"type": "api_key", "key": …}` or `{"type": "kiro", …}`, UTF-8."""
    return _ENCODER.encode(credential)


def decode_credential(content: bytes, account: str) -> Credential:
    """`account`: its name, for the message. Raises StoreError, which never quotes the content."""
    try:
        return _DECODER.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # `from None`: the decoder's error holds the bytes it was given.
        raise StoreError(
            f"{account}: its stored credential cannot be read", hint="log in to that account again: a2a login"
        ) from None
