"""`flag > A2A_* environment > config.toml > default`, with each value's origin. The only reader of the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast, get_args, get_origin

import msgspec
from msgspec import structs

from a2a.config import mistakes, parameters, prompts, proxies, urls, web_origins
from a2a.config.declare import AccountDecl, ClientDecl, ProviderSettings, ServerSettings, Settings, StoreKind
from a2a.config.names import (
    FILE_ONLY,
    PROVIDER_SHORT,
    SECRET_FLAGS,
    did_you_mean,
    near,
    provider_id,
    provider_keys,
    provider_variable,
    server_keys,
    server_variable,
    variables,
)
from a2a.config.routing import aliases_of, models_of, remarks
from a2a.config.surroundings import read as read_surroundings
from a2a.config.tables import accounts_of, clients_of, one_prompt
from a2a.config.toml_file import KeyPath, TomlFile, read
from a2a.errors import A2AError, ConfigError, UsageError
from a2a.paths import folders
from a2a.secret import Secret

_PATHS = frozenset({"system_prompt_file", "record", "replay"})
"""Settings that name a file or folder of the user's and are read while serving."""
_CHECKS: Mapping[str, tuple[Callable[[Any], str | None], str]] = {
    "proxy": (proxies.trouble, proxies.HINT),
    "*_url": (urls.trouble, urls.HINT),
    "allow_origin": (web_origins.trouble, web_origins.HINT),
    "fetch_media_allow": (web_origins.trouble, web_origins.HINT),
}
"""Key -> what is wrong with its value, in words, and the hint."""
_GLOBAL_FLAGS = frozenset({"config"})
_BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


class _Found(NamedTuple):
    """A value as given, where it was given, and the error to raise if it does not fit.

    `typed`: it came from the file with a type of its own; otherwise it may be text for a number, a switch or a list.
    """

    value: Any
    origin: str
    place: str
    error: type[A2AError]
    typed: bool = False


def load(flags: Mapping[str, object] | None = None, *, env: Mapping[str, str] | None = None) -> Settings:
    """Settings from these flags (`server` keys and `config`; None = not given) and this environment (default: ours).

    Raises ConfigError (file, line, nearest key) and UsageError (a flag's value).
    """
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    if strange := [key for key in given if key not in _GLOBAL_FLAGS and key not in server_keys()]:
        raise UsageError(f"no setting is called {strange[0]!r}", hint=did_you_mean(strange[0], server_keys()))
    variables_set = os.environ if env is None else env
    return _Loader(given, variables_set).settings()


class _Loader:
    """One run of `load`: holds the layers and collects origins and problems."""

    def __init__(self, flags: Mapping[str, object], env: Mapping[str, str]) -> None:
        self.flags = flags
        self.env = env
        self.folders = folders(env.get("A2A_HOME"))
        self.file = self._open_file()
        self.origins: dict[str, str] = {}
        self.problems: list[str] = []

    def settings(self) -> Settings:
        file = self.file
        server = self._server()
        providers = self._providers()
        accounts = accounts_of(file) if file else []
        clients = clients_of(file) if file else []
        aliases = aliases_of(file) if file else {}
        models = models_of(file) if file else {}
        for kind, names in (("aliases", aliases), ("models", models)):
            self.origins |= {f"{kind}.{name}": file.where((kind, name)) for name in names if file}
        self.problems += remarks(file) if file else []
        secrets = self._env_secrets(accounts)
        for kind, entries in (("accounts", accounts), ("clients", clients)):
            self.origins |= {f"{kind}[{n}]": file.where((kind, n)) for n in range(len(entries)) if file}
        self._remark_on_variables(accounts, clients)
        made = Settings(
            server=server,
            providers=providers,
            accounts=accounts,
            clients=clients,
            client_keys=self._client_keys(clients),
            aliases=aliases,
            models=models,
            env_secrets=secrets,
            credential_store=self._credential_store(),
            url=self._url(),
            folders=self.folders,
            env_proxies=proxies.read(self.env),
            surroundings=read_surroundings(self.env),
            origins=self.origins,
            config_file=str(file.path) if file else None,
            problems=self.problems,
        )
        prompts.read(made)
        return made

    def _open_file(self) -> TomlFile | None:
        """The named file, which must exist, or the one in the config folder if there is one."""
        named = self.flags.get("config") or self.env.get("A2A_CONFIG")
        path = Path(str(named)).expanduser().absolute() if named else self.folders.config_file
        if not named and not path.exists():
            return None
        file = read(path)
        _check_keys(file, (), file.data, ("server", "providers", "accounts", "clients", "aliases", "models"))
        return file

    def _table(self, *path: str) -> dict[str, Any]:
        """A table of the file, {} where it is absent."""
        table: dict[str, Any] = self.file.data if self.file else {}
        for depth, key in enumerate(path, 1):
            inner = table.get(key, {})
            if not isinstance(inner, dict):
                assert self.file is not None
                raise ConfigError(f"{self.file.place(path[:depth])}: {'.'.join(path[:depth])} must be a table")
            table = inner
        return table

    def _server(self) -> ServerSettings:
        table = self._table("server")
        if self.file:
            self._refuse_secrets(self.file, table)
            _check_keys(self.file, ("server",), table, server_keys())
        values = self._resolve(ServerSettings, "server", server_keys(), lambda key: self._find_server(key, table))
        server = ServerSettings(**values)
        if server.model_provider:
            origin = self.origins["server.model_provider"]
            server.model_provider = [_provider_at(name, origin) for name in server.model_provider]
        return server

    def _refuse_secrets(self, file: TomlFile, table: dict[str, Any]) -> None:
        for key in sorted(SECRET_FLAGS & table.keys()):
            raise ConfigError(
                f"{file.place(('server', key))}: {key} is a secret and has no place in the file",
                hint=f"declare an [[accounts]] entry, or set {server_variable(key)}",
            )

    def _find_server(self, key: str, table: dict[str, Any]) -> _Found | None:
        if key in self.flags:
            flag = "--" + key.replace("_", "-")
            return _Found(self.flags[key], flag, flag, UsageError)
        return self._find(server_variable(key), ("server", key), table)

    def _find(self, variable: str | None, path: KeyPath, table: dict[str, Any]) -> _Found | None:
        """The variable's value, or the file's."""
        if variable and self.env.get(variable):
            return _Found(self.env[variable], variable, variable, ConfigError)
        if path[-1] in table and self.file:
            return _Found(table[path[-1]], self.file.where(path), self.file.place(path), ConfigError, typed=True)
        return None

    def _providers(self) -> dict[str, ProviderSettings]:
        tables = self._provider_tables()
        found: dict[str, ProviderSettings] = {}
        for provider in PROVIDER_SHORT:
            name, table = tables.get(provider, (provider, {}))
            keys = provider_keys(provider)
            if self.file:
                _check_keys(self.file, ("providers", name), table, keys)

            def find(key: str, name: str = name, provider: str = provider, table: Any = table) -> _Found | None:
                variable = None if key in FILE_ONLY else provider_variable(provider, key)
                return self._find(variable, ("providers", name, key), table)

            if self.file and "oauth_client_secret" in table:
                place = self.file.place(("providers", name, "oauth_client_secret"))
                raise ConfigError(
                    f"{place}: secrets are not written into the file",
                    hint="use oauth_client_secret_env or oauth_client_secret_file",
                )
            if self.file and "parameters" in table:
                parameters.check(self.file, ("providers", name, "parameters"), table["parameters"])
            values = self._resolve(ProviderSettings, f"providers.{provider}", keys, find, defaults=False)
            if values:
                found[provider] = ProviderSettings(**values)
                one_prompt(f"[providers.{name}]", found[provider])
                self._client_secret(provider, found[provider])
        return found

    def _provider_tables(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Provider id -> (the name it has in the file, its table)."""
        tables: dict[str, tuple[str, dict[str, Any]]] = {}
        for name in self._table("providers"):
            assert self.file is not None
            place = self.file.place(("providers", name))
            provider = _provider_at(name, place)
            if provider in tables:
                raise ConfigError(f"{place}: {provider} has two tables")
            tables[provider] = (name, self._table("providers", name))
        return tables

    def _resolve(
        self,
        struct: type[msgspec.Struct],
        prefix: str,
        keys: tuple[str, ...],
        find: Callable[[str], _Found | None],
        *,
        defaults: bool = True,
    ) -> dict[str, Any]:
        """The values that were given, as the declared types; `defaults`: note the origin of the others too."""
        types = {f.name: f.type for f in structs.fields(struct)}
        values: dict[str, Any] = {}
        for key in keys:
            found = find(key)
            if found:
                values[key] = _convert(found, key, types[key])
                if key in _PATHS and values[key]:
                    values[key] = self._absolute(values[key], found)
                check = _CHECKS.get("*_url" if key.endswith("_url") else key)
                if check and values[key] and (told := check[0](values[key])):
                    raise found.error(f"{found.place}: {told}", hint=check[1])
            if found or defaults:
                self.origins[f"{prefix}.{key}"] = found.origin if found else "default"
        return values

    def _absolute(self, name: str, found: _Found) -> str:
        """A path of the file counts from its folder, any other from here."""
        path = Path(name).expanduser()
        return str(self.file.path.parent / path if found.typed and self.file else path.absolute())

    def _credential_store(self) -> StoreKind:
        given = self.env.get("A2A_CREDENTIAL_STORE")
        value = given or "keyring"
        self.origins["credential_store"] = "A2A_CREDENTIAL_STORE" if given else "default"
        if value not in get_args(StoreKind):
            raise ConfigError(f"A2A_CREDENTIAL_STORE is {value!r}", hint="it may be keyring or file")
        return cast("StoreKind", value)

    def _url(self) -> str | None:
        given = self.env.get("A2A_URL", "").strip().rstrip("/")
        self.origins["url"] = "A2A_URL" if given else "default"
        if given and not given.startswith(("http://", "https://")):
            raise ConfigError("A2A_URL is no http(s) URL", hint="for example http://127.0.0.1:3000")
        return given or None

    def _env_secrets(self, accounts: list[AccountDecl]) -> dict[str, Secret]:
        names = {name for a in accounts for name in (a.api_key_env, a.credentials_env) if name}
        return {name: Secret(self.env[name].strip()) for name in sorted(names) if self.env.get(name, "").strip()}

    def _client_keys(self, clients: list[ClientDecl]) -> dict[str, Secret]:
        keys: dict[str, Secret] = {}
        for number, client in enumerate(clients):
            assert self.file is not None
            key, trouble = self._client_key(client)
            if key:
                keys[client.name] = Secret(key)
            else:
                place = self.file.place(("clients", number))
                self.problems.append(f"{place}: the key of client {client.name!r} is not accepted: {trouble}")
        return keys

    def _client_key(self, client: ClientDecl) -> tuple[str, str]:
        return self._referred(client.key_env, client.key_file)

    def _client_secret(self, provider: str, table: ProviderSettings) -> None:
        """The OAuth client's secret by reference; its own variable wins."""
        if table.oauth_client_secret or not (table.oauth_client_secret_env or table.oauth_client_secret_file):
            return
        secret, trouble = self._referred(table.oauth_client_secret_env, table.oauth_client_secret_file)
        if secret:
            table.oauth_client_secret = Secret(secret)
        else:
            self.problems.append(f"{provider}: the OAuth client secret cannot be had: {trouble}")

    def _referred(self, variable: str | None, file: str | None) -> tuple[str, str]:
        """The secret that a variable or a file holds, or "" and what is wrong."""
        if variable:
            return self.env.get(variable, "").strip(), f"the variable {variable} is not set"
        path = (self.file.path.parent if self.file else Path()) / Path(file or "").expanduser()
        try:
            return path.read_text(encoding="utf-8").strip(), f"{path} is empty"
        except (OSError, UnicodeDecodeError) as exc:
            return "", f"{path} cannot be read: {getattr(exc, 'strerror', None) or exc}"

    def _remark_on_variables(self, accounts: list[AccountDecl], clients: list[ClientDecl]) -> None:
        """A2A_* variables that are almost a setting. Others may belong to another program with these letters."""
        referred = {a.api_key_env for a in accounts} | {a.credentials_env for a in accounts}
        referred |= {c.key_env for c in clients}
        known = variables()
        for name in sorted(self.env):
            if name.startswith("A2A_") and name not in known and name not in referred and (hit := near(name, known)):
                self.problems.append(f"the variable {name} is not a setting of a2a: did you mean {hit}?")


def _provider_at(name: str, place: str) -> str:
    try:
        return provider_id(name)
    except ConfigError as exc:
        raise ConfigError(f"{place}: {exc.message}", hint=exc.hint) from None


def _check_keys(file: TomlFile, path: KeyPath, table: dict[str, Any], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            table_name = f"[{'.'.join(map(str, path))}]" if path else "the file"
            raise ConfigError(
                f"{file.place((*path, key))}: {table_name} has no key {key!r}",
                hint=did_you_mean(key, known, "keys: " + ", ".join(known)),
            )


def _convert(found: _Found, key: str, kind: Any) -> Any:
    value = found.value if found.typed else _from_text(found.value, kind)
    try:
        return msgspec.convert(value, kind, strict=found.typed, dec_hook=to_secret)
    except msgspec.ValidationError as exc:
        words = _words_of(kind)
        hint = f"it may be {', '.join(words)}" if words else None
        if words and isinstance(value, str) and (hit := near(value, words)):
            hint = f"did you mean {hit}? {hint}"
        raise found.error(f"{found.place}: {key}: {mistakes.of_value(str(exc))}", hint=hint) from None


def _words_of(kind: Any) -> list[str]:
    """The words that a setting of fixed words may be."""
    return [word for part in (kind, *get_args(kind)) if get_origin(part) is Literal for word in get_args(part)]


def _from_text(value: Any, kind: Any) -> Any:
    """A list from text with commas (or from several of them, a flag that was repeated), a switch from its words."""
    if _is_list(kind):
        pieces = value if isinstance(value, list | tuple) else (value,)
        return [part.strip() for piece in pieces for part in str(piece).split(",") if part.strip()]
    if isinstance(value, str) and (kind is bool or bool in get_args(kind)):
        return _BOOLEANS.get(value.strip().lower(), value)
    return value


def _is_list(kind: Any) -> bool:
    return any(getattr(part, "__origin__", None) is list for part in (kind, *get_args(kind)))


def to_secret(kind: type, value: Any) -> Any:
    """msgspec hook: text where a Secret is declared."""
    if kind is Secret and isinstance(value, Secret):
        return value
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError(f"Expected `str`, got `{type(value).__name__}`")
