"""`python -m a2a` is the console script `a2a`."""

from a2a.cli import main

if __name__ == "__main__":
    main()
