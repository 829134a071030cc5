"""Accounts at work: health, selection, limits, cooldown, leases. Acts on a failure's verdict and on nothing else.

`account` is one account's live state, `limits` what it may do by our own limits, `outage` the breaker that accounts
behind one origin share, `selection` the strategies, `pool` hands out leases (`lease`), `waiting` lets requests stand in
line for them, `preview` says who would get one, `health` is what survives a restart and `saving` when it is written,
`roster` which accounts there are. The pool knows no HTTP and no protocol; it learns what happened through the lease.
"""
