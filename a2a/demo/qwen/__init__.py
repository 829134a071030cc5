"""An emulated Qwen: the OAuth portal with its device login, and the DashScope dialect of chat completions."""
