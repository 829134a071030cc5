"""The room of the Textual dashboard: it sees `a2a.control` and nothing else of ours, so it can attach to any server.

    desk      what every part is handed: the control calls, the state, marks, clock, names
    state     what is known of the server; fed by `feed`, read by the views
    app       the frame: header, views, the line for `:` and `/`, keys, themes (its docstring says how views join in)
    view      what a view is; `views/` holds them, `inspect/` the one for a single exchange
    listing   the list all tables are made of: it draws the rows that are seen and no others

The environment is not read here: whoever starts the app says which theme, marks and editor there are.
"""
