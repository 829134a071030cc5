"""Logging in, whoever the person sits before: a terminal, or a screen on the other side of the control API.

    methods   every way in, with what it needs and what it risks: `a2a login` and `/admin/v1/login` offer these
    keeping   where secret and record go, and which account a login renews
    oauth     logins that make a token: flow, probe, store
    key       logins with a key: one cheap check, store
    ways      which flow a method is
    remote    the person on the other side of the control API
    desk      the logins that a server runs

Nothing is stored before a login has ended well. Imports of other programs' logins need files of this machine, so they
are the command line's alone.
"""
