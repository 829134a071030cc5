"""Reading the token files that the Kiro IDE and others write."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from support.kiro_tokens import ARN, ide_file, refresh_text, write_ide_file

from a2a.auth.kiro_file import client_id_hash, parse_time, parse_token_text, read_token_file, source_fingerprint
from a2a.errors import UsageError

BUILDER_HASH = "e909a0580879b06ece1202964fbe9dda95ea4ce3"
IDC = {"authMethod": "IdC", "provider": "BuilderId", "profileArn": None, "region": "us-east-1"}


def refused(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_token_file(path)
    assert refresh_text()[:20] not in str(caught.value)
    return str(caught.value)


def test_a_social_login(tmp_path: Path) -> None:
    found = read_token_file(write_ide_file(tmp_path / "t.json"))
    assert (found.kind, found.idp, found.profile_arn, found.auth_region) == ("social", "Google", ARN, "us-east-1")
    assert found.refresh_token.reveal() == refresh_text()
    assert found.expires_at == pytest.approx(1795338930.123)
    assert found.source_fingerprint == source_fingerprint(found)


def test_an_idc_login_brings_its_registration_and_nothing_else(tmp_path: Path) -> None:
    path = write_ide_file(tmp_path / "t.json", **IDC, clientIdHash=BUILDER_HASH)
    registration = {"clientId": "cid", "clientSecret": "s" * 4096, "expiresAt": "2027-02-20T09:15:30.000Z"}
    (tmp_path / f"{BUILDER_HASH}.json").write_text(json.dumps(registration))
    (tmp_path / "botocore-client-id-us-east-1.json").write_text('{"clientId": "foreign", "clientSecret": "foreign"}')
    found = read_token_file(path)
    assert (found.kind, found.client_id, found.client_secret.reveal()) == ("idc", "cid", "s" * 4096)
    assert found.client_secret_expires_at == pytest.approx(1803114930.0)


def test_the_registration_is_found_by_the_start_url(tmp_path: Path) -> None:
    path = write_ide_file(tmp_path / "t.json", **IDC, startUrl="https://view.awsapps.com/start")
    (tmp_path / f"{BUILDER_HASH}.json").write_text('{"clientId": "cid", "clientSecret": "s"}')
    assert read_token_file(path).client_id == "cid"


def test_the_hash_of_a_start_url() -> None:
    assert client_id_hash("https://view.awsapps.com/start") == BUILDER_HASH


@pytest.mark.parametrize("name", ["../secret", "a/b", "a.b", "x" * 129])
def test_a_hash_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    assert "not a plain name" in refused(write_ide_file(tmp_path / "t.json", **IDC, clientIdHash=name))


def test_an_idc_login_without_registration_is_refused(tmp_path: Path) -> None:
    assert "registration" in refused(write_ide_file(tmp_path / "t.json", **IDC, clientIdHash=BUILDER_HASH))


def test_an_external_idp_login() -> None:
    fields = {
        "authMethod": "external_idp",
        "provider": "ExternalIdp",
        "refreshToken": "0.short",
        "tokenEndpoint": "https://login.microsoftonline.com/t/oauth2/v2.0/token",
        "clientId": "cid",
        "scopes": "a b",
    }
    found = parse_token_text(json.dumps(ide_file(**fields)), "x")
    assert (found.kind, found.scopes, found.client_id) == ("external_idp", "a b", "cid")


@pytest.mark.parametrize(
    ("method", "kind"),
    [("social", "social"), ("SOCIAL", "social"), ("IdC", "idc"), ("builder-id", "idc"), ("iam", "idc")],
)
def test_spellings_of_the_kind(method: str, kind: str) -> None:
    fields = ide_file(authMethod=method, clientId="c", clientSecret="s")
    assert parse_token_text(json.dumps(fields), "x").kind == kind


def test_a_client_id_alone_does_not_make_it_idc() -> None:
    assert parse_token_text(json.dumps(ide_file(authMethod=None, clientId="c")), "x").kind == "social"


def test_a_file_of_the_other_gateway() -> None:
    fields = ide_file(
        authMethod="social", provider=None, socialProvider="Github", idcRegion="eu-west-1", expiresAt=None
    )
    found = parse_token_text(json.dumps(fields), "oauth_creds.json")
    assert (found.idp, found.auth_region, found.expires_at) == ("Github", "eu-west-1", 0.0)


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("strip", [b"", b"="])
def test_base64_in_every_spelling(encode: Any, strip: bytes) -> None:
    text = encode(json.dumps(ide_file(email="ü@x.org")).encode()).rstrip(strip or None).decode()
    assert parse_token_text(f" {text[:40]}\n{text[40:]} ", "x").email == "ü@x.org"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"refreshToken": "aor-abc..." + "x" * 100}, "cut off (it contains '...')"),
        ({"refreshToken": "aor-short"}, "cut off (9 characters"),
        ({"refreshToken": None}, "refreshToken is missing"),
        ({"accessToken": "aoa..."}, "accessToken is cut off"),
        ({"authMethod": "magic"}, "authMethod is of an unknown kind"),
        ({"authMethod": "external_idp"}, "tokenEndpoint or clientId is missing"),
    ],
)
def test_what_cannot_work_is_refused(tmp_path: Path, fields: dict[str, Any], told: str) -> None:
    assert told in refused(write_ide_file(tmp_path / "t.json", **fields))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe{}", b"aor-secret", b"{" + b" " * 2**21 + b"}"])
def test_a_file_of_another_kind(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(content)
    told = refused(path)
    assert str(path) in told
    assert "aor-secret" not in told


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    assert "log in with the Kiro IDE first" in refused(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-22T09:15:30.123Z", 1795338930.123),
        ("2026-11-22T09:15:30+00:00", 1795338930.0),
        ("2026-11-22T09:15:30.123456789Z", 1795338930.123456),
        ("2026-11-22T10:15:30.1234567+01:00", 1795338930.123456),
        ("2026-11-22T09:15:30", 1795338930.0),
        (1795338930, 1795338930.0),
        (1795338930000, 1795338930.0),
        ("soon", 0.0),
        (None, 0.0),
        (True, 0.0),
    ],
)
def test_times_of_all_writers(text: Any, seconds: float) -> None:
    assert parse_time(text) == pytest.approx(seconds)
