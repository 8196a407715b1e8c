"""What a title says with a brand's name, where more than one thing is offered."""

from __future__ import annotations

import pytest

from detectors.matching import Matcher
from detectors.quantity import pack_of
from detectors.samples import catalog, listing
from touchstone.catalog import Brand
from touchstone.verdicts import Role

KNOWN = catalog()
TWO = Matcher(
    type(KNOWN)(
        brands=(*KNOWN.brands, Brand(id="tarnwick", name="Tarnwick", aliases=("탄윅",))),
        references=KNOWN.references, authorized=KNOWN.authorized,
    )
)  # fmt: skip
CASES = {
    "벨하네 피엘 쉘 자켓 + 탄윅 파우치 증정": (Role.IS, Role.FOR),
    "Velhanne Fjell Shell Jacket with free Tarnwick pouch": (Role.IS, Role.FOR),
    "벨하네 x 탄윅 콜라보 쉘 자켓": (Role.IS, Role.IS),
    "Velhanne X Tarnwick Fjell Shell Jacket": (Role.IS, Role.IS),
    "벨하네 피엘 쉘 자켓 탄윅 스타일": (Role.IS, Role.LIKE),
    "벨하네 피엘 쉘 자켓 탄윅": (Role.IS, Role.STUFFING),
    "벨하네 피엘 쉘 자켓 사은품 증정": (Role.IS, None),
    "[사은품증정] 벨하네 피엘 쉘 자켓": (Role.IS, None),
    "벨하네 자켓 수선 서비스 택배접수": (Role.FOR, None),
    "Velhanne jacket repair, mail-in": (Role.FOR, None),
    "Repair service for Velhanne jackets": (Role.FOR, None),
    "Velhanne Repair Jacket": (Role.IS, None),
}


@pytest.mark.parametrize(("title", "roles"), CASES.items(), ids=CASES.keys())
def test_presents_joint_editions_and_services(title: str, roles: tuple[Role, Role | None]) -> None:
    """A present is not sold, a joint edition bears both names, a repair is no goods, and a present beside the brand's own
    goods changes nothing.
    """
    found = {match.brand: match.role for match in TWO.match(listing(title, brand="벨하네"))}
    assert (found.get("velhanne"), found.get("tarnwick")) == roles


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("크림 50ml", False), ("크림 0.05L", False), ("크림", False), ("크림 50ml 5ml 증정", False), ("크림 100g", False),
        ("크림 5ml 미니", True), ("Cream 5 ml Mini Jar", True), ("크림 테스터", True), ("Strap for the Aster watch", True),
        ("크림 키즈", True), ("Kids cream", True), ("Kidston cream", False),
    ],
    ids=str,
)  # fmt: skip
def test_other_contents_are_another_size(title: str, other: bool) -> None:
    """Contents in the unit of the catalog's title, none of which is the catalog's, are another article."""
    assert pack_of(title, known_titles=("벨하네 크림 50ml",)).other_size is other
