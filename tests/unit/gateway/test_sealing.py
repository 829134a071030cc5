"""Bodies as they are kept: without secrets, cut to size, with the times of their pieces."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from a2a.control.types import Attempt, Bodies, Exchange
from a2a.gateway.capture import Taken, TakenCall
from a2a.gateway.sealing import bodies_of

TOKEN = "account-token-4711-abcdef"
CLIENT_KEY = "client-key-of-somebody"


def call(answer: list[bytes], **given: Any) -> TakenCall:
    made: dict[str, Any] = {
        "n": 1,
        "method": "POST",
        "url": "https://up.example/v1/x",
        "request_headers": {},
        "request": b"{}",
        "status": 200,
        "answer_headers": {},
        "answer": answer,
        "times": [float(n) for n in range(len(answer))],
        "total": sum(map(len, answer)),
    }
    return TakenCall(**{**made, **given})


def sealed(*, failed: bool = False, **given: Any) -> Bodies:
    outcome = "failed" if failed else "ok"
    attempt = Attempt(n=1, provider="p", account="p/a", model="m", started_at=0.0, outcome=outcome)  # type: ignore[arg-type]
    exchange = Exchange(id="ex_1", started_at=0.0, client="c", front="chat", path="/", attempts=[attempt])
    exchange.state = "failed" if failed else "done"
    made: dict[str, Any] = {
        "cap": 1000,
        "began": 0.0,
        "secrets": [TOKEN],
        "request_headers": {"authorization": f"Bearer {CLIENT_KEY}"},
        "request": b"{}",
        "answer_headers": {},
        "answer": [],
        "total": 0,
        "calls": [],
    }
    made |= given
    if not made["total"]:
        made["total"] = sum(map(len, made["answer"]))
    return bodies_of(Taken(**made), exchange)


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "x-api-key",
        "x-goog-api-key",
        "cookie",
        "set-cookie",
        "proxy-authorization",
        "x-amz-security-token",
    ],
)
def test_headers_that_carry_secrets(name: str) -> None:
    found = sealed(request_headers={name: "abc", "user-agent": "curl"})
    assert found.request_headers == {name: "[removed]", "user-agent": "curl"}


@pytest.mark.parametrize(
    "name", ["x-ratelimit-remaining-tokens", "anthropic-ratelimit-tokens-limit", "idempotency-key", "content-type"]
)
def test_headers_that_do_not(name: str) -> None:
    assert sealed(answer_headers={name: "17"}).answer_headers == {name: "17"}


def test_a_secret_in_any_other_header() -> None:
    assert sealed(answer_headers={"x-echo": f"you sent {TOKEN}"}).answer_headers == {"x-echo": "you sent [removed]"}


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://up.example/v1?key=abc&alt=sse", "https://up.example/v1?key=[removed]&alt=sse"),
        ("https://up.example/v1?access_token=abc", "https://up.example/v1?access_token=[removed]"),
        ("https://me:word@up.example/v1", "https://up.example/v1"),
        (f"https://up.example/{TOKEN}/v1", "https://up.example/[removed]/v1"),
        ("https://up.example/v1/models/a:b?alt=sse", "https://up.example/v1/models/a:b?alt=sse"),
    ],
)
def test_urls(url: str, kept: str) -> None:
    assert sealed(calls=[call([], url=url)]).attempts[0].url == kept


@pytest.mark.parametrize("secret", [TOKEN, CLIENT_KEY, 'with "quotes" and ünsafe'])
def test_what_is_known_goes_wherever_it_stands(secret: str) -> None:
    body = json.dumps({"said": f"my key is {secret}, yes"}, ensure_ascii=False).encode()
    found = sealed(secrets=[TOKEN, secret], request=body, answer=[body], calls=[call([body], request=body)])
    for text in (found.request, found.answer, found.attempts[0].request, found.attempts[0].answer):
        assert text == '{"said": "my key is [removed], yes"}'


@pytest.mark.parametrize(
    "key",
    [
        "sk-proj-Ab1dEfGh2jKlMn3pQrSt",
        "AIzaSyD-0123456789abcdefghijklmnopqrstu",
        "ya29.a0AfH6SMB1234567890abcdef",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "Bearer abcdef0123456789abcdef",
        "a2a-rNdAmiAeHIqs-kjF0XUg4CMeKnv7Rr9e",
    ],
)
def test_what_can_be_nothing_but_a_key(key: str) -> None:
    found = sealed(request=f'{{"content":"use {key} please"}}'.encode())
    assert found.request == '{"content":"use [removed] please"}'


@pytest.mark.parametrize(
    "words",
    [
        "sk-loading-spinner-container-large",
        "the key_of_the_matter, pk_constraint_name",
        "Bearer token",
        "ask ada@example.com",
        "arn:aws:iam::123456789012:role/x",
        '{"max_tokens": 5, "api_key": null}',
        "api_key=os.environ[1], password=settings.password, token=a-word-of-letters-only",
        "https://host:8080/a@b, x-a2a-exchange",
        "Authorization: Basic is the simplest one",
    ],
)
def test_words_of_a_conversation_stay(words: str) -> None:
    assert sealed(request=words.encode()).request == words


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("client_secret=Ab1-Cd2_Ef3.Gh4~Ij5&scope=x", "client_secret=[removed]&scope=x"),
        ("export OPENAI_API_KEY=0123456789abcdef.xyz", "export OPENAI_API_KEY=[removed]"),
        ("https://x.example/v1?key=0123456789abcdef&alt=sse", "https://x.example/v1?key=[removed]&alt=sse"),
        ("Authorization: Basic bWU6cGFzc3dvcmQ=", "Authorization: Basic [removed]"),
        ("postgres://me:word4@db.example/x", "postgres://me:[removed]@db.example/x"),
        (json.dumps(json.dumps({"access_token": "abc", "n": 1})), json.dumps('{"access_token": "[removed]", "n": 1}')),
    ],
)
def test_secrets_by_their_names_in_texts(words: str, kept: str) -> None:
    assert sealed(request=words.encode()).request == kept


def test_a_known_secret_in_the_writing_of_other_places() -> None:
    secret = "pl/an+ted=key"
    texts = ("pl\\/an+ted=key", "pl%2Fan%2Bted%3Dkey")
    assert sealed(secrets=[secret], request=" ".join(texts).encode()).request == "[removed] [removed]"
    nested = json.dumps(json.dumps('quo"ted-key')).encode()
    assert sealed(secrets=['quo"ted-key'], request=nested).request == json.dumps('"[removed]"')


def test_fields_that_oauth_names() -> None:
    body = b'{"access_token": "abc", "expires_in": 3600, "refreshToken":"d\\"ef", "client_secret":"x"}'
    kept = '{"access_token": "[removed]", "expires_in": 3600, "refreshToken":"[removed]", "client_secret":"[removed]"}'
    assert sealed(calls=[call([body])]).attempts[0].answer == kept


def test_of_an_upstreams_error_more_goes() -> None:
    body = b'{"error": "ada@example.com may not use sk_live_12345678 of arn:aws:iam::123456789012:role/x"}'
    found = sealed(failed=True, answer=[body], calls=[call([body], status=403)])
    assert found.attempts[0].answer == '{"error": "[removed] may not use [removed] of [removed]"}'
    assert found.answer == found.attempts[0].answer


def test_an_error_in_the_middle_of_a_stream_is_one() -> None:
    body = b'data: {"error": "ada@example.com has no quota"}\n\n'
    assert "ada" not in (sealed(failed=True, calls=[call([body])]).attempts[0].answer or "")


def test_each_piece_has_its_time_and_size() -> None:
    found = sealed(began=100.0, calls=[call([b"one", b"three", "vi\u00e8r".encode()], times=[100.5, 100.75, 101.0])])
    arrivals = found.attempts[0].arrivals
    assert [(one.at_ms, one.size) for one in arrivals] == [(500.0, 3), (750.0, 5), (1000.0, 5)]
    assert found.attempts[0].answer == "onethreevièr"


def test_pieces_fit_the_text_from_which_a_secret_has_gone() -> None:
    pieces = [b"aa", TOKEN[:5].encode(), TOKEN[5:].encode() + b"bb", b"cc"]
    found = sealed(calls=[call(pieces)]).attempts[0]
    assert found.answer == "aa[removed]bbcc"
    assert sum(one.size for one in found.arrivals) == len(found.answer)
    assert found.arrivals[-1].size == 2


def test_the_beginning_is_kept_and_that_is_said() -> None:
    found = sealed(cap=10, request=b"0123456789abc", answer=[b"01234", b"5678", b"9ab"], calls=[call([b"x" * 5] * 4)])
    assert (found.request, found.answer, found.attempts[0].answer) == ("0123456789", "0123456789", "x" * 10)
    assert found.cut == ["request", "answer", "1.answer"]
    assert [one.size for one in found.attempts[0].arrivals] == [5, 5]


def test_of_a_body_that_was_not_kept_whole() -> None:
    found = sealed(cap=10, answer=[b"01234"], total=5_000_000)
    assert (found.answer, found.cut) == ("01234", ["answer"])


def test_a_secret_across_the_cut_is_not_halved() -> None:
    found = sealed(cap=20, request=b"my key: " + TOKEN.encode() + b" and more")
    assert found.request == "my key: "


def test_no_character_is_halved() -> None:
    for cap in range(1, 12):
        text = sealed(cap=cap, request="aä€😀z天天天".encode()).request
        assert text is not None
        assert "aä€😀z天天天".startswith(text)


def test_bytes_that_are_no_text() -> None:
    data = b"\x00\xff\xfe" + TOKEN.encode()
    found = sealed(calls=[call([data])]).attempts[0].answer
    assert found is not None
    assert base64.b64decode(found.removeprefix("base64:")) == b"\x00\xff\xfe[removed]"


def test_a_request_that_went_on_word_for_word_is_the_clients() -> None:
    made = sealed(request=b'{"key":"' + TOKEN.encode() + b'"}', calls=[call([], request=None)])
    assert made.attempts[0].request == made.request == '{"key":"[removed]"}'
    long = sealed(cap=3, request=b"abcdef", calls=[call([], request=None), call([], n=2, request=b"abc")])
    assert [one.request for one in long.attempts] == ["abc", "abc"]
    assert long.cut == ["request", "1.request"]
