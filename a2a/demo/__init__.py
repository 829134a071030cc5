"""Strict emulated upstreams over real HTTP, for `a2a demo`, for tests and for anyone who wants to break things.

Rules of the room:
- Every wire format is written by hand here, from the vendors' rules; our codecs are not used. A mistake that codec and
  emulator shared would be invisible (`protocols.eventstream.encode_frame` is the one exception: vectors pin it).
- An emulator refuses what the real upstream refuses, with the vendor's status and error body.
- What is answered is decided in `brain`, a pure function of a neutral view of the request; how it is written is the
  business of `openai`, `responses`, `claude`, `gemini`, `codeassist`, `qwen` and `kiro`.
- Keys and tokens are invented and public; nothing here may ever listen on anything but loopback.
"""
