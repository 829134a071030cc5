"""Recorded exchanges in the formats of other programs.

    talk, same, join, conversation   from single exchanges to whole conversations
    openai, anthropic, sharegpt      a conversation as a line of a training file
    raw, har                         exchanges as they were
    redact, lost                     what is taken out on purpose, and what a format has no word for
    write                            the whole way, for a command

A format is a line of `write.FORMATS`. The room of the pipeline holds this, not `logs`: it needs the codecs.
"""
