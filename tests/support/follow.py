"""A browser for tests: `python follow.py URL` goes where the pages send it, and reads nothing."""

from __future__ import annotations

import sys
import urllib.request

if __name__ == "__main__":
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(sys.argv[1], timeout=20) as page:
        page.read()
