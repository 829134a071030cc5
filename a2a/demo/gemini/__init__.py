"""An emulated Gemini API upstream: generate, stream, count, embed, models."""
