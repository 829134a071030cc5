"""An emulated Claude upstream: messages, count_tokens, models."""
