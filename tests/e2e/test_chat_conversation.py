"""A conversation at a terminal: many turns, the commands, what fails, and `--last`. In process, its lines at hand."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cli_run import Run
from support.stage import CLAUDE, KIRO, MODEL, ONE_EACH, OPENAI, Stage, staged

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP4/X4fBDHAWQCg4g/xSJ8EGAAAAABJRU5ErkJggg=="
)
SERVER = {"model_provider": ["openai"], "default_model": "demo-chat"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), ONE_EACH, server=SERVER, serve=False) as made:
        yield made


@pytest.fixture(autouse=True)
def clean(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """This home, without what the test before has left in it."""
    stage.demo.reset()
    shutil.rmtree(stage.home / "state" / "health", ignore_errors=True)
    shutil.rmtree(stage.home / "data" / "chat", ignore_errors=True)
    for name, value in {"A2A_HOME": str(stage.home), "A2A_CREDENTIAL_STORE": "file", **stage.env}.items():
        monkeypatch.setenv(name, value)


def talk(*lines: str, args: tuple[str, ...] = ()) -> Run:
    return Run("chat", *args, stdin="\n".join(lines) + "\n", tty=True)


def sent(stage: Stage, api: str = "openai") -> list[list[str]]:
    """What each request said, message by message."""
    bodies = [json.loads(seen.body) for seen in stage.demo.calls(api)]
    return [[_words(message["content"]) for message in body["messages"]] for body in bodies]


def _words(content: str | list[dict[str, str]]) -> str:
    return content if isinstance(content, str) else " ".join(part.get("text", part["type"]) for part in content)


def test_every_turn_knows_those_before(stage: Stage) -> None:
    ended = talk("one", "two", "three")
    assert (ended.code, ended.stdout.splitlines()) == (
        0,
        [f"You said: {word} — noted ✓" for word in ("one", "two", "three")],
    )
    assert sent(stage)[-1] == ["one", "You said: one — noted ✓", "two", "You said: two — noted ✓", "three"]
    assert ended.stderr.count("[openai/one demo-chat, ") == 3
    assert "/help" in ended.stderr


def test_the_answers_alone_are_on_stdout(stage: Stage) -> None:
    ended = talk("/help", "/account", "hello", "/model", "/nonsense", args=("--quiet",))
    assert ended.stdout == "You said: hello — noted ✓\n"
    assert "there is no command /nonsense" in ended.stderr


def test_quit_is_the_end(stage: Stage) -> None:
    assert talk("/quit", "never said").stdout == ""
    assert stage.demo.calls("openai") == []


def test_what_only_looks_like_a_command_is_said(stage: Stage) -> None:
    ended = talk("/etc/hosts is what?", " /model is said", "")
    assert ended.stdout.splitlines() == [
        "You said: /etc/hosts is what? — noted ✓",
        "You said: /model is said — noted ✓",
    ]


@pytest.mark.parametrize("switch", ["/provider claude", "/account claude/one", f"/model claude/{MODEL[CLAUDE]}"])
def test_another_provider_goes_on_with_the_same_conversation(switch: str, stage: Stage) -> None:
    ended = talk("one", switch, "two")
    assert ended.stdout.splitlines()[-1] == "You said: two — noted ✓", ended.stderr
    assert [len(said) for said in sent(stage, "claude")] == [3]


def test_a_default_model_of_another_provider_is_not_asked_for(stage: Stage) -> None:
    """`default_model` is OpenAI's here, which nobody knows before a list has been read."""
    shutil.rmtree(stage.home / "cache", ignore_errors=True)
    assert "You said: two" in talk("/provider claude", "two").stdout


def test_back_and_forth_over_three_protocols(stage: Stage) -> None:
    ended = talk(
        "one", "/provider kiro", f"/model {MODEL[KIRO]}", "two", "/provider claude", "three", "/provider openai", "4"
    )
    assert ended.stdout.splitlines() == [f"You said: {word} — noted ✓" for word in ("one", "two", "three", "4")]
    assert len(sent(stage)[-1]) == 7


def test_a_model_stays_with_its_provider(stage: Stage) -> None:
    ended = talk("/model gpt-4.1", "hello")
    assert "[openai gpt-4.1]" in ended.stderr
    assert json.loads(stage.demo.calls("openai")[-1].body)["model"] == "gpt-4.1"
    assert "not in the list" not in ended.stderr


def test_a_model_that_nobody_lists_is_told_as_such(stage: Stage) -> None:
    assert "not in the list of its provider" in talk("/model", "/model gtp-4.1").stderr


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("/provider opnai", "no provider is called 'opnai'"),
        ("/account nobody", "there is no account 'openai/nobody'"),
        ("/provider qwen", "there is no qwen account yet"),
        ("/mdel x", "did you mean /model?"),
        ("/file", "which file?"),
        ("/file /nonexistent.png", "cannot read /nonexistent.png"),
        ("/save", "save where?"),
        ("/save /nonexistent/x.md", "there is no folder /nonexistent"),
        ("/retry", "nothing was asked yet"),
    ],
)
def test_a_command_that_cannot_be_done_ends_nothing(command: str, told: str, stage: Stage) -> None:
    ended = talk(command, "still here")
    assert told in ended.stderr
    assert ended.stdout == "You said: still here — noted ✓\n"


def test_lists(stage: Stage) -> None:
    said = talk("/account", "/provider", "/model", "/system").stderr
    assert "openai/one  ready" in said
    assert "openai, claude, kiro" in said
    assert "gpt-4.1" in said
    assert "system prompt: none" in said


def test_the_system_prompt(stage: Stage) -> None:
    talk("one", "/system Be brief.", "two", "/system -", "three", args=("-s", "Be long."))
    assert [said[0] for said in sent(stage)] == ["Be long.", "Be brief.", "one"]


def test_files_go_with_what_is_said_next(stage: Stage, tmp_path: Path) -> None:
    image = tmp_path / "my photo.png"
    image.write_bytes(PNG)
    ended = talk(f"/file '{image}'", "what is this?", "and now?", args=("-p", "kiro", "-m", MODEL[KIRO]))
    assert ended.stdout.startswith("The image is 3x2 pixels (image/png)."), ended.stderr
    assert ended.stdout.count("pixels") == 1


def test_a_file_of_the_command_line(stage: Stage, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("xyzzy")
    talk("what does it say?", args=("-f", str(notes)))
    assert "xyzzy" in sent(stage)[0][0]


def test_a_failed_turn_is_no_part_of_it_and_can_be_asked_again(stage: Stage) -> None:
    stage.demo.fault("500", api="openai", times=8)
    ended = talk("one", "/retry", "two", args=("-p", "openai"))
    assert "a2a: openai/one" in ended.stderr
    assert "/retry asks again" in ended.stderr
    assert ended.stdout == ""
    stage.demo.reset()
    shutil.rmtree(stage.home / "state" / "health", ignore_errors=True)
    stage.demo.fault("400", api="openai")
    ended = talk("one", "/retry", "two")
    assert ended.stdout.splitlines() == ["You said: one — noted ✓", "You said: two — noted ✓"]
    assert sent(stage)[-1] == ["one", "You said: one — noted ✓", "two"]


def test_an_answer_that_broke_off_is_no_part_of_it(stage: Stage) -> None:
    stage.demo.fault("cut after=4", api="openai")
    ended = talk("this answer breaks off in the middle")
    assert ended.stdout.startswith("You said: this"), "as far as it came"
    assert "/retry asks again" in ended.stderr
    assert not (stage.home / "data" / "chat").exists()


def test_the_last_question_again(stage: Stage) -> None:
    talk("one", "two", "/retry", "three")
    assert [said[-1] for said in sent(stage)] == ["one", "two", "two", "three"]
    assert len(sent(stage)[-1]) == 5


def test_a_new_conversation(stage: Stage) -> None:
    talk("one", "/clear", "two", args=("-s", "Be brief."))
    assert sent(stage)[-1] == ["Be brief.", "two"]


def test_saving(stage: Stage, tmp_path: Path) -> None:
    page, data = tmp_path / "talk.md", tmp_path / "talk.json"
    ended = talk("one", f"/save {page}", f"/save {data}", f"/save {page}", args=("-s", "Be brief."))
    assert page.read_text() == (
        "> Be brief.\n\n## You\n\none\n\n## Answer (openai/one demo-chat)\n\nYou said: one — noted ✓\n\n"
    )
    roles = [message["role"] for message in json.loads(data.read_text())["messages"]]
    assert roles == ["system", "user", "assistant"]
    assert "exists already" in ended.stderr


def test_no_stream(stage: Stage) -> None:
    assert talk("one", args=("--no-stream",)).stdout == "You said: one — noted ✓\n"
    assert json.loads(stage.demo.calls("openai")[-1].body).get("stream", False) is False


def test_without_any_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A2A_HOME", str(tmp_path / "empty"))
    ended = talk("hello")
    assert (ended.code, ended.stdout) == (3, "")
    assert "a2a login" in ended.stderr


def test_a_conversation_has_no_json(stage: Stage) -> None:
    ended = talk("hello", args=("--json",))
    assert (ended.code, ended.envelope["errors"][0]["message"]) == (2, "there is nothing to ask")


def test_last_goes_on(stage: Stage) -> None:
    assert Run("chat", "-s", "Be brief.", "one").code == 0
    assert Run("chat", "--last", "two").stdout == "You said: two — noted ✓\n"
    assert sent(stage)[-1] == ["Be brief.", "one", "You said: one — noted ✓", "two"]
    ended = talk("three", args=("--last",))
    assert "[going on after 2 answers]" in ended.stderr
    assert len(sent(stage)[-1]) == 6
    names = {seen.headers.get("x-session-id") for seen in stage.demo.calls("openai")}
    assert names == {None}, "the conversation's name is for our own logs"


def test_last_stays_where_it_was(stage: Stage) -> None:
    Run("chat", "-p", "kiro", "-m", MODEL[KIRO], "one")
    assert "[kiro/one " + MODEL[KIRO] in Run("chat", "--last", "two").stderr


def test_last_elsewhere(stage: Stage) -> None:
    Run("chat", "-p", "kiro", "-m", MODEL[KIRO], "one")
    assert "[claude/one " in Run("chat", "--last", "-p", "claude", "two").stderr
    assert f"[openai/one {MODEL[OPENAI]}" in Run("chat", "--last", "-p", "openai", "-m", MODEL[OPENAI], "two").stderr
    assert "[openai/one gpt-4.1" in Run("chat", "--last", "-m", "gpt-4.1", "two").stderr


def test_last_with_a_picture(stage: Stage, tmp_path: Path) -> None:
    image = tmp_path / "photo.png"
    image.write_bytes(PNG)
    Run("chat", "-p", "kiro", "-m", MODEL[KIRO], "-f", str(image), "what is this?")
    Run("chat", "--last", "really?")
    image_again = stage.demo.calls("kiro")[-1].body.decode()
    assert base64.b64encode(PNG).decode() in image_again
    image.unlink()
    ended = Run("chat", "--last", "really?")
    assert "photo.png of this conversation is no longer there" in ended.stderr
    assert "no longer available" in stage.demo.calls("kiro")[-1].body.decode()


def test_nothing_to_go_on_with(stage: Stage) -> None:
    ended = Run("chat", "--last", "two")
    assert (ended.code, ended.stdout) == (2, "")
    assert "there is no conversation to go on with" in ended.stderr


def test_nothing_is_kept(stage: Stage) -> None:
    Run("chat", "--no-save", "one")
    talk("one", args=("--no-save",))
    assert not (stage.home / "data" / "chat").exists()


def test_a_failure_is_not_kept(stage: Stage) -> None:
    Run("chat", "one")
    stage.demo.fault("400", api="openai")
    assert Run("chat", "--last", "two").code == 1
    Run("chat", "--last", "three")
    assert sent(stage)[-1] == ["one", "You said: one — noted ✓", "three"]
