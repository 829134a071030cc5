"""The one who logs in, as the flows see them: somebody who can be shown a code or a page, and may paste something."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct


class DeviceCode(Struct, frozen=True, kw_only=True):
    """What a device login shows (RFC 8628). `complete_url` has the code in it, None where the server gives none.

    `expires_at`: Unix seconds. `service`: whose page it is, in words for the person.
    """

    service: str
    user_code: str
    url: str
    complete_url: str | None
    expires_at: float


class Person(Protocol):
    """Methods return at once but for `pasted`; a flow calls each as often as it needs."""

    def show_code(self, code: DeviceCode) -> None:
        """Show the code, its page and how long it is good; open the page where there is a browser."""

    def show_page(self, url: str, *, opens: bool, paste: str | None, expires_at: float) -> None:
        """Send the browser to `url`. `opens`: whether to open it here (False: the person does, anywhere).

        `paste`: what may be pasted instead of waiting, in words (`the code that the page shows`, `the address at which
        the browser ends`); None: nothing. `expires_at`: Unix seconds.
        """

    async def pasted(self) -> str:
        """The next line that the person pastes, stripped; where nobody can paste it never returns. Cancellable."""

    def remark(self, text: str) -> None:
        """Say what is going on, a sentence without a full stop."""

    async def choose(self, question: str, options: list[str]) -> int:
        """The index of the option the person wants. Raises LoginFailed where nobody can be asked."""
