"""Images and documents within the limits of specs/kiro.md 6.4 and 6.9."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import pytest

from a2a.errors import RequestError
from a2a.messages import FileRef, Inline, Media, MediaKind, Message, Request, Text, ToolCall, ToolResult, Url
from a2a.protocols.base import Conversion, Note, Profile
from a2a.protocols.kiro import models, upstream


def picture(width: int = 1, height: int = 1, padding: int = 0) -> Media:
    """A PNG as far as its header tells."""
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)
    return medium("image", "image/png", header + bytes(12 + padding))


def medium(kind: MediaKind, mime: str | None, data: bytes, name: str | None = None) -> Media:
    return Media(kind=kind, source=Inline(base64.b64encode(data).decode()), mime=mime, name=name)


def rendered(*messages: Message, **extra: str) -> tuple[dict[str, Any], list[Note]]:
    req = Request(proto="claude", model="claude-sonnet-4.5", messages=list(messages))
    conv = Conversion(request=req, profile=Profile(), model=req.model, now=0.0, extra=dict(extra))
    return json.loads(upstream.render_request(req, conv))["conversationState"], conv.notes


def user(*parts: Any) -> Message:
    return Message(role="user", parts=list(parts))


def current(state: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = state["currentMessage"]["userInputMessage"]
    return message


def test_the_bytes_decide_on_the_format() -> None:
    state, _ = rendered(user(medium("image", "image/png", b"\xff\xd8\xff\xe0" + bytes(20))))
    assert current(state)["images"][0]["format"] == "jpeg"
    assert current(state)["content"] == " "


def test_images_of_results_travel_beside_them_before_the_user_s_own() -> None:
    calls = [ToolCall(id=name, name="shot") for name in ("t1", "t2")]
    results = [
        ToolResult(call_id="t2", parts=[picture(2)]),
        ToolResult(call_id="t1", parts=[Text(text="Two:"), picture(3), picture(4)]),
    ]
    state, _ = rendered(user(Text(text="Go.")), Message(role="assistant", parts=[*calls]), user(*results, picture(5)))
    texts = [item["content"][0]["text"] for item in current(state)["userInputMessageContext"]["toolResults"]]
    assert texts == ["Two:\n[image 1 of t1 follows]\n[image 2 of t1 follows]", "[image 1 of t2 follows]"]
    widths = [base64.b64decode(image["source"]["bytes"])[19] for image in current(state)["images"]]
    assert widths == [3, 4, 2, 5]


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (picture(8001), "8001 x 1 pixels, at most 8000 x 8000"),
        (picture(padding=4_000_000), "over 5242880 bytes of base64"),
        (medium("image", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "not supported"),
    ],
)
def test_what_would_lock_the_conversation_becomes_a_line_of_text(image: Media, why: str) -> None:
    state, notes = rendered(user(Text(text="See:"), image))
    assert "images" not in current(state)
    assert current(state)["content"].startswith("See:\n[image omitted: ")
    assert why in current(state)["content"]
    assert [(note.field, note.action) for note in notes] == [("attachments", "dropped")]


def test_among_many_images_the_edge_is_shorter() -> None:
    state, _ = rendered(user(*[picture() for _ in range(20)], picture(2001)))
    assert len(current(state)["images"]) == 20
    state, _ = rendered(user(*[picture() for _ in range(19)], picture(2001)))
    assert len(current(state)["images"]) == 20


def test_the_oldest_of_too_many_go_first() -> None:
    history = [user(picture(7)), Message(role="assistant", parts=[Text(text="ok")])]
    state, _ = rendered(*history, user(*[picture(8) for _ in range(100)]))
    assert state["history"][0]["userInputMessage"]["content"].startswith("[image omitted: more than 100")
    assert len(current(state)["images"]) == 100


def test_a_left_out_image_of_a_result_is_named_there() -> None:
    call = ToolCall(id="t1", name="shot")
    result = ToolResult(call_id="t1", parts=[picture(9000)])
    state, _ = rendered(user(Text(text="Go.")), Message(role="assistant", parts=[call]), user(result))
    text = current(state)["userInputMessageContext"]["toolResults"][0]["content"][0]["text"]
    assert text.startswith("[image 1 of t1 omitted: 9000 x 1")


def test_documents_have_safe_names_that_differ() -> None:
    pdf = [medium("document", "application/pdf", b"%PDF-1.7", name) for name in ("a_b.pdf", "a_b.pdf", None)]
    state, _ = rendered(user(*pdf))
    assert [document["name"] for document in current(state)["documents"]] == ["a-b", "a-b (2)", "document"]
    assert {document["format"] for document in current(state)["documents"]} == {"pdf"}


def test_the_old_endpoint_gets_text_documents_as_text() -> None:
    notes = medium("document", "text/x-log", "grün".encode(), "notes.txt")
    state, _ = rendered(user(notes), endpoint="legacy")
    assert current(state)["content"] == "notes.txt:\ngrün"
    with pytest.raises(RequestError, match="application/pdf"):
        rendered(user(medium("document", "application/pdf", b"%PDF-1.7")), endpoint="legacy")


@pytest.mark.parametrize(
    "part",
    [
        medium("audio", "audio/wav", b"RIFF"),
        medium("video", "video/mp4", b"...."),
        medium("document", "application/zip", b"PK"),
        Media(kind="image", source=Url("https://example.com/a.png")),
        Media(kind="image", source=FileRef("file_1", "anthropic")),
    ],
)
def test_what_the_user_asks_about_is_never_left_out_silently(part: Media) -> None:
    with pytest.raises(RequestError):
        rendered(user(part))


def test_a_picture_of_the_assistant_leaves_a_line() -> None:
    state, notes = rendered(
        user(Text(text="Draw.")), Message(role="assistant", parts=[picture()]), user(Text(text="Nice."))
    )
    assert state["history"][1]["assistantResponseMessage"]["content"] == "[image omitted]"
    assert [note.action for note in notes] == ["dropped"]


def test_a_text_model_is_told_of_the_image() -> None:
    req = Request(proto="claude", model="glm-5", messages=[user(Text(text="See:"), picture())])
    model = models.find("glm-5")
    assert model is not None
    conv = Conversion(request=req, profile=models.profile(model), model=req.model, now=0.0)
    body = json.loads(upstream.render_request(req, conv))
    assert current(body["conversationState"])["content"] == "See:\n[image omitted: this model takes no images]"
