"""What the Responses endpoint refuses inside `input`: kinds of items, their ids, the pairing of calls and results.

All raise `Refusal`. An item may carry an id only if this platform gave it to the same account; a reasoning item that
was not stored must bring the `encrypted_content` it was issued with (specs/conversion.md 5.1, 6.2, 7.2, 12).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from a2a.demo.catalog import words
from a2a.demo.openai.errors import bad
from a2a.demo.openai.history import tool_name
from a2a.demo.responses import parts
from a2a.demo.responses.state import Items, ResponsesState
from a2a.demo.signature import genuine
from a2a.demo.wire import Refusal

CIPHER = "openai"
"""Family under which reasoning is sealed."""
SEAL = "gAAAAAB"
"""What every sealed text begins with, as the real ones do."""

_FIELDS = {
    "message": words("type role content id status phase"),
    "function_call": words("type call_id name arguments id status namespace caller async"),
    "function_call_output": words("type call_id output id status"),
    "custom_tool_call": words("type call_id name input id status namespace caller async"),
    "custom_tool_call_output": words("type call_id output id status"),
    "reasoning": words("type id summary content encrypted_content status"),
    "item_reference": words("type id"),
    "additional_tools": words("type id role tools"),
}
_PREFIXES = {"message": "msg_", "function_call": "fc_", "custom_tool_call": "ctc_", "reasoning": "rs_"}
_CALLS = {"function_call": "function call", "custom_tool_call": "custom tool call"}
_RESULTS = {"function_call_output": "function_call", "custom_tool_call_output": "custom_tool_call"}
_MODEL_KINDS = words("message function_call custom_tool_call reasoning")
_LONGEST_CALL_ID = 64


class Desk(Struct, frozen=True):
    """Who asks, and what the platform remembers of this account."""

    account: str
    state: ResponsesState


def normal(given: Any) -> Items:
    """The input as a list of items, each with its `type`; the shapes are checked later."""
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    if not isinstance(given, list):
        raise bad("Invalid type for 'input': expected one of a string or array.", "input", "invalid_type")
    items: Items = []
    for number, item in enumerate(given):
        if not isinstance(item, dict):
            raise bad(f"Invalid type for 'input[{number}]': expected an object.", f"input[{number}]", "invalid_type")
        items.append({"type": "message", **item} if "role" in item and "type" not in item else item)
    return items


def check(items: Items, desk: Desk) -> Items:
    """Every rule on the items of a request; references come back as the items they stand for."""
    checked: Items = []
    for number, item in enumerate(items):
        at = f"input[{number}]"
        kind = item.get("type")
        if kind not in _FIELDS:
            listed = ", ".join(f"'{one}'" for one in sorted(_FIELDS))
            raise bad(f"Invalid value: '{kind}'. Supported values are: {listed}.", f"{at}.type", "invalid_value")
        if extra := set(item) - _FIELDS[kind]:
            raise bad(f"Unknown parameter: '{at}.{min(extra)}'.", f"{at}.{min(extra)}", "unknown_parameter")
        if kind == "item_reference":
            checked.append(_referred(item, at, desk))
            continue
        _CHECKS[kind](item, at)
        _check_id(item, kind, at, desk)
        checked.append(item)
    return checked


def check_pairs(history: Items) -> None:
    """Calls and results belong together, and reasoning to what it led to. `history`: stored turns included."""
    open_calls: dict[str, str] = {}
    for item in history:
        kind = item["type"]
        if kind in _CALLS:
            if item["call_id"] in open_calls:
                raise bad(f"Duplicate call_id '{item['call_id']}' in input.", "input")
            open_calls[item["call_id"]] = kind
        elif kind in _RESULTS and open_calls.pop(item["call_id"], None) != _RESULTS[kind]:
            said = _CALLS[_RESULTS[kind]]
            raise bad(f"No tool call found for {said} output with call_id {item['call_id']}.", "input")
    for call_id, kind in open_calls.items():
        raise bad(f"No tool output found for {_CALLS[kind]} {call_id}.", "input")
    _check_reasoning(history)


def _check_reasoning(history: Items) -> None:
    """A reasoning item stands directly before something the model wrote."""
    for at, item in enumerate(history):
        if item["type"] != "reasoning":
            continue
        follower = history[at + 1] if at + 1 < len(history) else {"type": None}
        written = follower["type"] in _MODEL_KINDS and follower.get("role", "assistant") == "assistant"
        if not written:
            name = item.get("id", "reasoning")
            raise bad(f"Item '{name}' of type 'reasoning' was provided without its required following item.", "input")


def check_needs(history: Items, desk: Desk) -> None:
    """An item sent with its id needs the reasoning item that came before it."""
    ids = {item.get("id") for item in history}
    for item in history:
        known = desk.state.item(desk.account, item["id"]) if item.get("id") else None
        if known is not None and known.needs is not None and known.needs not in ids:
            message = (
                f"Item '{item['id']}' of type '{item['type']}' was provided without its required 'reasoning' item: "
                f"'{known.needs}'."
            )
            raise bad(message, "input")


def _not_found(item_id: str) -> Refusal:
    message = (
        f"Item with id '{item_id}' not found. Items are not persisted when `store` is set to false. "
        "Try again with `store` set to true, or remove this item from your input."
    )
    return Refusal(404, message, param="input")


def _referred(item: dict[str, Any], at: str, desk: Desk) -> dict[str, Any]:
    item_id = item.get("id")
    if not isinstance(item_id, str):
        raise bad(f"Missing required parameter: '{at}.id'.", f"{at}.id", "missing_required_parameter")
    known = desk.state.item(desk.account, item_id)
    if known is None or known.item is None:
        raise _not_found(item_id)
    return known.item


def _check_id(item: dict[str, Any], kind: str, at: str, desk: Desk) -> None:
    item_id, prefix = item.get("id"), _PREFIXES.get(kind)
    if kind == "reasoning":
        _check_seal(item, at, desk)
    if item_id is None or prefix is None or (kind == "message" and item["role"] != "assistant"):
        return
    if not isinstance(item_id, str) or not item_id.startswith(prefix):
        message = f"Invalid '{at}.id': '{item_id}'. Expected an ID that begins with '{prefix.rstrip('_')}'."
        raise bad(message, f"{at}.id", "invalid_value")
    if desk.state.item(desk.account, item_id) is None:
        raise _not_found(item_id)


def _check_seal(item: dict[str, Any], at: str, desk: Desk) -> None:
    sealed = item.get("encrypted_content")
    if sealed is None:
        known = desk.state.item(desk.account, str(item.get("id")))
        if known is None or known.item is None:
            raise _not_found(str(item.get("id")))
        return
    text = sealed if isinstance(sealed, str) else ""
    if not text.startswith(SEAL) or not genuine(CIPHER, text.removeprefix(SEAL), ""):
        message = f"The encrypted content {text[:8]}... could not be verified. Reason: Encrypted content could not be "
        raise bad(message + "decrypted or parsed.", f"{at}.encrypted_content", "invalid_encrypted_content")


def _check_message(item: dict[str, Any], at: str) -> None:
    role = item.get("role")
    if role not in parts.BY_ROLE:
        listed = ", ".join(f"'{one}'" for one in parts.BY_ROLE)
        raise bad(f"Invalid value: '{role}'. Supported values are: {listed}.", f"{at}.role", "invalid_value")
    content = item.get("content")
    if isinstance(content, str):
        return
    parts.check(content, parts.BY_ROLE[role], f"{at}.content")


def _check_call(item: dict[str, Any], at: str) -> None:
    _check_call_id(item, at)
    tool_name(item, at)
    key = "arguments" if item["type"] == "function_call" else "input"
    if not isinstance(item.get(key), str):
        raise bad(f"Invalid type for '{at}.{key}': expected a string.", f"{at}.{key}", "invalid_type")


def _check_result(item: dict[str, Any], at: str) -> None:
    _check_call_id(item, at)
    output = item.get("output")
    if not isinstance(output, str):
        parts.check(output, parts.OF_RESULTS, f"{at}.output")


def _check_call_id(item: dict[str, Any], at: str) -> None:
    call_id, where = item.get("call_id"), f"{at}.call_id"
    if call_id is None:
        raise bad(f"Missing required parameter: '{where}'.", where, "missing_required_parameter")
    if not isinstance(call_id, str) or not 0 < len(call_id) <= _LONGEST_CALL_ID:
        message = f"Invalid '{where}': expected a string with length 1 to {_LONGEST_CALL_ID}."
        raise bad(message, where, "string_above_max_length")


def _check_reasoning_shape(item: dict[str, Any], at: str) -> None:
    summary = item.get("summary")
    if not isinstance(summary, list):
        raise bad(f"Missing required parameter: '{at}.summary'.", f"{at}.summary", "missing_required_parameter")
    for number, part in enumerate(summary):
        if not isinstance(part, dict) or part.get("type") != "summary_text" or not isinstance(part.get("text"), str):
            where = f"{at}.summary[{number}]"
            raise bad(f"Invalid '{where}': expected a summary_text.", where, "invalid_value")


def _check_added_tools(item: dict[str, Any], at: str) -> None:
    if item.get("role") != "developer":
        raise bad("Invalid value for 'role': only 'developer' is supported.", f"{at}.role", "invalid_value")


_CHECKS: dict[str, Callable[[dict[str, Any], str], None]] = {
    "message": _check_message,
    "function_call": _check_call,
    "custom_tool_call": _check_call,
    "function_call_output": _check_result,
    "custom_tool_call_output": _check_result,
    "reasoning": _check_reasoning_shape,
    "additional_tools": _check_added_tools,
}
