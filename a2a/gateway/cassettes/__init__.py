"""Cassettes: exchanges as clients saw them, recorded to a folder and served from it (docs/cassettes.md).

form        one cassette: the file
redaction   what it never holds
recording   from an exchange to a cassette
matching    which cassette a request means
player      from a cassette to an answer
"""
