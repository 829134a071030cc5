"""The kinds of OAuth credentials as one table: how each is read from a file or text, renewed, and told from another.

Whoever handles tokens of any kind asks this table; what only one kind knows stays in its module.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from a2a.auth import google, kiro, kiro_database, kiro_file, kiro_write_back, qwen
from a2a.auth.endpoint import AuthUrls
from a2a.auth.records import ApiKey, Credential, GoogleToken, KiroToken, QwenToken, Token
from a2a.config import CREDENTIAL_KIND

if TYPE_CHECKING:
    import httpx


class Refresh(Protocol):
    """Raises NeedsLogin, NeedsAction and UpstreamError; none carries a token."""

    def __call__(self, token: Any, urls: AuthUrls, *, client: httpx.AsyncClient, now: float) -> Awaitable[Token]: ...


class WriteBack(Protocol):
    """Into the source `path`, the token that replaces `was`; False where that is not allowed. Raises UsageError and
    StoreError, which leave the source as it was."""

    def __call__(self, path: Path, token: Any, *, was: Any) -> bool: ...


class TokenKind(Struct, frozen=True, kw_only=True):
    """`read` a file and `parse` text raise UsageError. `same_login`: whether two tokens belong to one user.
    `write_back` None: the official client's file is read, never written."""

    read: Callable[[Path], Token]
    parse: Callable[[str, str], Token]
    refresh: Refresh
    same_login: Callable[[Any, Any], bool]
    write_back: WriteBack | None = None


KINDS: dict[type[Token], TokenKind] = {
    KiroToken: TokenKind(
        read=kiro_database.read_any,
        parse=kiro_file.parse_token_text,
        refresh=kiro.refresh,
        same_login=kiro.same_login,
        write_back=kiro_write_back.write_back,
    ),
    GoogleToken: TokenKind(
        read=google.read_token_file,
        parse=google.parse_token_text,
        refresh=google.refresh,
        same_login=google.same_login,
    ),
    QwenToken: TokenKind(
        read=qwen.read_token_file,
        parse=qwen.parse_token_text,
        refresh=qwen.refresh,
        same_login=qwen.same_login,
    ),
}

_TYPES: dict[str, type[Token]] = {"kiro": KiroToken, "google": GoogleToken, "qwen": QwenToken}


def kind_of(provider: str) -> TokenKind:
    """The kind of token that logs in to a provider. Raises KeyError for one that takes keys only."""
    return KINDS[_TYPES[CREDENTIAL_KIND[provider]]]


def fits(credential: Credential, provider: str) -> bool:
    """Whether that provider can be called with a credential of this type."""
    kind = CREDENTIAL_KIND.get(provider)
    if isinstance(credential, ApiKey):
        return kind in ("api_key", "qwen")
    return kind is not None and _TYPES.get(kind) is type(credential)


def renewable(credential: Credential) -> Token | None:
    """The credential as something to renew; None for a key of any sort."""
    if isinstance(credential, ApiKey) or (isinstance(credential, KiroToken) and credential.kind == "api_key"):
        return None
    return credential


def word_of(credential: Credential) -> str:
    """What `Account.kind` says of it."""
    match credential:
        case KiroToken(kind=kind):
            return kind
        case ApiKey():
            return "api_key"
        case _:
            return "oauth"


def email_of(credential: Credential) -> str | None:
    return None if isinstance(credential, ApiKey) else credential.email


def expiry_of(credential: Credential) -> float | None:
    """Unix seconds of the access token, None for a key."""
    return None if isinstance(credential, ApiKey) else credential.expires_at


def same_user(known: Token, token: Token) -> bool:
    """Whether both are the login of one user, so that the second renews the first: the very token that was imported
    before, or one of the same e-mail. At Kiro one e-mail may have logins of several kinds, each an account of its own.
    """
    if known.source_fingerprint is not None and known.source_fingerprint == token.source_fingerprint:
        return True
    if known.email is None or known.email != token.email:
        return False
    if isinstance(known, KiroToken) and isinstance(token, KiroToken):
        return (known.kind, known.idp) == (token.kind, token.idp)
    return type(known) is type(token)
