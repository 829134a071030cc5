"""Cassettes: from an exchange to a file and back, bytes and all; what is never in one; which one a request means."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from gateway_kit import STREAM, Answer, Scene, Sink, chat, error
from support.pool_kit import FakeClock

from a2a.config import ServerSettings, Settings
from a2a.control.types import Bodies, Exchange, Route, Timings
from a2a.errors import ConfigError, RequestError
from a2a.gateway.call import Call
from a2a.gateway.cassettes import desk
from a2a.gateway.cassettes.form import Cassette, Got, Sent, body_fields, decode, encode, file_name, read_folder
from a2a.gateway.cassettes.matching import asked_of, differences, told
from a2a.gateway.cassettes.player import Deck, Player
from a2a.gateway.cassettes.recording import MOST_BYTES, Tape, cassette_of
from a2a.gateway.cassettes.redaction import Redaction, secrets_of
from a2a.logs.live import Live
from a2a.logs.recorder import Recorder
from a2a.protocols.registry import FRONTS
from a2a.secret import Secret

pytestmark = pytest.mark.anyio

HI = {"role": "user", "content": "hi"}


def call(front: str = "chat", path: str = "/v1/chat/completions", **fields: Any) -> Call:
    body = {"model": "m", "messages": [HI], **fields}
    return Call(front=FRONTS[front], path=path, body=json.dumps(body).encode(), headers={"user-agent": "test/1"})


class Stage:
    """A gateway with a tape in front of it, and a player of what the tape has written."""

    def __init__(self, folder: Path, *script: Answer | Exception) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.scene = Scene(*script)
        self.redact = Redaction([Secret("planted-secret")])
        self.tape = Tape(
            folder,
            self.scene.gateway.answer,
            recorder=self.scene.recorder,
            clock=FakeClock(),
            redact=self.redact,
            say=self.said.append,
        )

    async def record(self, asked: Call, sink: Sink | None = None) -> Sink:
        sink = sink or Sink()
        await self.tape.answer(asked, sink)
        self.scene.clock.tick(1)  # files of one millisecond have no order
        return sink

    @property
    def cassettes(self) -> list[tuple[str, Cassette]]:
        return read_folder(self.folder)

    def player(self, speed: float = 0.0) -> Player:
        deck = Deck(self.folder, self.cassettes)
        return Player(deck, recorder=Recorder(Live(FakeClock())), clock=FakeClock(), redact=self.redact, speed=speed)


def read_some(folder: Path) -> list[tuple[str, Cassette]]:
    return read_folder(folder) if files(folder) else []


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def play(player: Player, asked: Call) -> Sink:
    sink = Sink()
    await player.answer(asked, sink)
    return sink


# the file

BODIES = (b'{"a":1.50,"b":[]}', b'{"a": 1.50, "b": [1, 2]}', b'{\n  "a": 1\n}', b'{ "a":1 }', b"[1]", b"no json", b"")


@pytest.mark.parametrize("content", [*BODIES, b"\xff\x00", b'{"a":"\xff"}', b'{"a":"\\ud83e"}'])
def test_a_client_gets_back_the_very_bytes(content: bytes) -> None:
    got = msgspec.convert({"status": 200, **body_fields(content)}, Got)
    kept = Cassette(
        a2a_cassette=1,
        exchange="ex_1",
        recorded_at="",
        served_by=None,
        request=Sent(front="chat", path="/"),
        answer=got,
    )
    assert decode(encode(kept), "x").answer.content == content


def test_json_stands_as_json_and_can_be_changed_by_hand() -> None:
    kept = encode(made(content=b'{"a":{"b":1}}'))
    assert b'\n    "body": {\n      "a": {\n        "b": 1\n' in kept
    assert decode(kept.replace(b'"b": 1', b'"b": 22'), "x").answer.content == b'{"a":{"b":22}}'


def made(front: str = "chat", content: bytes = b"{}", status: int = 200, **body: Any) -> Cassette:
    sent = Sent(front=front, path="/v1/x", model="m", body=msgspec.Raw(json.dumps(body).encode()))
    answer = msgspec.convert({"status": status, **body_fields(content)}, Got)
    return Cassette(a2a_cassette=1, exchange="ex_1", recorded_at="", served_by=None, request=sent, answer=answer)


def test_a_name_sorts_by_time_and_says_what_it_is() -> None:
    kept = msgspec.structs.replace(made(), request=Sent(front="claude", path="/", model="vendor/../big model"))
    assert file_name(kept) == "ex_1-claude-vendor-..-big-model.json"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"a": 1}', "is no cassette of a2a"),
        ("{", "is no cassette of a2a"),
        ('{"a2a_cassette": 2}', r"was recorded by a newer a2a \(format 2\)"),
        ('{"a2a_cassette": 1}', "is no cassette of a2a"),
        (encode(made(content=b"x")).replace(b'"text": "x"', b'"base64": "x"').decode(), "is no cassette of a2a"),
    ],
)
def test_what_is_no_cassette_is_named(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "one.json").write_text(content)
    with pytest.raises(ConfigError, match=f"one.json {words}"):
        read_folder(tmp_path)


def test_a_folder_without_any(tmp_path: Path) -> None:
    for folder, words in ((tmp_path, "no cassette in"), (tmp_path / "none", "no folder")):
        with pytest.raises(ConfigError, match=words) as caught:
            read_folder(folder)
        assert caught.value.hint == f"a2a serve --record {folder}"


# recording


async def test_what_the_client_sent_and_what_it_got(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "new", chat())
    sink = await stage.record(call())
    ((name, kept),) = stage.cassettes
    assert name.startswith("ex_")
    assert (kept.request.front, kept.request.path, kept.request.stream) == ("chat", "/v1/chat/completions", False)
    assert kept.request.headers == {"user-agent": "test/1"}
    assert json.loads(kept.request.content) == {"model": "m", "messages": [HI]}
    assert (kept.answer.status, kept.answer.content) == (200, sink.body)
    assert oct((tmp_path / "new" / name).stat().st_mode & 0o777) == "0o600"


async def test_a_stream_is_kept_piece_by_piece(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Answer(200, *STREAM))
    sink = await stage.record(call(stream=True))
    ((_, kept),) = stage.cassettes
    assert kept.answer.pieces is not None
    assert len(kept.answer.pieces) == sink.writes > 1
    assert b"".join(piece.content for piece in kept.answer.pieces) == sink.body
    assert kept.answer.headers["content-type"].startswith("text/event-stream")


async def test_an_error_is_an_answer_too(tmp_path: Path) -> None:
    stage = Stage(tmp_path, error(429), error(429))
    sink = await stage.record(call())
    ((_, kept),) = stage.cassettes
    assert (kept.answer.status, kept.answer.content) == (sink.status, sink.body) == (429, sink.body)


async def test_nothing_is_kept_of_a_client_that_leaves(tmp_path: Path) -> None:
    stage = Stage(tmp_path, Answer(200, *STREAM))
    await stage.record(call(stream=True), Sink(gone_after=1))
    assert files(tmp_path) == []


@pytest.mark.parametrize("after", [len(STREAM), len(STREAM) - 2])
async def test_a_client_that_leaves_behind_the_last_event_has_had_all(tmp_path: Path, after: int) -> None:
    stage = Stage(tmp_path, Answer(200, *STREAM[:after], None))  # the upstream does not close
    sink = Sink()
    asking = asyncio.ensure_future(stage.tape.answer(call(stream=True), sink))
    while sink.writes < after:
        sink.wrote.clear()
        await sink.wrote.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.to_thread(stage.tape.close)
    kept = [b"".join(piece.content for piece in one.answer.pieces or ()) for _, one in read_some(tmp_path)]
    assert kept == ([sink.body] if after == len(STREAM) else [])


async def test_a_folder_that_takes_nothing_stops_no_answer(tmp_path: Path) -> None:
    folder = tmp_path / "tape"
    stage = Stage(folder, chat(), chat(), chat())
    folder.rmdir()
    folder.write_text("a file now")
    for _ in range(2):
        assert (await stage.record(call())).status == 200
    assert len(stage.said) == 1
    assert str(folder) in stage.said[0]
    folder.unlink()
    await stage.record(call())
    assert len(stage.cassettes) == 1


async def test_a_huge_answer_is_no_cassette(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("a2a.gateway.cassettes.recording.MOST_BYTES", 10)
    assert MOST_BYTES > 10
    await Stage(tmp_path, chat()).record(call())
    assert files(tmp_path) == []


async def test_secrets_are_in_no_file(tmp_path: Path) -> None:
    keys = ("sk-proj-abcdefghijklmnop1234", "AIza" + "x" * 35, "ghp_" + "a1" * 18, "planted-secret")
    stage = Stage(tmp_path, chat(f"you said {' '.join(keys)}"))
    asked = call(messages=[{"role": "user", "content": f"{' '.join(keys)} Bearer abcdefghijklmnopqrstuvwxyz"}])
    asked.headers = {"authorization": "Bearer planted-secret", "x-api-key": "planted-secret"}
    await stage.record(asked)
    text = files(tmp_path)[0].read_text()
    assert not [key for key in (*keys, "abcdefghijklmnopqrstuvwxyz") if key in text]
    sink = await play(stage.player(), asked)  # and it is still the same request
    assert sink.status == 200
    assert sink.json["choices"][0]["message"]["content"] == "you said [removed] [removed] [removed] [removed]"


def test_secrets_of_the_settings_are_known() -> None:
    server = ServerSettings(api_key=Secret("own-key"), openai_api_key=Secret("flag-key"))
    settings = Settings(server=server, client_keys={"a": Secret("a-key-x")}, env_secrets={"K": Secret("env-key")})
    redact = Redaction(secrets_of(settings))
    assert redact(b"own-key flag-key a-key-x env-key word") == b" ".join([b"[removed]"] * 4 + [b"word"])


def test_code_and_addresses_stay() -> None:
    text = b'{"headers": {"Authorization": "Bearer " + token}, "mail": "a@example.com", "key_of_the_thing_here": 1}'
    assert Redaction()(text) == text


# playing


async def test_the_same_request_gets_the_same_bytes(tmp_path: Path) -> None:
    stage = Stage(tmp_path, chat(), Answer(200, *STREAM))
    whole, stream = await stage.record(call()), await stage.record(call(stream=True))
    player = stage.player()
    for asked, recorded in ((call(), whole), (call(stream=True), stream)):
        sink = await play(player, asked)
        assert (sink.status, sink.body, sink.writes) == (200, recorded.body, recorded.writes)
        assert sink.headers["content-type"] == recorded.headers["Content-Type"]
        assert sink.headers["x-a2a-exchange"] != recorded.headers["x-a2a-exchange"]
        assert sink.headers["x-a2a-cassette"].startswith(recorded.headers["x-a2a-exchange"])


async def test_equal_requests_get_the_recordings_in_order_and_then_the_last(tmp_path: Path) -> None:
    stage = Stage(tmp_path, chat("one"), chat("two"))
    for _ in range(2):
        await stage.record(call())
    player = stage.player()
    answers = [(await play(player, call())).json["choices"][0]["message"]["content"] for _ in range(4)]
    assert answers == ["one", "two", "two", "two"]


async def test_the_provider_in_the_path_decides_where_there_is_a_choice(tmp_path: Path) -> None:
    stage = Stage(tmp_path, chat("one"), chat("two"))
    await stage.record(call())
    other = call(path="/openai-custom/v1/chat/completions")
    other.prefix = "openai-custom"
    await stage.record(other)
    player = stage.player()
    for asked, text in ((other, "two"), (call(), "one"), (call(path="/qwen/v1/chat/completions"), "one")):
        assert (await play(player, asked)).json["choices"][0]["message"]["content"] == text


SAME: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("chat", {"user": "a", "prompt_cache_key": "b", "metadata": {"s": "1"}}, {"user": "x"}),
    ("chat", {"temperature": 1}, {"temperature": 1.0}),
    ("claude", {"metadata": {"user_id": "a"}}, {"metadata": {"user_id": "b"}}),
    (
        "claude",
        {"system": [{"type": "text", "text": "x-anthropic-billing-header: cch=1;"}, {"type": "text", "text": "s"}]},
        {"system": [{"type": "text", "text": "s"}]},
    ),
    ("chat", {"stop": "Today is 2026-11-22."}, {"stop": "Today is 2027-01-01."}),
    ("chat", {"stop": "Sunday, November 22, 2026"}, {"stop": "Friday, January 1, 2027"}),
    ("chat", {"stop": "at 2026-11-22T10:11:12.5Z"}, {"stop": "at 2027-11-22T10:11:12.25+01:00"}),
    (
        "chat",
        {"stop": "/tmp/0a1b2c3d-0000-4000-8000-0123456789ab/x"},
        {"stop": f"/tmp/{'1' * 8}-{'2222-' * 3}{'3' * 12}/x"},
    ),
]


@pytest.mark.parametrize(("front", "recorded", "sent"), SAME)
async def test_what_changes_from_run_to_run_does_not_count(
    tmp_path: Path, front: str, recorded: dict[str, Any], sent: dict[str, Any]
) -> None:
    deck = Deck(tmp_path, [("one.json", made(front, **recorded))])
    asked = asked_of(made(front, **sent))
    found = deck.find(asked)
    assert found is not None
    assert list(differences(asked_of(found[1]), asked)) == []


def test_the_very_same_text_comes_before_one_that_is_alike(tmp_path: Path) -> None:
    days = ("2026-11-22", "2026-11-23")
    deck = Deck(tmp_path, [(day, made(stop=day)) for day in days])
    assert [found[0] for day in reversed(days) if (found := deck.find(asked_of(made(stop=day))))] == [*reversed(days)]


@pytest.mark.parametrize("change", [{"stop": "b"}, {"stop": "a", "seed": 1}, {}])
def test_another_request_is_another(tmp_path: Path, change: dict[str, Any]) -> None:
    assert Deck(tmp_path, [("one", made(stop="a"))]).find(asked_of(made(**change))) is None


async def test_a_miss_shows_the_nearest_and_where_it_differs(tmp_path: Path) -> None:
    stage = Stage(tmp_path, chat(), chat())
    await stage.record(call(messages=[HI, {"role": "assistant", "content": "x"}, {"role": "user", "content": "again"}]))
    await stage.record(call(seed=4))
    near = stage.cassettes[1][0]
    sink = await play(stage.player(), call(seed=5, messages=[{"role": "user", "content": "high"}]))
    assert sink.status == 400
    message = sink.json["error"]["message"]
    assert message == (
        f"no cassette in {tmp_path} matches this request; the nearest is {near}, with "
        'messages[0].content: recorded "hi", sent "high"; seed: recorded 4, sent 5'
    )
    assert sink.headers["x-should-retry"] == "false"


async def test_a_stream_that_was_recorded_whole_is_a_miss(tmp_path: Path) -> None:
    stage = Stage(tmp_path, chat())
    await stage.record(call())
    message = (await play(stage.player(), call(stream=True))).json["error"]["message"]
    assert "stream: recorded false, sent true" in message


def test_long_texts_are_shown_where_they_part() -> None:
    text = "a" * 500
    found = list(differences(asked_of(made(stop=text + "x" + text)), asked_of(made(stop=text + "y"))))
    assert told(found) == f'stop: recorded "…{"a" * 15}x{"a" * 44}…", sent "…{"a" * 15}y"'


def test_many_differences_are_counted() -> None:
    found = list(differences(asked_of(made(**{f"k{n}": 1 for n in range(9)})), asked_of(made())))
    assert told(found).endswith("; and 5 more")


async def test_a_player_lists_the_models_it_has_answers_of(tmp_path: Path) -> None:
    stage = Stage(tmp_path, chat(), error(500), error(500))
    for model in ("m", "other"):
        await stage.record(call(model=model))
    assert [(view.id, view.provider) for view in stage.player().models()] == [("m", "openai-custom")]


async def test_a_body_that_is_no_json_is_answered_too(tmp_path: Path) -> None:
    stage = Stage(tmp_path, chat())
    await stage.record(call())
    broken = Call(front=FRONTS["chat"], path="/v1/chat/completions", body=b"{")
    assert (await play(stage.player(), broken)).status == 400


async def test_at_the_speed_it_was_recorded_a_stream_takes_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path, Answer(200, *STREAM))
    await stage.record(call(stream=True))
    (path,) = files(tmp_path)
    kept = json.loads(path.read_text())
    for number, piece in enumerate(kept["answer"]["pieces"]):
        piece["at_ms"] = 100.0 * (number + 1)
    path.write_text(json.dumps(kept))
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(round(seconds, 3))

    monkeypatch.setattr("a2a.gateway.cassettes.player.asyncio.sleep", sleep)
    await play(stage.player(speed=2.0), call(stream=True))
    assert waited == [0.05] * len(kept["answer"]["pieces"])


# from the record


def exchange(bodies: Bodies | None, **fields: Any) -> Exchange:
    route = Route(front="chat", asked="m", provider="openai-custom", model="m", via="name")
    known: Mapping[str, Any] = {
        "client": "default",
        "front": "chat",
        "path": "/openai/v1/chat/completions",
        "asked": "m",
    }
    return Exchange(
        **{"id": "ex_1", "started_at": 0.0, **known, "status": 200, "route": route, "bodies": bodies, **fields}
    )


def test_a_recorded_exchange_becomes_one(tmp_path: Path) -> None:
    bodies = Bodies(
        request_headers={"user-agent": "test/1", "authorization": "x"},
        request=json.dumps({"model": "m", "messages": [HI]}),
        answer_headers={"content-type": "application/json"},
        answer='{"a":1}',
    )
    (tmp_path / "one.json").write_bytes(cassette_of(exchange(bodies)))
    ((_, kept),) = read_folder(tmp_path)
    assert (kept.request.path, kept.request.provider) == ("/v1/chat/completions", "openai-custom")
    assert kept.request.headers == {"user-agent": "test/1"}
    assert (kept.answer.status, kept.answer.content) == (200, b'{"a":1}')
    assert asked_of(kept).key == asked_of(msgspec.structs.replace(kept)).key


def test_a_recorded_stream_is_cut_into_its_events() -> None:
    frames = "data: 1\n\ndata: 2\n\ndata: [DONE]\n\n"
    bodies = Bodies(request="{}", answer=frames, answer_headers={"content-type": "text/event-stream"})
    timed = exchange(bodies, stream=True, timings=Timings(first_token=10.0, last=30.0))
    kept = decode(cassette_of(timed), "x")
    assert kept.answer.pieces is not None
    assert [(piece.at_ms, piece.text) for piece in kept.answer.pieces] == [
        (10.0, "data: 1\n\n"),
        (20.0, "data: 2\n\n"),
        (30.0, "data: [DONE]\n\n"),
    ]


@pytest.mark.parametrize(
    "bodies",
    [None, Bodies(), Bodies(request="{}"), Bodies(request="{}", answer="{}", cut=["answer"])],
    ids=["none", "empty", "no answer", "cut"],
)
def test_without_whole_bodies_there_is_none(bodies: Bodies | None) -> None:
    with pytest.raises(RequestError):
        cassette_of(exchange(bodies))


def test_recording_and_playing_exclude_each_other() -> None:
    with pytest.raises(ConfigError, match="exclude each other"):
        desk.check(Settings(server=ServerSettings(record="a", replay="b")))
