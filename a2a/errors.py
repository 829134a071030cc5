"""The error family. Every class fixes three things: HTTP status, exit code and scope.

    A2AError                       500  exit 1  internal   our own fault
    +-- RequestError               400  exit 2  request    the client's fault: no failover, no penalty
    |   +-- WrongKey               401  exit 3             the key for a2a itself is missing or wrong
    |   +-- Forbidden              403                     this client may not do that
    |   +-- UnknownModel           404                     nobody serves that model; names near ones
    |   +-- UnknownRoute           404                     no such path, or not supported by a2a
    |   +-- TooLarge               413                     the body is over the limit
    |   +-- LoginFailed            400  exit 3             a login did not come about; nothing was stored
    +-- ConfigError                500  exit 2  internal   a setting is wrong: file, line, nearest key
    +-- UsageError                 400  exit 2  request    the command line is wrong
    +-- AccountError               503  exit 1  account    one account cannot serve: cool down, try the next
    |   +-- NeedsLogin             503  exit 3             its credential is dead; names the command to type
    |   +-- NeedsAction            503                     something else the user must do: a setting, a licence
    +-- UpstreamError              502  exit 1  provider   the upstream failed or sent nonsense
    |   +-- BadUpstream            502                     bytes that are not the protocol it claims to speak
    |   +-- UpstreamTimeout        504  exit 4             nothing came in time
    |   +-- Unreachable            502  exit 4             no connection
    |       +-- ProxyFailed        502  exit 4             the proxy, not the upstream: nobody behind it was asked
    +-- NoAccount                  503  exit 4  provider   no account can serve now (429 when all are limited)
    +-- StoreError                 500  exit 1  internal   a file, the keyring or the record failed
    +-- OutOfResources             503  exit 4  internal   this machine has no file handle, memory or port left

A message says what happened, to which account, and the next command to type; never a token, never a traceback.
Errors of a library are translated at the border with `from`; nothing above knows the library exists.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, Literal

Scope = Literal["request", "account", "account_model", "provider", "internal"]
"""Whom a failure concerns. Only `account` and `account_model` touch an account's state."""


class ExitCode(IntEnum):
    """What the process tells the shell (contract, style section 3)."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    LOGIN_NEEDED = 3
    UNAVAILABLE = 4
    INTERRUPTED = 130


class A2AError(Exception):
    """Root of the family; raised as such it means a bug of ours."""

    status: ClassVar[int] = 500
    exit_code: ClassVar[ExitCode] = ExitCode.FAILED
    scope: ClassVar[Scope] = "internal"
    kind: ClassVar[str] = "internal"
    """The word of `messages.FailureKind` that every front can render; `config`, which no front gets to see."""

    def __init__(self, message: str, *, hint: str | None = None, param: str | None = None) -> None:
        """`hint`: the next command or setting to try. `param`: the request field at fault, as a JSON path."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.param = param

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class RequestError(A2AError):
    status = 400
    exit_code = ExitCode.USAGE
    scope = "request"
    kind = "bad_request"


class WrongKey(RequestError):
    status = 401
    exit_code = ExitCode.LOGIN_NEEDED
    kind = "unauthorized"


class Forbidden(RequestError):
    status = 403
    kind = "forbidden"


class UnknownModel(RequestError):
    status = 404
    kind = "not_found"


class UnknownRoute(RequestError):
    status = 404
    kind = "not_found"


class TooLarge(RequestError):
    status = 413
    kind = "too_large"


class LoginFailed(RequestError):
    """The person refused, the code ran out, or what came back was not the answer to our question."""

    exit_code = ExitCode.LOGIN_NEEDED


class ConfigError(A2AError):
    exit_code = ExitCode.USAGE
    kind = "config"


class UsageError(A2AError):
    status = 400
    exit_code = ExitCode.USAGE
    scope = "request"
    kind = "bad_request"


class AccountError(A2AError):
    status = 503
    scope = "account"
    kind = "unavailable"


class NeedsLogin(AccountError):
    exit_code = ExitCode.LOGIN_NEEDED


class NeedsAction(AccountError):
    def __init__(self, message: str, *, reason: str, hint: str | None = None) -> None:
        """`reason`: the finer word of the account's state (contract section 1)."""
        super().__init__(message, hint=hint)
        self.reason = reason


class UpstreamError(A2AError):
    status = 502
    scope = "provider"
    kind = "upstream"


class BadUpstream(UpstreamError):
    pass


class UpstreamTimeout(UpstreamError):
    status = 504
    exit_code = ExitCode.UNAVAILABLE
    kind = "timeout"


class Unreachable(UpstreamError):
    exit_code = ExitCode.UNAVAILABLE


class ProxyFailed(Unreachable):
    pass


class NoAccount(A2AError):
    status = 503
    exit_code = ExitCode.UNAVAILABLE
    scope = "provider"
    kind = "unavailable"

    def __init__(
        self, message: str, *, hint: str | None = None, retry_after_s: float | None = None, limited: bool = False
    ) -> None:
        """`retry_after_s`: seconds until the first account recovers, None when only a person can help.

        `limited`: every account waits for a rate limit or quota (the client gets 429 instead of 503).
        """
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s
        self.limited = limited


class StoreError(A2AError):
    pass


class OutOfResources(A2AError):
    status = 503
    exit_code = ExitCode.UNAVAILABLE
    kind = "unavailable"
