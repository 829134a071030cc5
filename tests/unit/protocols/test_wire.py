"""wire: one level of JSON at a time, with the path of what is wrong."""

from __future__ import annotations

import pytest
from msgspec import Raw

from a2a.errors import BadUpstream, RequestError
from a2a.protocols.wire import (
    Fields,
    WireError,
    client_side,
    compact,
    dumps,
    items,
    kind_of,
    merge_ext,
    parse,
    string,
    upstream_side,
    whole_pairs,
)


def test_what_nobody_took_keeps_its_bytes() -> None:
    fields = parse(b'{"model": "m", "x": {"b" : 1.50, "a":"\\u00e9"}}')
    assert fields.str("model") == "m"
    assert fields.rest() == {"x": Raw(b'{"b" : 1.50, "a":"\\u00e9"}')}


def test_rest_of_a_fully_read_object_is_none() -> None:
    fields = parse(b'{"a": null, "b": 1}')
    fields.drop("a", "b", "never there")
    assert fields.rest() is None


@pytest.mark.parametrize("read", ["str", "int", "float", "bool", "raw", "obj", "list"])
@pytest.mark.parametrize("body", [b"{}", b'{"k": null}'])
def test_missing_and_null_are_none(read: str, body: bytes) -> None:
    assert getattr(parse(body), read)("k") is None


def test_zero_and_false_and_empty_are_values() -> None:
    fields = parse(b'{"i": 0, "f": 0.0, "b": false, "s": "", "l": [], "o": {}}')
    assert (fields.int("i"), fields.float("f"), fields.bool("b"), fields.str("s")) == (0, 0.0, False, "")
    assert fields.list("l") == []
    assert isinstance(fields.obj("o"), Fields)


def test_has_sees_null_but_not_what_was_taken() -> None:
    fields = parse(b'{"a": null, "b": 1}')
    fields.int("b")
    assert (fields.has("a"), fields.has("b"), fields.has("c")) == (True, False, False)


@pytest.mark.parametrize(("text", "value"), [(b"3", 3), (b"3.0", 3), (b"-2e2", -200), (b"9007199254740993", 2**53 + 1)])
def test_whole_numbers_in_any_spelling(text: bytes, value: int) -> None:
    assert parse(b'{"n": ' + text + b"}").int("n") == value


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        ("str", b"1", "k: must be a string, not a number"),
        ("int", b"1.5", "k: must be a whole number"),
        ("int", b"true", "k: must be a number, not a bool"),
        ("float", b'"1"', "k: must be a number, not a string"),
        ("float", b"1e999", "k: is out of range"),
        ("bool", b"{}", "k: must be true or false, not an object"),
        ("obj", b"[]", "k: must be an object, not an array"),
        ("list", b"{}", "k: must be an array, not an object"),
    ],
)
def test_wrong_types_name_path_and_type(read: str, text: bytes, message: str) -> None:
    with pytest.raises(WireError) as caught:
        getattr(parse(b'{"k": ' + text + b"}"), read)("k")
    assert str(caught.value) == message


def test_paths_lead_through_nested_values() -> None:
    inner = parse(b'{"a": {"b": 1}}').obj("a")
    assert inner is not None
    assert inner.at("b") == "a.b"
    with pytest.raises(WireError, match=r"^a\.b: must be a string"):
        inner.str("b")
    with pytest.raises(WireError, match=r"^a\.c: is required"):
        inner.need_str("c")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b" 1"])
def test_a_body_must_be_an_object(body: bytes) -> None:
    with pytest.raises(WireError, match="must be an object"):
        parse(body)


def test_items_and_string() -> None:
    assert [bytes(one) for one in items(Raw(b'[1, {"a" : 2}]'), "x")] == [b"1", b'{"a" : 2}']
    assert string(Raw(b'"\\u00e9\\n"'), "x") == "é\n"


@pytest.mark.parametrize(("text", "value"), [(b'"a\\ud83d"', "a\ufffd"), (b'"\\udc00b"', "\ufffdb")])
def test_half_a_surrogate_pair_is_replaced(text: bytes, value: str) -> None:
    assert string(Raw(text), "x") == value


def test_a_broken_escape_is_an_error_with_its_path() -> None:
    with pytest.raises(WireError, match=r"^x: is not valid JSON"):
        string(Raw(b'"\\q"'), "x")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"{}", "object"),
        (b"[]", "array"),
        (b'""', "string"),
        (b"-1", "number"),
        (b"true", "bool"),
        (b"false", "bool"),
        (b"null", "null"),
    ],
)
def test_kind_of(text: bytes, kind: str) -> None:
    assert kind_of(Raw(text)) == kind


@pytest.mark.parametrize("body", [b'{"a": 1', b"", b'{"a": "\xff"}', b'{"a": ' + b"[" * 100_000])
def test_nonsense_of_a_client_is_a_request_error(body: bytes) -> None:
    with pytest.raises(RequestError), client_side():
        parse(body).str("a")


def test_the_client_learns_the_path() -> None:
    with pytest.raises(RequestError) as caught, client_side():
        parse(b'{"a": 1}', "messages[2]").str("a")
    assert caught.value.param == "messages[2].a"
    assert "messages[2].a" in caught.value.message


def test_nonsense_of_an_upstream_is_a_bad_upstream() -> None:
    with pytest.raises(BadUpstream, match=r"id: must be a string"), upstream_side():
        parse(b'{"id": 1}').str("id")


def test_other_errors_pass_the_border() -> None:
    with pytest.raises(KeyError), client_side():
        raise KeyError("ours")


def test_ext_never_overrides() -> None:
    merged = merge_ext({"a": 1}, {"a": Raw(b"2"), "b": Raw(b"1.50")})
    assert dumps(merged) == b'{"a":1,"b":1.50}'
    assert merge_ext({"a": 1}, None) == {"a": 1}


def test_compact_keeps_the_spelling_of_values() -> None:
    assert compact(Raw(b'{"a" : [1.50,\n"\\u00e9 x"]}')) == '{"a":[1.50,"\\u00e9 x"]}'


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (rb'"\ud83d"', rb'"\ufffd"'),
        (rb'"\uDE00 x"', rb'"\ufffd x"'),
        (rb'"\ud83d\ude00"', rb'"\ud83d\ude00"'),
        (rb'"\ud83d\ud83d\ude00"', rb'"\ufffd\ud83d\ude00"'),
        (rb'"\\ud83d \n 1.50"', rb'"\\ud83d \n 1.50"'),
    ],
)
def test_halves_of_pairs_are_mended_in_the_bytes(sent: bytes, kept: bytes) -> None:
    assert whole_pairs(sent) == kept
