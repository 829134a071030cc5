"""The byte path's request: only the top-level keys that must change do."""

from __future__ import annotations

import pytest

from a2a.errors import RequestError
from a2a.gateway.relay import edited
from a2a.protocols.base import Note

BODY = b'{"model":"ask" , "n": 1.50,\n "x": {"b":1,"a":"\\u00e9", "deep": [ 1 , 2 ]}, "seed":7}'


@pytest.mark.parametrize("deny", [(), ("logit_bias",)])
def test_when_nothing_changes_it_is_the_very_body(deny: tuple[str, ...]) -> None:
    body, notes = edited(BODY, "m", "m", deny)
    assert body is BODY
    assert notes == []


def test_another_model_name_leaves_all_other_bytes() -> None:
    body, notes = edited(BODY, "ask", 'give "me"', ())
    assert body == b'{"model":"give \\"me\\"","n":1.50,"x":{"b":1,"a":"\\u00e9", "deep": [ 1 , 2 ]},"seed":7}'
    assert notes == []


def test_denied_keys_go_and_are_noted() -> None:
    body, notes = edited(BODY, "ask", "ask", ("seed", "n", "absent"))
    assert body == b'{"model":"ask","x":{"b":1,"a":"\\u00e9", "deep": [ 1 , 2 ]}}'
    assert notes == [Note(key, "dropped", "this upstream rejects it") for key in ("seed", "n")]


def test_a_model_that_was_not_in_the_body_is_added() -> None:
    assert edited(b'{"n":1}', "", "m", ())[0] == b'{"n":1,"model":"m"}'


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"model":"a"} x', b'{"\xff":1}'])
def test_what_is_no_object_is_the_client_s_fault(body: bytes) -> None:
    with pytest.raises(RequestError, match="the body is no JSON object"):
        edited(body, "a", "b", ())
