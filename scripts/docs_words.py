"""What settings do and failures mean, in words, for docs/config.md and docs/errors.md. Everything else on these pages
comes from the code itself."""

from __future__ import annotations

from a2a.messages import FailureKind

CONFIG_INTRO = """
Every setting has one origin: a flag of `a2a serve`, else an `A2A_*` variable, else `config.toml`, else its default.
`a2a config show` prints each value with its origin, `a2a config path` the file, `a2a config validate` checks it, and
`a2a config reload` has the servers that run read it now (they look at it by themselves too). A key that does not exist
is an error that names the line and the nearest key that does.

A server key `x_y` is the flag `--x-y` (where `a2a serve --help` has one), the variable `A2A_X_Y` and `x_y` under
`[server]`. Lists are comma-separated in variables. Durations are seconds where the name ends in `_s`; 0 means none.

```toml
[server]
port = 3000
model_provider = ["kiro", "openai"]     # the default chain

[providers.kiro]                        # short names work here too
max_concurrency = 4

[[accounts]]                            # an account without `a2a login`: secrets by reference only
provider = "openai-custom"
name = "kimi"
preset = "kimi"
api_key_env = "KIMI_API_KEY"

[[accounts]]
provider = "claude-kiro-oauth"
name = "work"
credentials_file = "~/.aws/sso/cache/kiro-auth-token.json"

[[clients]]                             # a key of its own for one more client
name = "laptop"
key_env = "LAPTOP_KEY"

[aliases]                               # names of your own for models (routing.md)
fast = "openai/gpt-5-mini"
"claude-3-*" = "kiro/claude-sonnet-4.5"

[models."kiro/claude-opus-4.6"]         # what is special about one model
fallback = ["claude/claude-opus-4-6"]
```

Four variables have no key in the file:

- `A2A_HOME`: one folder for everything: `config.toml`, `data/`, `state/`, `cache/`. Without it the folders
  the system has for them.
- `A2A_CONFIG`: another `config.toml`, as `--config`.
- `A2A_CREDENTIAL_STORE`: `keyring` (default) or `file`, where secrets are kept. Where there is no usable keyring, files
  that only the user can read (0600) take over, and that is said once.
- `A2A_URL`: the server that `a2a accounts` talks to ([control API](control.md)). Without it the servers that run with
  the same folders are found by themselves.
"""

SERVER = {
    "host": "Where to listen. `localhost` is 127.0.0.1 and ::1. Any other host needs an `api_key` given explicitly.",
    "port": "0 picks a free port.",
    "api_key": "The key clients send. Without one a random key is made at the first start, see "
    "`a2a config show --secrets`. At least 16 characters where the host is not loopback.",
    "model_provider": "The default chain: in which order providers that serve the same model are tried, and who gets a "
    "name no catalogue knows ([routing](routing.md)).",
    "request_max_retries": "Further tries at the same account when no other can serve ([retries](pool.md#retries)).",
    "request_base_delay": "Milliseconds at most before the first of them; doubled with each.",
    "connect_timeout_s": "To an upstream.",
    "first_byte_timeout_s": "From the request to the upstream's first event. Kiro: 90.",
    "idle_timeout_s": "Between two pieces of an upstream's stream. Kiro: 300.",
    "total_timeout_s": "For the whole upstream call.",
    "commit_after_s": "A streaming client gets its 200 and keep-alives after this much silence. From then on an error "
    "comes inside the stream.",
    "keepalive_s": "Between two keep-alives.",
    "max_body_mib": "Largest request body.",
    "strategy": "How the accounts of a provider take turns ([the pool](pool.md#who-is-asked)).",
    "affinity": "Keep a conversation on its account.",
    "queue_timeout_s": "How long a request may wait for a slot and for retries, from its arrival on; 0: not at all "
    "([the pool](pool.md)).",
    "proxy": "Proxy for everything that goes out: calls, logins, token renewals, downloads. `http://`, `https://` or "
    "`socks5://`, with `user:password@` where it wants a login; the proxy resolves names. `direct` is none. "
    "Without it the standard variables (`https_proxy`, `all_proxy`, `no_proxy` …) hold. `no_proxy` exempts from this "
    "setting too, and this machine is reached directly; a proxy of a provider or an account holds for all its URLs.",
    "default_model": "What `a2a chat` asks for without `-m`.",
    "system_prompt_file": "A file with a system prompt for every request, read anew when it changes "
    "([prompts](prompts.md)).",
    "system_prompt_mode": "Instead of the client's system prompt, or behind it.",
    "record": "Folder that gets a cassette of each exchange ([cassettes](cassettes.md)).",
    "replay": "Folder of cassettes that are served instead of any upstream.",
    "replay_speed": "How fast their streams play: 1 as recorded, 2 twice as fast, 0 at once.",
    "fallback_explicit": "Whether `fallback` holds for a provider that the client itself has named too "
    "([routing](routing.md#fallback)).",
    "fetch_media": "Fetch images given by URL where the upstream cannot.",
    "fetch_media_allow": "Origins exempt from https and public addresses only.",
    "response_store": "Keep Responses answers in memory, so that `previous_response_id` works with every upstream.",
    "log_exchanges": "Record every exchange in `data/exchanges.db` ([the record](record.md)).",
    "log_bodies": "Record what clients and upstreams sent too, in both directions, without secrets.",
    "log_body_max_kib": "How much of each body is recorded: its beginning.",
    "log_keep_days": "How long exchanges are kept; 0: for ever.",
    "log_max_mib": "How large the store may grow, before its oldest exchanges go; 0: without limit.",
    "log_prompts": "Write each prompt and answer as a line of JSON: `console` is stderr, `file` a file in the data "
    "folder ([the record](record.md#the-prompt-log)). The bodies are recorded then too.",
    "prompt_log_base_name": "Of that file: `prompt_log-20261122-180000.jsonl`, with the time of the start.",
    "auto_cache": "Set cache points for Claude upstreams when a converted request has none.",
    "allow_host": "Host names accepted on a loopback listener besides loopback names (guards against DNS rebinding).",
    "allow_origin": "Origins of browser clients that may call (CORS).",
    "cron_near_minutes": "Renew tokens in the background that end sooner than this.",
    "cron_refresh_token": "Whether to.",
    "openai_api_key": "An `openai-custom` account for this run.",
    "openai_base_url": "Its base URL.",
    "claude_api_key": "A `claude-custom` account for this run.",
    "claude_base_url": "Its base URL.",
    "gemini_oauth_creds_base64": "A Code Assist account for this run: the credentials file as base64.",
    "gemini_oauth_creds_file": "A Code Assist account for this run: the credentials file, read in place.",
    "project_id": "Google Cloud project of that account.",
    "qwen_oauth_creds_file": "A Qwen account for this run: the credentials file, read in place.",
    "kiro_oauth_creds_base64": "A Kiro account for this run: the token file as base64.",
    "kiro_oauth_creds_file": "A Kiro account for this run: the token file, read in place.",
}

PROVIDERS = {
    "base_url": "Where the API is; `{region}` is filled in. Defaults: [below](#names-of-providers).",
    "auth_url": "The login and token service (kiro: of social logins; gemini: the consent page).",
    "token_url": "The token service.",
    "userinfo_url": "Who is logged in.",
    "paste_url": "The page that shows a code to paste, for a login without a browser here.",
    "portal_url": "The sign-in portal.",
    "start_url": "Start URL of AWS Builder ID.",
    "oauth_client_id": "An OAuth client of your own.",
    "oauth_client_secret": "Its secret.",
    "oauth_client_secret_env": "Variable that holds it.",
    "oauth_client_secret_file": "File that holds it.",
    "project_id": "Google Cloud project of its accounts.",
    "plan": "Which key plan its accounts have.",
    "auth_type_header": "Send the header that names the kind of login.",
    "dummy_tool": "Offer a tool that does nothing where a request has none.",
    "oidc_url": "Login and token refresh of Builder ID and Identity Center.",
    "management_url": "Model lists.",
    "legacy_url": "The older endpoint, for accounts without a profile.",
    "idp_allow": "Hosts (globs) that an external identity provider's token endpoint may have; with a scheme exactly "
    "that origin.",
    "connect_timeout_s": "As in `[server]`.",
    "first_byte_timeout_s": "As in `[server]`.",
    "idle_timeout_s": "As in `[server]`.",
    "total_timeout_s": "As in `[server]`.",
    "strategy": "As in `[server]`.",
    "affinity": "As in `[server]`.",
    "max_concurrency": "Requests at one time per account; 0 is no limit.",
    "min_interval_ms": "Between two requests of an account.",
    "rpm": "Requests per minute and account.",
    "tpm": "Tokens per minute and account.",
    "queue_timeout_s": "As in `[server]`.",
    "health_check_model": "A model for active health checks: an account unused for `health_check_every_s` "
    "gets one tiny request for it. Without it no quota is spent on checks.",
    "health_check_every_s": "How long an account must have been unused, at least 60.",
    "health_check_per_day": "Most checks per account and day.",
    "proxy": "As in `[server]`.",
    "region": "Region of the upstream; by default from the account's profile, else `us-east-1`.",
    "default_model": "As in `[server]`.",
    "models": "Names it is known to serve, besides what its own list says.",
    "fallback": "Who is asked where none of its accounts can serve: `provider`, `provider/model` or `model`, in order "
    "([routing](routing.md#fallback)).",
    "system_prompt": "A system prompt for its requests; an empty one is none ([prompts](prompts.md)).",
    "system_prompt_file": "The file that holds it, instead.",
    "system_prompt_mode": "As in `[server]`.",
    "parameters": "A table of `default`, `override` and `remove` ([parameter rules](prompts.md#parameter-rules)).",
    "user_agent": "Instead of `a2a/VERSION`.",
    "endpoint": "Which generation of the API; `auto` goes by the account.",
    "wire": "Form of the calls.",
    "origin": "The origin named in calls; `AI_EDITOR` without a value.",
    "write_back": "Renewed tokens also go into the IDE's file or kiro-cli's database they came from.",
}

ACCOUNTS = {
    "provider": "Id or short name.",
    "name": "Its alias: letters, digits and `. _ @ + -`. Default: the preset, the e-mail, else a number.",
    "preset": "A known service (`a2a login openai --preset x` lists them).",
    "base_url": "As in `[providers]`, for this account alone.",
    "management_url": "kiro: as in `[providers]`.",
    "legacy_url": "kiro: as in `[providers]`.",
    "auth_url": "As in `[providers]`.",
    "token_url": "gemini: as in `[providers]`.",
    "userinfo_url": "gemini: as in `[providers]`.",
    "oidc_url": "kiro: as in `[providers]`.",
    "api_key_env": "Variable that holds the key. This or `api_key_file`.",
    "api_key_file": "File that holds the key.",
    "credentials_file": "For logins: the official client's token file, read in place. This or `credentials_env`.",
    "credentials_env": "Variable that holds it, as JSON or base64.",
    "region": "As in `[providers]`.",
    "plan": "qwen: which key plan it has.",
    "project_id": "gemini: its Google Cloud project.",
    "priority": "Lower ones are asked first.",
    "weight": "Its share, with the strategy `weighted`.",
    "enabled": "`false` keeps it out.",
    "proxy": "As in `[server]`, for this account alone.",
    "max_concurrency": "As in `[providers]`, for this account alone.",
    "min_interval_ms": "As in `[providers]`, for this account alone.",
    "rpm": "As in `[providers]`, for this account alone.",
    "tpm": "As in `[providers]`, for this account alone.",
}

CLIENTS = {
    "name": "How the record calls it.",
    "key_env": "Variable that holds the key. This or `key_file`.",
    "key_file": "File that holds the key.",
    "system_prompt": "As in `[providers]`, before those of models ([prompts](prompts.md)).",
    "system_prompt_file": "The file that holds it, instead.",
    "system_prompt_mode": "As in `[server]`, for this client alone.",
    "parameters": "As in `[providers]`, before those of models.",
}

MODELS = {
    "context": "Most input tokens.",
    "max_output": "Most output tokens.",
    "input": "Kinds of content it reads, of `text`, `image`, `pdf`, `audio`, `video`.",
    "price": "A table of US dollars per million tokens: `input`, `cached_input`, `cache_write`, `output`.",
    "price_date": "When that price held: what a cost names as its basis.",
    "fallback": "As in `[providers]`, before that; `[]` is none.",
    "system_prompt": "As in `[providers]`, before that ([prompts](prompts.md)).",
    "system_prompt_file": "The file that holds it, instead.",
    "system_prompt_mode": "As in `[server]`, for this model alone.",
    "parameters": "As in `[providers]`, before that.",
    "connect_timeout_s": "As in `[server]`.",
    "first_byte_timeout_s": "As in `[server]`.",
    "idle_timeout_s": "As in `[server]`.",
    "total_timeout_s": "As in `[server]`.",
}

ALIASES = {
    "targets": "Models, in order: `provider/model`, `provider/account/model`, or a model's name alone.",
    "strategy": "`in-order`: the next one is asked where the one before cannot serve. `round-robin`: conversations are "
    "dealt out in turn, and each stays with its own.",
}

WITHOUT_EFFECT: frozenset[str] = frozenset()
"""Accepted and shown, but nothing reads them yet."""

KINDS: dict[FailureKind, str] = {
    "bad_request": "The request is wrong, or asks for what nobody here can do.",
    "context_overflow": "The prompt does not fit the model. The words are those by which agents know to compact.",
    "unauthorized": "The key for a2a is missing or wrong.",
    "forbidden": "This client may not do that: a foreign host name or origin.",
    "not_found": "No such path (for OpenAI's clients `unknown_url`), or nobody serves that model; near names are told.",
    "conflict": "The upstream says so.",
    "too_large": "The body is over `max_body_mib`, or over the upstream's limit.",
    "rate_limited": "An upstream's limit, and no other account could take over.",
    "quota": "An allowance is spent until its reset, and no other account could take over.",
    "internal": "A bug in a2a; its log has the details.",
    "upstream": "An upstream failed or sent nonsense.",
    "truncated": "An upstream's stream ended before its end.",
    "unavailable": "No account can serve: not logged in, refused, suspended, resting.",
    "overloaded": "The model itself is overloaded.",
    "timeout": "An upstream did not answer in time.",
}
