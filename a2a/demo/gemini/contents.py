"""What the Gemini API refuses inside `contents`: roles and their order, parts, media, calls and their responses.

The request has been read by its tables: names are camel case, nulls are gone. All raise `GoogleRefusal`.
Sources: specs/conversion.md 5.1, 5.2, 6.5, specs/gemini-cli.md 6.1, 6.2, 6.4.
"""

from __future__ import annotations

from typing import Any

from a2a.demo import pictures
from a2a.demo.catalog import words
from a2a.demo.gemini import signing
from a2a.demo.gemini.errors import bad
from a2a.demo.gemini.models import GeminiModel
from a2a.demo.gemini.proto import decode_bytes

Contents = list[dict[str, Any]]

_DATA = words(
    "text inlineData fileData functionCall functionResponse executableCode codeExecutionResult toolCall toolResponse"
)
_ROLES = (None, "user", "model", "function")
_IMAGES = words("image/png image/jpeg image/webp image/heic image/heif")
_DOCUMENTS = words(
    "application/pdf text/plain text/html text/css text/csv text/xml text/rtf text/markdown text/md text/javascript "
    "application/x-javascript text/x-python application/x-python"
)
_SOUND = words("audio/wav audio/x-wav audio/mp3 audio/mpeg audio/aiff audio/aac audio/ogg audio/flac audio/webm")
_FILMS = words(
    "video/mp4 video/mpeg video/mov video/quicktime video/avi video/x-flv video/mpg video/webm video/wmv video/3gpp"
)
_MEDIA = _IMAGES | _DOCUMENTS | _SOUND | _FILMS
_IN_RESPONSES = words("image/png image/jpeg image/webp application/pdf text/plain")
_HOSTED = ("https://generativelanguage.googleapis.com/", "gs://", "https://www.youtube.com/", "https://youtu.be/")


def role_of(content: dict[str, Any]) -> str:
    """`user` or `model`: a missing role and `function` are the user's."""
    return "model" if content.get("role") == "model" else "user"


def parts_of(content: dict[str, Any], kind: str) -> list[Any]:
    """The values of all parts of one kind."""
    return [part[kind] for part in content.get("parts") or () if kind in part]


def check(contents: Contents, model: GeminiModel) -> None:
    """Every rule on the conversation."""
    if not contents:
        raise bad("* GenerateContentRequest.contents: contents is not specified\n")
    for number, content in enumerate(contents):
        at = f"contents[{number}]"
        if content.get("role") not in _ROLES:
            raise bad("Please use a valid role: user, model.", f"{at}.role")
        if not content.get("parts"):
            raise bad(f"* GenerateContentRequest.{at}.parts: contents.parts must not be empty.\n")
        for position, part in enumerate(content["parts"]):
            check_part(part, f"{at}.parts[{position}]", model)
    _check_order(contents)
    if model.signs:
        _check_signed(contents)


def check_part(part: dict[str, Any], at: str, model: GeminiModel) -> None:
    """One part: exactly one piece of data, and that well made."""
    kinds = [key for key in part if key in _DATA]
    if len(kinds) != 1:
        raise bad(f"* GenerateContentRequest.{at}.data: required oneof field 'data' must have one initialized field\n")
    if "thoughtSignature" in part and not signing.accepted(part):
        raise bad("Thought signature is not valid.", f"{at}.thought_signature")
    inner = part[kinds[0]]
    if kinds[0] == "inlineData":
        _check_blob(inner, at, _MEDIA)
    elif kinds[0] == "fileData":
        _check_file(inner, at)
    elif kinds[0] in ("functionCall", "functionResponse"):
        if not inner.get("name"):
            raise bad(f"* GenerateContentRequest.{at}.{kinds[0]}.name: Name cannot be empty.\n")
        if kinds[0] == "functionResponse":
            _check_response(inner, at, model)


def _check_blob(blob: dict[str, Any], at: str, allowed: frozenset[str]) -> None:
    kind = blob.get("mimeType", "")
    if kind not in allowed:
        raise bad(f"Unsupported MIME type: {kind}", f"{at}.inline_data.mime_type")
    data = decode_bytes(blob.get("data") or "")
    if not data:
        raise bad(f"* GenerateContentRequest.{at}.inline_data.data: inline data must not be empty.\n")
    found = pictures.media_type(data)
    if kind in ("image/png", "image/jpeg", "image/webp") and found != kind:
        raise bad(
            "Unable to process input image. Please retry or report in https://developers.generativeai.google/guide"
        )


def _check_file(data: dict[str, Any], at: str) -> None:
    uri = data.get("fileUri", "")
    if not uri.startswith(_HOSTED):
        raise bad(f"Invalid or unsupported file uri: {uri}", f"{at}.file_data.file_uri")


def _check_response(response: dict[str, Any], at: str, model: GeminiModel) -> None:
    if "response" not in response:
        raise bad(f"* GenerateContentRequest.{at}.function_response.response: response must be set.\n")
    media = response.get("parts") or []
    if media and not model.signs:
        raise bad("Multimodal function responses are not supported for this model.", f"{at}.function_response.parts")
    for number, part in enumerate(media):
        if "inlineData" in part:
            _check_blob(part["inlineData"], f"{at}.function_response.parts[{number}]", _IN_RESPONSES)


def _check_order(contents: Contents) -> None:
    if role_of(contents[0]) != "user":
        raise bad("Please ensure that multiturn requests start with a user turn.")
    if role_of(contents[-1]) == "model" and not parts_of(contents[-1], "functionCall"):
        raise bad("Please ensure that multiturn requests end with a user role or a function response.")
    for number, content in enumerate(contents):
        before = contents[number - 1] if number else {}
        after = contents[number + 1] if number + 1 < len(contents) else {}
        calls = parts_of(content, "functionCall")
        responses = parts_of(content, "functionResponse")
        if calls and (role_of(content) != "model" or role_of(before) != "user"):
            raise bad(
                "Please ensure that function call turn comes immediately after a user turn or after a function "
                "response turn."
            )
        if calls and len(parts_of(after, "functionResponse")) != len(calls):
            raise bad(
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn."
            )
        if responses:
            _check_responses(content, responses, parts_of(before, "functionCall"))


def _check_responses(content: dict[str, Any], responses: Contents, calls: Contents) -> None:
    if not calls or role_of(content) != "user":
        raise bad("Please ensure that function response turn comes immediately after a function call turn.")
    if parts_of(content, "text"):
        raise bad("Please ensure that a function response turn holds function responses only.")
    left = list(calls)
    for response in responses:
        match = next((call for call in left if _answers(response, call)), None)
        if match is None:
            raise bad(f"Function response '{response['name']}' does not match any function call of the turn before it.")
        left.remove(match)


def _answers(response: dict[str, Any], call: dict[str, Any]) -> bool:
    """Ids decide where both have one, names must agree in any case."""
    same_id = not (response.get("id") and call.get("id")) or response["id"] == call["id"]
    return same_id and bool(response["name"] == call["name"])


def _check_signed(contents: Contents) -> None:
    """Since the last words of the user, each step's first call carries its signature."""
    spoken = (at for at, one in enumerate(contents) if role_of(one) == "user" and not parts_of(one, "functionResponse"))
    start = max(spoken, default=-1)
    for number, content in enumerate(contents[start + 1 :], start + 1):
        first = next((part for part in content["parts"] if "functionCall" in part), None)
        if first is not None and "thoughtSignature" not in first:
            raise bad(
                "Function call is missing a thought_signature in functionCall parts. This is required for tools to "
                "work correctly, and missing thought_signature may lead to degraded model performance. Additional "
                f"data, function call `default_api:{first['functionCall']['name']}` , position {number + 1}."
            )
