"""What can go wrong, split by who must act.

::

    TouchstoneError                     exit 1
    ├── UserError                       exit 2   the person at the keyboard can mend it
    │   ├── ConfigurationError                   touchstone.toml, or a marketplace's TOML
    │   ├── CatalogError                         rows of a catalog file, all of them listed
    │   ├── UnknownName                          a brand, marketplace, sweep or flag that is not there
    │   └── BadListing                           a line given to ``touchstone screen``
    ├── StoreError                      exit 1   the store, or the disk below it
    │   ├── StoreLocked                 exit 75  somebody else holds it; try again later
    │   └── VerificationFailed          exit 4   what is stored is not what was stored
    ├── NotRecorded                     exit 1   a page that a browser could not record, or may not
    ├── NotStamped                      exit 1   a timestamp that was not had, or does not hold
    ├── NotTold                         exit 1   an alert that a webhook or a mail server did not take
    └── UnreadableImage                 exit 1   bytes that claim to be an image and are none, or a bomb

Each message says what is wrong and where; ``hint`` says what to do next.
"""


class TouchstoneError(Exception):
    """The root: anything that Touchstone raises on purpose."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UserError(TouchstoneError):
    """Something the person at the keyboard can mend."""

    exit_code = 2


class ConfigurationError(UserError):
    """A setting that cannot be used as it is written."""


class CatalogError(UserError):
    """A catalog file with rows that cannot be imported; ``problems`` holds one line for each."""

    def __init__(self, message: str, *, problems: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = problems


class UnknownName(UserError):
    """A name that the store or the configuration does not hold."""


class BadListing(UserError):
    """A listing given as data that cannot be read."""


class StoreError(TouchstoneError):
    """The store cannot be read or written."""


class StoreLocked(StoreError):
    """Somebody else holds the store, or the lock of this sweep."""

    exit_code = 75


class VerificationFailed(StoreError):
    """What is stored differs from what was stored."""

    exit_code = 4


class NotRecorded(TouchstoneError):
    """A page that could not be recorded, or may not be; ``refused``: because the server did not give it."""

    def __init__(self, message: str, *, hint: str = "", refused: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.refused = refused


class NotStamped(TouchstoneError):
    """A timestamp that the authority did not give, or that does not hold."""


class NotTold(TouchstoneError):
    """An alert that could not be handed over."""


class UnreadableImage(TouchstoneError):
    """Bytes that cannot be read as an image within the limits."""
