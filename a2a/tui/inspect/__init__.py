"""The inspector: everything that is known of one exchange, on pages that are read, searched, folded and copied.

    sheet       rows of one or two columns, and which of them show when some are folded; no widget
    pager       the widget that draws a sheet: only the lines that are seen, whatever the size
    json_text   JSON as rows, also when its end was cut off
    json_diff   two JSON documents of one protocol, aligned by path
    sections    two requests of different protocols, aligned by what their parts are for
    frames      an answer as its frames: server-sent events, AWS event stream, lines
    spoken      what an answer says: text, reasoning, tool calls
    timeline    attempts as bars on one axis
    summary, request_page, answer_page, stream_page, headers_page, replay_page   the pages, from values
    view        the view that holds the pages, and its keys

All but `pager`, the dialogs and `view` are functions from values to values, without a widget and without a clock.
Bodies come redacted; nothing here may bring a secret back.
"""
