"""An emulated OpenAI-compatible upstream: chat completions, models, embeddings."""
