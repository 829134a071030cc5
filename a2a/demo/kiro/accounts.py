"""The Kiro accounts of specs/kiro.md section 12 and those that logins make, as data. Every token is invented."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any, Literal

from msgspec import Struct

Kind = Literal["social", "idc", "builder_id", "external_idp", "api_key"]

SHARED_BUILDER_ARN = "arn:aws:codewhisperer:us-east-1:638616132270:profile/AAAACCCCXXXX"
SOCIAL_ARN = "arn:aws:codewhisperer:us-east-1:111122223333:profile/ABCDEFGHIJKL"
_EU_ARN = "arn:aws:codewhisperer:eu-central-1:444455556666:profile/MNOPQRSTUVWX"
_EXT_ARN = "arn:aws:codewhisperer:us-east-1:777788889999:profile/YZABCDEFGHIJ"
_KEY_ARN = "arn:aws:codewhisperer:us-east-1:123412341234:profile/KLMNOPQRSTUV"

BUILDER_START = "https://view.awsapps.com/start"
EXT_CLIENT = "demo-client-ext"
"""The public client of the emulated identity provider."""

CLIENT_SECRET = "eyJraWQiOiJkZW1vIn0." + "democlientsecret" * 250
"""4 kB, like the real ones: a keyring back end with a size limit has to split it."""

LIFE_S = {"social": 3600, "idc": 28800, "builder_id": 28800, "external_idp": 3600, "api_key": 0}
_METHODS = {"social": "social", "idc": "IdC", "builder_id": "IdC", "external_idp": "external_idp", "api_key": "api_key"}


class Organisation(Struct, frozen=True):
    """What stands behind a start URL. `region`: where its OIDC endpoint is. `api_region`: where its profiles are."""

    kind: Kind
    idp: str
    region: str
    api_region: str | None = None


ORGANISATIONS = {
    BUILDER_START: Organisation("builder_id", "BuilderId", "us-east-1"),
    "https://acme.awsapps.com/start": Organisation("idc", "Enterprise", "eu-west-1", "eu-central-1"),
    "https://intern.awsapps.com/start": Organisation("idc", "Internal", "us-west-2", "us-east-1"),
}
"""Start URLs that somebody can sign in to."""


def new_arn(region: str, name: str) -> str:
    """An invented profile of an account (specs/kiro.md 5)."""
    digest = hashlib.sha256(name.encode()).hexdigest().upper()
    return f"arn:aws:codewhisperer:{region}:444455556666:profile/{digest[:12]}"


class KiroAccount(Struct, kw_only=True):
    """One account. `name` is also its first access token. `arn` None: the account has no profile.

    `more_arns`: further profiles. `region`, `start_url`, `client_id`: of AWS SSO OIDC (`client_id` also of an external
    IdP). `renewable`: there is a refresh token. `expires_at`: Unix seconds of the current access token, 0 = never.
    `reused`: how often a refresh token that was already used came back. `revoked`: both tokens are dead. `credits`:
    spent so far.
    """

    name: str
    kind: Kind
    idp: str
    arn: str | None = None
    more_arns: tuple[str, ...] = ()
    region: str | None = None
    start_url: str | None = None
    email: str = "user@example.com"
    suspended: bool = False
    out_of_credits: bool = False
    client_id: str | None = None
    client_secret: str | None = None
    access_token: str = ""
    refresh_token: str = ""
    expires_at: float = 0.0
    generation: int = 0
    renewable: bool = True
    reused: int = 0
    revoked: bool = False
    credits: float = 41.37

    @property
    def token_type(self) -> str | None:
        """The `tokentype` header without which this account's token is not accepted."""
        return {"external_idp": "EXTERNAL_IDP", "api_key": "API_KEY"}.get(self.kind)

    @property
    def arns(self) -> tuple[str, ...]:
        """Every profile of the account."""
        return () if self.arn is None else (self.arn, *self.more_arns)

    @property
    def user_id(self) -> str:
        return f"d-0000000000.{self.name}"

    def credentials(self, kiro_url: str) -> dict[str, Any]:
        """The account as the IDE's token file has it (specs/kiro.md 2.1), plus its name and its client's secret.

        Absent members are left out. `kiro_url`: the emulator's root, for the token endpoint of an external IdP.
        """
        external = self.kind == "external_idp"
        fields: dict[str, Any] = {
            "name": self.name,
            "accessToken": self.access_token,
            "refreshToken": self.refresh_token or None,
            "expiresAt": datetime.fromtimestamp(self.expires_at, UTC).isoformat(timespec="milliseconds")
            if self.expires_at
            else None,
            "authMethod": _METHODS[self.kind],
            "provider": self.idp,
            "profileArn": self.arn if self.kind == "social" else None,
            "region": self.region,
            "clientId": self.client_id,
            "clientSecret": self.client_secret,
            "startUrl": self.start_url,
            "tokenEndpoint": f"{kiro_url}/idp/token" if external else None,
            "issuerUrl": f"{kiro_url}/idp" if external else None,
            "scopes": "openid offline_access" if external else None,
        }
        return {key: value for key, value in fields.items() if value is not None}


def builtin() -> list[KiroAccount]:
    """A fresh copy of every account."""
    return [
        KiroAccount(name="aoa-social", kind="social", idp="Google", arn=SOCIAL_ARN),
        KiroAccount(name="aoa-social-2", kind="social", idp="Github", arn=SOCIAL_ARN, email="other@example.com"),
        KiroAccount(name="aoa-idc-eu", kind="idc", idp="Enterprise", arn=_EU_ARN, region="eu-west-1",
                    client_id="demo-client-idc", client_secret=CLIENT_SECRET),
        KiroAccount(name="aoa-bid", kind="builder_id", idp="BuilderId", region="us-east-1",
                    start_url=BUILDER_START, client_id="demo-client-bid", client_secret=CLIENT_SECRET),
        KiroAccount(name="jwt-ext", kind="external_idp", idp="ExternalIdp", arn=_EXT_ARN, client_id=EXT_CLIENT),
        KiroAccount(name="ksk_test", kind="api_key", idp="ApiKey", arn=_KEY_ARN),
        KiroAccount(name="aoa-suspended", kind="social", idp="Google", arn=SOCIAL_ARN, suspended=True),
        KiroAccount(name="aoa-quota", kind="social", idp="Google", arn=SOCIAL_ARN, out_of_credits=True),
    ]  # fmt: skip
