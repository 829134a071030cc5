"""Values that hold secrets as JSON bytes, and back: the one place that reveals a stored secret.

The bytes go to the credential store, to a renewal's own process, and to an export that the user asked for.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from a2a.auth.records import Credential
from a2a.errors import StoreError
from a2a.secret import Secret

T = TypeVar("T")


def _reveal(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} has no place in a credential")


def _conceal(kind: type, value: Any) -> Any:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError(f"{kind.__name__} has no place in a credential")


_SHORTEST = 6
"""A shorter value would be found in ordinary words."""

_ENCODER = msgspec.json.Encoder(enc_hook=_reveal)
_DECODER: msgspec.json.Decoder[Credential] = msgspec.json.Decoder(Credential, dec_hook=_conceal)


def encode_secrets(value: Any) -> bytes:
    """Any value with `Secret`s in it, UTF-8."""
    return _ENCODER.encode(value)


def decode_secrets(content: bytes, kind: type[T]) -> T:
    """Raises ValueError, which never quotes the content."""
    try:
        return msgspec.json.decode(content, type=kind, dec_hook=_conceal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # `from None`: the decoder's error holds the bytes it was given.
        raise ValueError(f"this is no {kind.__name__}") from None


def values_of(credential: Credential) -> tuple[str, ...]:
    """The secrets themselves, for whoever has to keep them out of a text. Never to be shown."""
    found = (getattr(credential, field) for field in credential.__struct_fields__)
    return tuple(one.reveal() for one in found if isinstance(one, Secret) and len(one.reveal()) >= _SHORTEST)


def encode_credential(credential: Credential) -> bytes:
    """`{"type": "api_key", "key": …}` or `{"type": "kiro", …}`, UTF-8."""
    return encode_secrets(credential)


def decode_credential(content: bytes, account: str) -> Credential:
    """`account`: its name, for the message. Raises StoreError, which never quotes the content."""
    try:
        return _DECODER.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise StoreError(
            f"{account}: its stored credential cannot be read", hint="log in to that account again: a2a login"
        ) from None
