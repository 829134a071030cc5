"""Accounts at work: health, selection, cooldown, leases. Acts on a failure's verdict and on nothing else.

`account` is one account's live state, `selection` the strategies, `pool` hands out leases. The pool knows no HTTP and
no protocol; it learns what happened through the lease.
"""
