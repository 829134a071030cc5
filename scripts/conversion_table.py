"""docs/conversion.md: what becomes of every field of every client protocol at every upstream protocol.

Nothing on that page is written by hand but its introduction: each field of `conversion_fields` is sent through the real
parser, the policy passes and the renderer, once with it and once without, and what differs is what became of it. A
field that leaves neither a trace nor a note is LOST, which the tests do not allow.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from conversion_fields import answers, chat, claude, gemini, responses
from conversion_fields.model import PNG, Field, Group
from conversion_fields.words import ANSWERS_INTRO, INTRO, LEGEND
from msgspec import Struct

from a2a.auth.records import Account
from a2a.config import ServerSettings, load
from a2a.errors import RequestError
from a2a.gateway.media import MediaFetcher
from a2a.messages import Proto
from a2a.protocols.base import Conversion, Note, Profile
from a2a.protocols.filters import Filters
from a2a.protocols.fold import fold
from a2a.protocols.prepare import prepare
from a2a.protocols.registry import FRONTS, UPSTREAMS
from a2a.providers.registry import PROVIDERS
