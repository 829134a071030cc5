"""Settings: one typed declaration, `flag > A2A_* environment > config.toml > default`, and the origin of each value.

Nothing outside this room reads the environment; settings are passed in, not imported.

    declare     the Structs: a field is a setting
    names       providers, keys and variables by name
    toml_file   config.toml with line numbers
    tables      [[accounts]] and [[clients]]
    routing     [aliases], [models.NAME] and the fallback chains
    load        the layers, and their precedence
    describe    what `a2a config show` prints
"""

from a2a.config.declare import (
    AccountDecl,
    AliasDecl,
    ClientDecl,
    ModelDecl,
    ModelPrice,
    ProviderSettings,
    ServerSettings,
    Settings,
)
from a2a.config.describe import SettingView, describe, in_words, mask
from a2a.config.load import load
from a2a.config.names import CREDENTIAL_KIND, PROVIDER_SHORT, CredentialKind, did_you_mean, near, provider_id
from a2a.config.tables import ALIAS

__all__ = [
    "ALIAS",
    "CREDENTIAL_KIND",
    "PROVIDER_SHORT",
    "AccountDecl",
    "AliasDecl",
    "ClientDecl",
    "CredentialKind",
    "ModelDecl",
    "ModelPrice",
    "ProviderSettings",
    "ServerSettings",
    "SettingView",
    "Settings",
    "describe",
    "did_you_mean",
    "in_words",
    "load",
    "mask",
    "near",
    "provider_id",
]
