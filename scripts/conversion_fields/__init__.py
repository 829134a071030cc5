"""What clients can say and upstreams can answer, field by field, as data for scripts/conversion_table.py.

A field is the smallest piece of JSON that sets it, in a body that has everything it depends on. Values are words and
numbers that occur nowhere else, so that they can be found again behind a conversion.
"""
