"""Settings: precedence, origins, and mistakes that name file, line and the nearest right key."""

from __future__ import annotations

from pathlib import Path

import pytest

from a2a.config import PROVIDER_SHORT, Settings, describe, load, provider_id
from a2a.config.toml_file import TomlFile
from a2a.errors import ConfigError, UsageError
from a2a.secret import Secret


def settings(tmp_path: Path, text: str = "", flags: dict[str, object] | None = None, **env: str) -> Settings:
    """Load `text` as the config.toml of a home of its own."""
    (tmp_path / "config.toml").write_text(text)
    return load(flags, env={"A2A_HOME": str(tmp_path), **env})


def wrong(tmp_path: Path, text: str, **env: str) -> str:
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, text, **env)
    return str(caught.value).replace(str(tmp_path) + "/", "")


def test_defaults(tmp_path: Path) -> None:
    found = load(env={"A2A_HOME": str(tmp_path)})
    assert (found.server.host, found.server.port, found.credential_store) == ("localhost", 3000, "keyring")
    assert found.config_file is None
    assert found.origins["server.port"] == "default"


def test_flag_beats_variable_beats_file_beats_default(tmp_path: Path) -> None:
    text = "[server]\nport = 1\nrequest_max_retries = 1\nrequest_base_delay = 1\n"
    env = {"A2A_PORT": "2", "A2A_REQUEST_MAX_RETRIES": "2"}
    found = settings(tmp_path, text, {"port": 3}, **env)
    server = found.server
    assert (server.port, server.request_max_retries, server.request_base_delay, server.max_body_mib) == (3, 2, 1, 32)
    origins = [found.origins[f"server.{k}"] for k in ("port", "request_max_retries", "request_base_delay")]
    assert origins == ["--port", "A2A_REQUEST_MAX_RETRIES", "config.toml:4"]


def test_a_flag_that_was_not_given_is_none(tmp_path: Path) -> None:
    assert settings(tmp_path, "[server]\nport = 1", {"port": None}).server.port == 1


def test_provider_tables_take_ids_and_short_names(tmp_path: Path) -> None:
    text = '[providers.KIRO]\nregion = "eu-central-1"\n[providers.openai-custom]\nrpm = 5\n'
    found = settings(tmp_path, text, A2A_KIRO_BASE_URL="http://127.0.0.1:1")
    assert found.provider("claude-kiro-oauth").region == "eu-central-1"
    assert found.provider("claude-kiro-oauth").base_url == "http://127.0.0.1:1"
    assert found.provider("openai-custom").rpm == 5
    assert found.provider("claude-custom").rpm is None
    assert found.origins["providers.claude-kiro-oauth.region"] == "config.toml:2"
    assert found.origins["providers.claude-kiro-oauth.base_url"] == "A2A_KIRO_BASE_URL"


def test_variables_of_a_two_word_short_name(tmp_path: Path) -> None:
    found = settings(tmp_path, A2A_GEMINI_KEY_BASE_URL="http://g")
    assert found.provider("gemini-custom").base_url == "http://g"


@pytest.mark.parametrize(("text", "value"), [("1", True), ("no", False), ("TRUE", True), ("off", False)])
def test_switches_from_variables(tmp_path: Path, text: str, value: bool) -> None:
    assert settings(tmp_path, A2A_AFFINITY=text).server.affinity is value


def test_lists_from_variables_flags_and_the_file(tmp_path: Path) -> None:
    text = '[server]\nallow_host = ["a", "b"]\n'
    assert settings(tmp_path, text).server.allow_host == ["a", "b"]
    assert settings(tmp_path, text, A2A_ALLOW_HOST="c, d").server.allow_host == ["c", "d"]
    assert settings(tmp_path, text, {"allow_host": ["e", "f,g"]}).server.allow_host == ["e", "f", "g"]


def test_the_default_chain_holds_ids(tmp_path: Path) -> None:
    found = settings(tmp_path, flags={"model_provider": "Kiro,openai-custom"})
    assert found.server.model_provider == ["claude-kiro-oauth", "openai-custom"]


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    assert settings(tmp_path, A2A_PORT="").server.port == 3000


def test_another_file(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text("[server]\nport = 7\n")
    env = {"A2A_HOME": str(tmp_path / "h")}
    assert load({"config": str(other)}, env=env).server.port == 7
    found = load(env={**env, "A2A_CONFIG": str(other)})
    assert (found.server.port, found.config_file) == (7, str(other))


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        load({"config": str(tmp_path / "none.toml")}, env={})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[server]\nport = 1\nprot = 2\n", "config.toml:3: [server] has no key 'prot' (did you mean port?)"),
        ("[serve]\n", "config.toml:1: the file has no key 'serve' (did you mean server?)"),
        ("\n[providers.kiro]\nbase_ur = 'x'\n", "config.toml:3: [providers.kiro] has no key 'base_ur' "),
        ("[providers.kirro]\n", "config.toml:1: no provider is called 'kirro' (did you mean kiro?)"),
        ("[providers.openai]\noidc_url = 'x'\n", "config.toml:2: [providers.openai] has no key 'oidc_url'"),
        ("[providers.kiro]\n[providers.claude-kiro-oauth]\n", "config.toml:2: claude-kiro-oauth has two tables"),
        ("[server]\nport = 'x'\n", "config.toml:2: port: expected a whole number, got text"),
        ("[server]\nport = 70000\n", "config.toml:2: port: expected a whole number <= 65535"),
        ("[server]\nstrategy = 'weigted'\n", "config.toml:2: strategy: there is no 'weigted' (did you mean weighted"),
        ("[server]\nstrategy = weighted\n", "config.toml:2: not valid TOML: Invalid value (text stands in quotes"),
        ("[server]\n[server]\n", "config.toml:2: not valid TOML: the table [server] is declared twice (its keys"),
        ("[server]\nport = 1\nport = 2\n", "config.toml:3: not valid TOML: Cannot overwrite a value (that key stands"),
        (
            "[providers.openai]\nbase_url = 'ftp://x'\n",
            "config.toml:2: the URL is no http(s) URL (for example https://",
        ),
        ("[[accounts]]\nprovider='openai'\nbase_url='llm.example'\napi_key_env='K'\n", "config.toml:3: the URL is no"),
        ("[server]\nallow_origin = ['foo']\n", "config.toml:2: 'foo' is no origin (for example http://localhost:5173"),
        ("[server]\nallow_origin = ['http://a/b']\n", "config.toml:2: 'http://a/b' is no origin"),
        ("[server]\nfetch_media_allow = ['10.0.0.7']\n", "config.toml:2: '10.0.0.7' is no origin"),
        ("[server]\nstrategy = 'best'\n", "config.toml:2: strategy: there is no 'best'"),
        ("[server]\nmodel_provider = ['openai',\n 'x']\n", "config.toml:2: no provider is called 'x'"),
        ("server = 1\n", "config.toml:1: server must be a table"),
        ("a = 1\n\nb = \n", "config.toml:3: not valid TOML"),
        ("[server]\nopenai_api_key = 'sk-1'\n", "config.toml:2: openai_api_key is a secret"),
        ("[[accounts]]\nprovider = 'openai'\n", "config.toml:1: exactly one of api_key_env and api_key_file is needed"),
        ("[[accounts]]\nname = 'x'\n", "config.toml:1: provider is missing"),
        ("[[accounts]]\nprovider='openai'\napi_key='sk-1'\n", "config.toml:3: secrets are not written into the file"),
        (
            "[[accounts]]\nprovider='openai'\nnam='x'\n",
            "config.toml:3: [[accounts]] has no key 'nam' (did you mean name",
        ),
        ("[[accounts]]\nprovider='openai'\nweight=0\n", "config.toml:3: weight: expected a whole number >= 1"),
        ("[[accounts]]\nprovider='openai'\nname='a b'\napi_key_env='K'\n", "config.toml:1: 'a b' is no account name"),
        ("[[accounts]]\nprovider='qwen'\n", "config.toml:1: exactly one of api_key_env, api_key_file, credentials_"),
        ("[[accounts]]\nprovider='gemini'\napi_key_env='K'\n", "config.toml:1: api_key_env means nothing"),
        ("[[accounts]]\nprovider='openai'\nplan='coding'\n", "config.toml:1: plan means nothing"),
        ("[providers.gemini]\noauth_client_secret='s'\n", "config.toml:2: secrets are not written into the file"),
        ("[providers.kiro]\ndummy_tool='off'\n", "config.toml:2: [providers.kiro] has no key 'dummy_tool'"),
        ("[[accounts]]\nprovider='openai'\ncredentials_file='x'\n", "config.toml:1: credentials_file means nothing"),
        ("[accounts]\n", "config.toml:1: accounts is a list of tables (write [[accounts]])"),
        ("[[clients]]\nname='x'\n", "config.toml:1: exactly one of key_env and key_file is needed"),
    ],
)
def test_a_mistake_names_file_line_and_nearest_key(tmp_path: Path, text: str, message: str) -> None:
    told = wrong(tmp_path, text)
    assert told.startswith(message)
    assert "sk-1" not in told


def test_two_accounts_of_one_name(tmp_path: Path) -> None:
    entry = "[[accounts]]\nprovider='{}'\nname='x'\napi_key_env='K'\n"
    told = wrong(tmp_path, entry.format("openai") + entry.format("openai-custom"))
    assert told.startswith("config.toml:5: openai-custom already has an account called 'x'")


def test_a_bad_variable_is_named(tmp_path: Path) -> None:
    assert wrong(tmp_path, "", A2A_PORT="many").startswith("A2A_PORT: port: expected a whole number")
    assert wrong(tmp_path, "", A2A_CREDENTIAL_STORE="vault").startswith("A2A_CREDENTIAL_STORE is 'vault'")


def test_a_bad_flag_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--port"):
        settings(tmp_path, flags={"port": "many"})
    with pytest.raises(UsageError, match="did you mean port"):
        settings(tmp_path, flags={"prot": 1})


def test_an_almost_right_variable_is_a_problem_not_an_end(tmp_path: Path) -> None:
    found = settings(tmp_path, A2A_PROT="1", A2A_ZZZZZZZZ="belongs to somebody else")
    assert found.problems == ["the variable A2A_PROT is not a setting of a2a: did you mean A2A_PORT?"]


def test_client_keys_are_resolved(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-file\n")
    text = "[[clients]]\nname='a'\nkey_env='A2A_LAPTOP'\n[[clients]]\nname='b'\nkey_file='key'\n"
    found = settings(tmp_path, text, A2A_LAPTOP="from-env")
    assert {name: key.reveal() for name, key in found.client_keys.items()} == {"a": "from-env", "b": "from-file"}
    assert found.problems == []


def test_a_missing_client_key_is_a_problem(tmp_path: Path) -> None:
    found = settings(tmp_path, "[[clients]]\nname='a'\nkey_env='NONE'\n\n[[clients]]\nname='b'\nkey_file='none'\n")
    assert found.client_keys == {}
    assert "config.toml:1: the key of client 'a' is not accepted: the variable NONE is not set" in found.problems[0]
    assert "config.toml:5: the key of client 'b' is not accepted" in found.problems[1]


def test_secrets_of_declared_accounts_come_along(tmp_path: Path) -> None:
    text = "[[accounts]]\nprovider='openai'\napi_key_env='KIMI'\n[[accounts]]\nprovider='kiro'\ncredentials_env='K2'\n"
    found = settings(tmp_path, text, KIMI=" k \n", OTHER="x")
    assert found.env_secrets == {"KIMI": Secret("k")}


@pytest.mark.parametrize(
    ("text", "env", "secret"),
    [
        ("oauth_client_secret_env='SEC'", {"SEC": "from-env"}, "from-env"),
        ("oauth_client_secret_file='sec'", {}, "from-file"),
        ("oauth_client_secret_env='SEC'", {"SEC": "x", "A2A_GEMINI_OAUTH_CLIENT_SECRET": "own"}, "own"),
    ],
)
def test_the_oauth_client_s_secret_comes_by_reference(
    tmp_path: Path, text: str, env: dict[str, str], secret: str
) -> None:
    (tmp_path / "sec").write_text("from-file\n")
    found = settings(tmp_path, f"[providers.gemini]\n{text}\n", **env)
    assert found.provider("gemini-cli-oauth").oauth_client_secret == Secret(secret)
    assert secret not in repr(describe(found))


def test_a_missing_client_secret_is_a_problem(tmp_path: Path) -> None:
    found = settings(tmp_path, "[providers.gemini]\noauth_client_secret_env='NONE'\n")
    assert found.problems == ["gemini-cli-oauth: the OAuth client secret cannot be had: the variable NONE is not set"]


def test_paths_in_the_file_count_from_the_file(tmp_path: Path) -> None:
    found = settings(tmp_path, "[[accounts]]\nprovider='kiro'\ncredentials_file='t.json'\n")
    assert found.accounts[0].credentials_file == str(tmp_path / "t.json")


def test_describe_masks_secrets_and_names_origins(tmp_path: Path) -> None:
    text = "[[accounts]]\nprovider='openai'\napi_key_env='KIMI'\n[providers.kiro]\nproxy='http://u:pw@p'\n"
    found = settings(tmp_path, text, {"claude_api_key": "sk-claude"}, A2A_API_KEY="sk-server", KIMI="sk-kimi")
    rows = {row.name: row for row in describe(found)}
    assert (rows["server.api_key"].value, rows["server.api_key"].origin) == ("***", "A2A_API_KEY")
    assert rows["server.claude_api_key"].origin == "--claude-api-key"
    assert rows["providers.claude-kiro-oauth.proxy"].value == "http://***@p"
    assert rows["accounts[0]"].value == {"provider": "openai-custom", "api_key_env": "KIMI"}
    assert rows["accounts[0]"].origin == "config.toml:1"
    assert not any(secret in repr((rows, found)) for secret in ("sk-server", "sk-claude", "sk-kimi"))
    assert "pw" not in repr(rows)


@pytest.mark.parametrize("name", [*PROVIDER_SHORT, *PROVIDER_SHORT.values(), "KIRO", "OpenAI-Custom", " gemini "])
def test_providers_by_any_of_their_names(name: str) -> None:
    assert provider_id(name) in PROVIDER_SHORT


def test_lines_of_keys_in_every_form() -> None:
    text = (
        "# head\n\n[a]\nx = [\n  1,\n]\ny = '''\n[not.a.table]\n'''\n"
        "[[b]]\nk = 1\n[[b]]\nk = { in = 2 }\n[b.sub]\nz.w = 1\n"
    )
    file = TomlFile(Path("/f/config.toml"), text)
    assert file.where(("a", "x")) == "config.toml:4"
    assert file.where(("a", "y")) == "config.toml:7"
    assert file.where(("b", 0, "k")) == "config.toml:11"
    assert file.where(("b", 1, "k", "in")) == "config.toml:13"
    assert file.where(("b", 1, "sub", "z", "w")) == "config.toml:15"
    assert file.where(("a", "none")) == "config.toml:3"
    assert file.where(("none",)) == "config.toml"


def test_windows_line_ends() -> None:
    assert TomlFile(Path("c.toml"), "[a]\r\nx = 1\r\n").where(("a", "x")) == "c.toml:2"


@pytest.mark.parametrize(
    "origin", ["*", "http://localhost:5173", "https://app.example", "http://[::1]:80", "tauri://localhost", "http://a/"]
)
def test_origins_of_pages_and_apps(tmp_path: Path, origin: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"[server]\nallow_origin = ['{origin}']\n")
    assert load({"config": str(file)}, env={}).server.allow_origin == [origin]


def test_a_flag_that_is_no_origin_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--allow-origin: 'foo' is no origin"):
        load({"allow_origin": ["foo"]}, env={"A2A_HOME": str(tmp_path)})
