"""Upstream calls: one module per provider id gives url, headers, catalogue, faults and refresh; never another's.

`base` holds the interface, `registry` the table of ids, `presets` the well-known services as data, `http` the one
client every provider calls through.
"""
