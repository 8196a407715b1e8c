"""What a detector is, and where they are found: one file each, nothing else to register."""

import importlib
import pkgutil
from typing import Any, Protocol, Self

import msgspec

from touchstone.catalog import Catalog
from touchstone.listing import Listing
from touchstone.verdicts import Finding, Match, Role


class Examples(msgspec.Struct, frozen=True, kw_only=True):
    """Listings that a detector must find something in, and such that it must pass by; contract tests walk them."""

    catalog: Catalog
    finds: tuple[Listing, ...]
    passes: tuple[Listing, ...]


class Detector(Protocol):
    """One way to look at a listing that is about a brand. The docstring of each is printed by ``touchstone detectors``."""

    name: str
    version: int
    kinds: tuple[str, ...]

    @classmethod
    def build(cls, catalog: Catalog) -> Self:
        """Index the catalog, once for a run."""

    def examine(self, listing: Listing, matches: tuple[Match, ...]) -> tuple[Finding, ...]:
        """What speaks for or against the listing, given what it is about; the same input gives the same findings."""

    @classmethod
    def examples(cls) -> Examples:
        """At least one listing for each side."""


def discover() -> tuple[type[Detector], ...]:
    """Every class in this room that ends a module's ``DETECTOR``, by name."""
    import detectors

    found: list[type[Detector]] = []
    for module in pkgutil.iter_modules(detectors.__path__):
        detector: Any = getattr(importlib.import_module(f"detectors.{module.name}"), "DETECTOR", None)
        if detector is not None:
            found.append(detector)
    return tuple(sorted(found, key=lambda detector: detector.name))


def offered(matches: tuple[Match, ...]) -> tuple[Match, ...]:
    """The matches that say that the goods are the brand's: only these can be counterfeit or unauthorized."""
    return tuple(match for match in matches if match.role is Role.IS)
