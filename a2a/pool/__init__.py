"""Accounts at work: health, selection, cooldown, leases. Acts on a failure's verdict and on nothing else.

`account` is one account's live state, `selection` the strategies, `pool` hands out leases, `health` what survives a
restart and `saving` when it is written, `roster` which accounts there are. The pool knows no HTTP and
no protocol; it learns what happened through the lease.
"""
