"""``python -m cli``: the same as ``touchstone``."""

from cli.app import main

if __name__ == "__main__":  # the processes that print reports import this module, too
    main()
