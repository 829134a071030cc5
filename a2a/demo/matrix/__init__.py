"""Every front to every provider, over real HTTP, judged by each front's own protocol: what `a2a demo` shows.

Rules of the room:
- `cells` says what is asked of whom; a check or a provider more is a line in its tables.
- Requests are written and answers are read by hand, from the vendors' rules. Our codecs are not used: a mistake that
  codec and check shared would be invisible.
- A front's dialect (`chat`, `responses`, `claude`, `gemini`) knows its wire and nothing of checks; `checks` and
  `troubles` know what must be true and nothing of a wire. Between them stand the values of `talk`.
- An answer is wrong in words: `Wrong` says what was there and what was due. Nothing else is caught.
"""
