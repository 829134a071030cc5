"""An emulated OpenAI Responses upstream: `/responses`, its stored answers and `/responses/input_tokens`."""
