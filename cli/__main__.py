"""``python -m cli``: the same as ``touchstone``."""

from cli.app import main

main()
