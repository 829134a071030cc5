"""What `a2a chat` is made of; `a2a/cli/chat.py` is its command line.

- `aim`: which provider, account and model a prompt goes to; `ask`: one prompt through the gateway, and how it ended.
- `display`: what of an answer is shown where; on a terminal Markdown: `shape` makes lines of it, `flow` says which of
  them are final, `region` keeps those that are not at the end of the screen; `wrapped` breaks reasoning between its
  words; `controls` keeps escape sequences away from it.
- `record`: a conversation as values, and the file of the last one; `talk`: many turns on a terminal, with the commands
  of `commands` on the line that `line` reads, and the loop of `background`.

Imported in the body of the command only: everything here costs start-up.
"""
