"""What every detector in the room promises; a newcomer writes examples, and this file walks them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from detectors.base import Detector, discover
from detectors.matching import Matcher
from touchstone.listing import Listing
from touchstone.verdicts import Finding

DETECTORS = discover()
ALLOWED = {"seller_authorized"}  # said for a seller, not against: a listing that is passed by may have it


def _cases(side: str) -> list[Any]:
    return [
        pytest.param(detector, listing, id=f"{detector.name}-{number}")
        for detector in DETECTORS
        for number, listing in enumerate(getattr(detector.examples(), side))
    ]


def _examine(detector: type[Detector], listing: Listing) -> tuple[Finding, ...]:
    catalog = detector.examples().catalog
    return detector.build(catalog).examine(listing, Matcher(catalog).match(listing))


each_detector = pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)


def test_the_detectors_are_found_without_registration() -> None:
    """Those that the design names are there, found by their files alone."""
    assert {"price", "wording", "evasion", "seller", "tampering"} <= {detector.name for detector in DETECTORS}


def test_names_are_unique() -> None:
    """A finding's ``detector`` names one class."""
    names = [detector.name for detector in DETECTORS]
    assert len(names) == len(set(names))


def test_a_kind_belongs_to_one_detector() -> None:
    """No two detectors declare the same kind, else a weight would count twice."""
    kinds = [kind for detector in DETECTORS for kind in detector.kinds]
    assert len(kinds) == len(set(kinds))


@each_detector
def test_it_says_what_it_looks_for(detector: type[Detector]) -> None:
    """Its docstring is printed to users, so it begins with a whole question or sentence."""
    lines = (detector.__doc__ or "").strip().splitlines()
    assert lines, "no docstring"
    paragraph = " ".join(lines).split("  ")[0]
    assert paragraph[0].isupper()
    assert "?" in lines[0] or "." in lines[0] or lines[0].endswith((",", ":")), lines[0]
    assert lines[0][-1] in "?.", "the first line is a whole sentence"


@each_detector
def test_it_has_a_version_and_kinds(detector: type[Detector]) -> None:
    """A whole number from 1 and at least one kind, so that a stored finding says by what it was made."""
    assert isinstance(detector.version, int) and detector.version >= 1
    assert detector.kinds and all(kind == kind.strip().lower() for kind in detector.kinds)


@each_detector
def test_it_gives_examples_for_both_sides(detector: type[Detector]) -> None:
    """At least one listing that it finds something in, and one that it passes by."""
    assert detector.examples().finds and detector.examples().passes


@pytest.mark.parametrize(("detector", "listing"), _cases("finds"))
def test_it_finds_what_it_says_it_finds(detector: type[Detector], listing: Listing) -> None:
    """Each example yields a finding of a declared kind, with its own name and version."""
    found = _examine(detector, listing)
    assert found
    assert {finding.kind for finding in found} <= set(detector.kinds)
    assert {(finding.detector, finding.version) for finding in found} == {(detector.name, detector.version)}


@pytest.mark.parametrize(("detector", "listing"), _cases("passes"))
def test_it_passes_what_it_says_it_passes(detector: type[Detector], listing: Listing) -> None:
    """Each counter-example yields nothing that speaks against it."""
    assert [finding for finding in _examine(detector, listing) if finding.kind not in ALLOWED] == []


@pytest.mark.parametrize(("detector", "listing"), [*_cases("finds"), *_cases("passes")])
def test_its_findings_are_sound(detector: type[Detector], listing: Listing) -> None:
    """Strength lies in 0..1, and there is a reason that a person can read, about a brand of the catalog."""
    brands = {brand.id for brand in detector.examples().catalog.brands}
    for finding in _examine(detector, listing):
        assert 0 < finding.strength <= 1
        assert len(finding.reason) > 8
        assert finding.brand in brands


@pytest.mark.parametrize(("detector", "listing"), [*_cases("finds"), *_cases("passes")])
def test_its_findings_can_be_stored(detector: type[Detector], listing: Listing) -> None:
    """JSON and back gives equal findings."""
    found = _examine(detector, listing)
    assert msgspec.json.decode(msgspec.json.encode(found), type=tuple[Finding, ...]) == found


@pytest.mark.parametrize(("detector", "listing"), [*_cases("finds"), *_cases("passes")])
def test_the_same_listing_gives_the_same_findings(detector: type[Detector], listing: Listing) -> None:
    """Twice with one detector, and once more with a new one."""
    catalog = detector.examples().catalog
    matches = Matcher(catalog).match(listing)
    ready = detector.build(catalog)
    first, second, third = (built.examine(listing, matches) for built in (ready, ready, detector.build(catalog)))
    assert first == second == third


@each_detector
def test_nothing_is_found_where_nothing_is_matched(detector: type[Detector]) -> None:
    """A listing that is about none of the catalog's brands is nobody's business."""
    ready = detector.build(detector.examples().catalog)
    assert [ready.examine(listing, ()) for listing in detector.examples().finds] == [()] * len(
        detector.examples().finds
    )
