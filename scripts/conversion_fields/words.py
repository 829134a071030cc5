"""The words around the tables of docs/conversion.md."""

from __future__ import annotations

INTRO = """
Four client protocols meet five upstream protocols. Where both sides speak the same one, the bytes pass through and
only the model, the key and what the settings ask for are touched. Everywhere else a request is read into a
[neutral form](neutral.md) and written anew, and this page says what becomes of each field on the way.

Every cell is made by sending that field through the code: once with it, once without it, and what differs is what
became of it. Nothing may vanish without a word; `tests/rooms/test_conversion_table.py` sees to that, and to it that no
field of the official SDKs is missing here. What a request lost or what was done instead also stands in the exchange
record and, for each answer, in the header `x-a2a-notes`.
"""

LEGEND = """
| sign | what it means |
| --- | --- |
| ✓ | arrives under the same name |
| → `name` | arrives, under that name |
| ≈ `name` = `value` | arrives as the nearest thing the other side has |
| emulated | the other side cannot; a2a does it, or asks the model for it in words |
| dropped | left out, and noted |
| 400 | refused: leaving it out would change what was asked |
| *words* | nothing has to go there, and why |
| (1) | more under that number below the table |

The columns are the upstream's protocol, as these profiles have it; other models and presets may take less:
"""

REQUESTS = """
## Requests

A long path shows its end only. `[…]` in a name picks a kind of tool or item; `later` is a system message after the
first turn, `last` one at the end. A server tool stands beside a function here: alone, or forced, where the upstream
lacks it, it is a 400. Whatever is not in the table is a field nobody knows: it passes within its protocol, and is
dropped with a note elsewhere.
"""

ANSWERS = """
## Answers

The other way: what an upstream says, and where each client finds it. The client asked for all there is (reasoning
shown, log probabilities, a tool). Answers have no notes: what does not arrive is said here.
"""
