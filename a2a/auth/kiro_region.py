"""Regions and profile ARNs of Kiro as text (specs/kiro.md 4.1 and 5).

Both become part of host names to which tokens are sent: what comes from a file, a browser or a person is checked here.
"""

from __future__ import annotations

import re

DEFAULT = "us-east-1"
"""Of Builder ID, and of social logins, whose host has it in its name."""

PROBED = (
    "us-east-1",
    "eu-west-1",
    "eu-central-1",
    "us-east-2",
    "eu-west-2",
    "eu-west-3",
    "eu-north-1",
    "ap-southeast-1",
    "ap-northeast-1",
    "us-west-2",
)
"""The order in which the region of an unknown start URL is looked for (kiro.md 4.1)."""

_NAME = r"[a-z]{2}(?:-[a-z]+)+-\d{1,2}"
_REGION = re.compile(_NAME)
_ARN = re.compile(rf"arn:aws(?:-[a-z]+)*:(?:codewhisperer|transform):{_NAME}:\d{{12}}:profile/[0-9A-Za-z]+")


def is_region(text: str) -> bool:
    """Whether it has the form of an AWS region's name, `us-gov-west-1` included."""
    return _REGION.fullmatch(text) is not None


def is_profile_arn(text: str) -> bool:
    """Whether it has the form of kiro.md section 5; field 4 is then a region."""
    return _ARN.fullmatch(text) is not None


def at(url: str, region: str) -> str:
    """A URL setting with its `{region}` filled in, without a slash at the end."""
    return url.replace("{region}", region).rstrip("/")
