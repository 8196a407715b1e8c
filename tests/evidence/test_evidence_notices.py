"""Notices to platforms: who gets which table, what stands in it, what is left out, and that no cell is a formula."""

from __future__ import annotations

import csv
import io
import string
import unicodedata
from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evidence.cells import BOM, neutral, plain, write_csv
from evidence.notices import GENERIC, Notices, forms, notices, platform_of, within
from touchstone.archive import Archive, CaptureRecord, Outcome, Shown
from touchstone.catalog import Brand, BrandReference, Right, RightKind
from touchstone.errors import UnknownName
from touchstone.exhibit import Accusation, Complainant, Exhibit, Matter
from touchstone.listing import Listing, Offer, Seller
from touchstone.money import Money
from touchstone.recording import Circumstances, Robots
from touchstone.verdicts import Decision, Flag, FlagStatus, Judgement, Label, Weighed

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WACZ = "ab" * 32
AMAZON = "https://www.amazon.com/Velhanne-Jacket/dp/B0ABCDEF12/ref=sr_1_1"
EBAY = "https://www.ebay.com/itm/256789012345?hash=item3bc"
COUPANG = "https://www.coupang.com/vp/products/7654321?itemId=111&vendorItemId=222333"
TIKTOK = "https://shop.tiktok.com/view/product/1729382256910270495?region=US"
ALIEXPRESS = "https://www.aliexpress.com/item/1005006123456789.html"
NAMU = "http://namu.example/item/1"
COLUMNS = {key: list(platform.columns.values()) for key, platform in forms().platforms.items()}
KIPO = Right(brand="velhanne", number="40-1234567", office="KIPO", owner="Velhanne AS", mark="VELHANNE", poa="POA-1")
USPTO = Right(brand="velhanne", number="5551234", office="USPTO", owner="Velhanne AS", mark="VELHANNE")
AGENT = Complainant(name="김서명", company="한빛 특허", email="ip@example.com", telephone="+82-2-555-0100", agent=True)
MATTER = Matter(reference="M-7", complainant=AGENT, statement=None)


def _circumstances(at: datetime) -> Circumstances:
    return Circumstances(
        asked=NAMU, final_url=NAMU, page_url=NAMU, status=200, started_at=at, page_at=at, ended_at=at, tool="t",
        browser="b", user_agent="u", locale="ko-KR", time_zone="Asia/Seoul", viewport=(1280, 800), server_address=None,
        certificates=(), robots=Robots(decision="allowed", why="no rule"), requests=1, received_bytes=1,
    )  # fmt: skip


def _accusation(
    label: Label = Label.COUNTERFEIT, *decisions: Decision, flag: int = 1, status: FlagStatus = FlagStatus.OPEN,
    reasons: tuple[tuple[str, str], ...] = (), brand: str = "velhanne",
) -> Accusation:  # fmt: skip
    weighed = tuple(Weighed(kind=kind, reason=text, strength=1, weight=2, points=2) for kind, text in reasons)
    return Accusation(
        id=flag, status=status, raised_at=NOON, threshold=0.5,
        flag=Flag(label=label, brand=brand, probability=0.9, bias=-2, reasons=weighed, reference=Money(289_000, "KRW")),
        judgements=tuple(Judgement(flag_id=flag, decision=one, actor="kim", at=NOON) for one in decisions),
    )  # fmt: skip


def _exhibit(
    url: str = NAMU, *accusations: Accusation, number: int = 1, title: str = "벨하네 피엘 쉘 자켓",
    rights: tuple[Right, ...] = (KIPO, USPTO), at: datetime = NOON, seller: str = "best-shop",
) -> Exhibit:  # fmt: skip
    offer = Offer(price=Money(58_000, "KRW"), seller=Seller(marketplace="namu", seller_id="nm-9", name=seller))
    return Exhibit(
        number=number, brand=Brand(id="velhanne", name="Velhanne"), rights=rights,
        listing=Listing(marketplace="namu", listing_id=f"L{number}", url=url, title=title, seen_at=NOON, offer=offer),
        accusations=accusations or (_accusation(),), digests=None, prices=(), matches=(), findings=(), detectors=(),
        error_rates=(), archive=Archive(id=1, listing_row=1, at=NOON, url=url, outcome=Outcome.KEPT, reason=""),
        capture=CaptureRecord(
            listing=f"namu/L{number}", outcome=Outcome.KEPT, shortcomings=(), circumstances=_circumstances(at),
            shown=Shown(), wacz=WACZ, files={}, answers=(),
        ),
        reference=BrandReference(brand="velhanne", sku="VL-2210", title="Velhanne Fjell Shell Jacket"),
    )  # fmt: skip


def _read(name: str, table: bytes) -> list[dict[str, str]]:
    """The rows of a file by field, whatever its header calls them."""
    text = table.decode("utf-8")
    assert text.startswith(BOM)
    _, *rows = csv.reader(io.StringIO(text[1:], newline=""))
    columns = COLUMNS[name.removesuffix(".csv").split("-")[0]]
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _rows(made: Notices) -> list[dict[str, str]]:
    return [row for name, table in made.files.items() for row in _read(name, table)]


def _row(*exhibits: Exhibit, matter: Matter = MATTER, **options: Any) -> dict[str, str]:
    (row,) = _rows(notices(exhibits, matter, **options))
    return row


# --- cells ---------------------------------------------------------------------------------------------------------------

ANY_TEXT = st.text(st.characters(exclude_categories=()))
RISKY = st.text(st.sampled_from("=+-@＝＋－＠﹣⁼\t\r\n\x00\u200b\ufeff\u3000 '1a가\ud800"))
ORDINARY = st.text(string.ascii_letters + string.digits + "가힣정품 .,:;/()'\"%&|!?_", max_size=40)


@given(ANY_TEXT | RISKY)
@example("\ufeff=1+1")
@example(" \t ＝HYPERLINK(1)")
@example("\x00=1")
def test_no_cell_begins_like_a_formula(text: str) -> None:
    """Behind spaces and unseen characters, in no width, is there a sign with which a formula begins."""
    seen = [char for char in neutral(text) if not char.isspace() and unicodedata.category(char) != "Cf"]
    assert unicodedata.normalize("NFKC", "".join(seen[:1]))[:1] not in {"=", "+", "-", "@"}


@given(ANY_TEXT | RISKY)
def test_neutral_twice_is_neutral_once(text: str) -> None:
    """A neutral cell needs no second apostrophe."""
    assert neutral(neutral(text)) == neutral(text)


@given(ANY_TEXT | RISKY)
def test_no_cell_holds_control_characters(text: str) -> None:
    """Neither controls nor breaks nor halves of characters are left, so that every cell can be written."""
    assert not {unicodedata.category(char) for char in neutral(text)} & {"Cc", "Cs", "Zl", "Zp"}
    neutral(text).encode("utf-8")


@given(ORDINARY)
def test_ordinary_text_stays(text: str) -> None:
    """What cannot be a formula is written as it is."""
    assert neutral(text) == text


@given(st.integers(max_value=-1) | st.floats(max_value=-1e-9, allow_infinity=False))
def test_negative_numbers_are_text(number: float) -> None:
    """A number below zero becomes text: nobody knows what a program makes of what follows the sign."""
    assert neutral(str(number)) == f"'{number}"


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@a", "\tx", "\rx", " =1", "\n@a", "＝1", "＋1", "－1", "＠a", "\u3000＝1"]
)
def test_each_sign_is_neutralised(text: str) -> None:
    """Each sign of the rule, in both widths and behind spaces, gets the apostrophe, and keeps what it was."""
    assert neutral(text) == f"'{plain(text)}"


@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT), max_size=8))
def test_tables_are_read_back(rows: list[tuple[str, str]]) -> None:
    """A table comes back cell by cell, lines end with CRLF, and the byte order mark is there once."""
    text = write_csv(rows, ("a", "b")).decode("utf-8")
    assert text.startswith(BOM) and text.endswith("\r\n")
    assert [*csv.reader(io.StringIO(text[1:], newline=""))] == [
        ["a", "b"],
        *([neutral(a), neutral(b)] for a, b in rows),
    ]


def test_semicolons_open_no_cell() -> None:
    """A program that separates by semicolons finds no formula inside a cell."""
    assert b'"a;=1+1"' in write_csv([("a;=1+1",)], ("title",))


# --- platforms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "platform"),
    [
        (AMAZON, "amazon"), ("https://amazon.co.jp/dp/B0ABCDEF12", "amazon"), ("https://smile.AMAZON.de./x", "amazon"),
        (EBAY, "ebay"), ("https://www.ebay.co.uk/itm/x/256789012345", "ebay"), (COUPANG, "coupang"),
        ("https://m.coupang.com/vm/products/1", "coupang"), (TIKTOK, "tiktok"), ("https://www.tiktok.com/@a", "tiktok"),
        (ALIEXPRESS, "alibaba"), ("https://detail.1688.com/offer/1.html", "alibaba"),
        ("https://item.taobao.com/item.htm?id=1", "alibaba"), ("https://detail.tmall.com/item.htm?id=1", "alibaba"),
        ("https://korean.alibaba.com/product-detail/x_1600.html", "alibaba"), (NAMU, GENERIC),
        ("https://amazon.com.shop.example/dp/B0ABCDEF12", GENERIC), ("https://notamazon.com/", GENERIC),
        ("https://shop.example/?u=amazon.com", GENERIC), ("https://amazon.com@evil.example/", GENERIC), ("", GENERIC),
        ("http://[broken", GENERIC),
    ],
)  # fmt: skip
def test_host_chooses_platform(url: str, platform: str) -> None:
    """A listing goes where its address's host belongs; a host that only looks like it goes to the generic table."""
    assert platform_of(url) == platform


@pytest.mark.parametrize(
    ("url", "item"),
    [
        (AMAZON, "B0ABCDEF12"), ("https://www.amazon.com/gp/product/B0ABCDEF12?th=1", "B0ABCDEF12"),
        ("https://www.amazon.com/gp/aw/d/B0ABCDEF12", "B0ABCDEF12"), ("https://www.amazon.com/s?k=jacket", "L1"),
        ("https://www.amazon.com/dp/B0ABCDEF123", "L1"), (EBAY, "256789012345"),
        ("https://www.ebay.de/itm/a-jacket/256789012345", "256789012345"), ("https://www.ebay.com/usr/x", "L1"),
        (COUPANG, "7654321"), (TIKTOK, "1729382256910270495"), (ALIEXPRESS, "1005006123456789"),
        ("https://shop.tiktok.com/us/pdp/a-jacket/1729382256910270495", "1729382256910270495"),
        ("https://www.alibaba.com/product-detail/A-Jacket-2024_1600123456789.html", "1600123456789"),
        ("https://detail.1688.com/offer/612345678901.html", "612345678901"),
        ("https://item.taobao.com/item.htm?spm=a1&id=612345678901", "612345678901"), (NAMU, "L1"),
    ],
)  # fmt: skip
def test_item_number_is_the_platforms(url: str, item: str) -> None:
    """The platform's own number is read from the address; where there is none, the listing's own stands in, and it is said."""
    row = _row(_exhibit(url))
    assert row["item"] == item
    assert ("number" in row["to_check"]) == (item == "L1" and platform_of(url) != GENERIC)


def test_coupang_has_both_numbers() -> None:
    """Coupang's table names the page's number and that of the offer, since one page holds many."""
    row = _row(_exhibit(COUPANG))
    assert (row["item"], row["variant"]) == ("7654321", "222333")


def test_a_platform_can_be_named() -> None:
    """A platform that is named takes every listing; one that is not described is refused, with the nearest that is."""
    assert list(notices([_exhibit(NAMU)], MATTER, platform="ebay").files) == ["ebay.csv"]
    assert list(notices([_exhibit(EBAY)], MATTER, platform=GENERIC).files) == ["generic.csv"]
    with pytest.raises(UnknownName, match="did you mean 'ebay'"):
        notices([_exhibit()], MATTER, platform="ebey")


@pytest.mark.parametrize("key", forms().platforms)
def test_a_form_is_whole(key: str) -> None:
    """Each form has a source, words for what can be claimed, no two columns alike, and fields that there are."""
    platform = forms().platforms[key]
    assert platform.sources or key == GENERIC
    assert all(source.url.startswith("https://") and source.says for source in platform.sources)
    assert set(platform.violations) | set(forms().not_included) == set(Label)
    assert all(RightKind.TRADEMARK in words for words in platform.violations.values())
    assert len(set(COLUMNS[key])) == len(COLUMNS[key])
    assert {"url", "item", "description", "number", "statement", "reviewed", "wacz"} <= set(COLUMNS[key])
    url = next((f"https://{domain}/" for domain in platform.domains), NAMU)
    assert _row(_exhibit(url), platform=key)["reviewed"]  # every column found its field


@pytest.mark.parametrize("key", forms().platforms)
def test_a_header_tells_of_review(key: str) -> None:
    """The column that says whether a person looked is called the same in every table."""
    assert [header for header in forms().platforms[key].columns if "reviewed_by_person" in header]


# --- rows ----------------------------------------------------------------------------------------------------------------


def test_a_row_holds_what_is_asked() -> None:
    """Listing, right, complainant and evidence stand in it; the statement of good faith waits for the signer."""
    row = _row(_exhibit(COUPANG, at=datetime(2026, 3, 1, 21, 30, tzinfo=timezone(timedelta(hours=9)))))
    assert row["url"] == COUPANG
    assert (row["right_kind"], row["number"], row["office"], row["jurisdiction"]) == (
        "상표권",
        "40-1234567",
        "KIPO",
        "KR",
    )
    assert (row["mark"], row["owner"], row["poa"]) == ("VELHANNE", "Velhanne AS", "POA-1")
    assert (row["complainant"], row["capacity"], row["email"]) == ("김서명", "권리자의 대리인", "ip@example.com")
    assert row["telephone"] == "'+82-2-555-0100"
    assert (row["exhibit"], row["captured_at"], row["wacz"]) == ("0001", "2026-03-01 12:30:00", WACZ)
    assert row["violation"] == "상표권 침해(위조상품)"
    assert row["statement"] == "" and row["to_check"] == ""


def test_the_signers_statement_is_taken_over() -> None:
    """Where the case file holds a statement, it stands in the table, word for word."""
    assert (
        _row(_exhibit(), matter=msgspec.structs.replace(MATTER, statement="I believe so."))["statement"]
        == "I believe so."
    )


def test_coupang_is_in_korean() -> None:
    """Every header and every sentence of ours in Coupang's table is Korean."""
    reasons = (("photo_mirrored", "the brand's photo, mirrored"),)
    table = notices([_exhibit(COUPANG, _accusation(reasons=reasons))], MATTER).files["coupang.csv"].decode("utf-8")
    assert "좌우로 뒤집어" in table and "mirrored" not in table
    assert all(any("가" <= char <= "힣" for char in header) for header in forms().platforms["coupang"].columns)


@pytest.mark.parametrize(
    ("decisions", "reviewed"),
    [((), "no"), ((Decision.CONFIRM,), "yes"), ((Decision.CONFIRM, Decision.UNSURE), "no"),
     ((Decision.DISMISS, Decision.CONFIRM), "yes")],
)  # fmt: skip
def test_review_is_told(decisions: tuple[Decision, ...], reviewed: str) -> None:
    """What no person confirmed last is listed all the same, and the table says so."""
    assert _row(_exhibit(NAMU, _accusation(Label.COUNTERFEIT, *decisions)))["reviewed"] == reviewed


def test_description_is_facts() -> None:
    """It tells title, price, seller, what was compared and what was seen, and not what rests on contracts or knowledge."""
    reasons = (
        (
            "price_below_reference",
            "₩58,000 is 20% of the genuine price; authorized sellers mostly ask ₩250,000 and more",
        ),
        ("seller_not_authorized", "best-shop is not an authorized seller"),
        ("photo_mirrored", "the brand's photo, mirrored"),
    )
    text = _row(_exhibit(EBAY, _accusation(reasons=reasons)))["description"]
    assert text == (
        "The listing is titled “벨하네 피엘 쉘 자켓”. It asks ₩58,000. It shows “best-shop” as the seller. It was compared with "
        "the genuine product “Velhanne Fjell Shell Jacket”, article VL-2210. The genuine product costs ₩289,000. "
        "Found: ₩58,000 is 20% of the genuine price. Found: the brand's photo, mirrored."
    )


def test_what_speaks_for_the_seller_is_no_claim() -> None:
    """A reason that lowers the suspicion is not told as one that raises it."""
    accusation = _accusation(reasons=(("photo_mirrored", "mirrored"),))
    lowered = tuple(msgspec.structs.replace(reason, points=-2.0) for reason in accusation.flag.reasons)
    accusation = msgspec.structs.replace(accusation, flag=msgspec.structs.replace(accusation.flag, reasons=lowered))
    assert "mirrored" not in _row(_exhibit(NAMU, accusation))["description"]


@pytest.mark.parametrize(("url", "number"), [(COUPANG, "40-1234567"), (AMAZON, "5551234"), (NAMU, "40-1234567")])
def test_right_of_the_sites_country_comes_first(url: str, number: str) -> None:
    """Of several registrations, the one that holds where the site sells is claimed, and the others are named."""
    row = _row(_exhibit(url))
    assert row["number"] == number
    assert {"40-1234567", "5551234"} - {number} == {row["other_rights"].split()[-1]}


@pytest.mark.parametrize(("office", "doubt"), [("EUIPO", False), ("dpma", False), ("WIPO", True), ("USPTO", True)])
def test_a_right_of_elsewhere_is_doubted(office: str, doubt: bool) -> None:
    """A union's register holds in its countries; a right that may not hold where the site sells is for the signer to check."""
    right = msgspec.structs.replace(KIPO, office=office)
    assert ("DE" in _row(_exhibit("https://www.amazon.de/dp/B0ABCDEF12", rights=(right,)))["to_check"]) == doubt


def test_a_right_that_is_not_in_force_is_not_claimed() -> None:
    """A registration that had expired, or did not exist yet, on the day of the capture is not put forward."""
    expired = msgspec.structs.replace(KIPO, expires=date(2026, 2, 28))
    later = msgspec.structs.replace(KIPO, registered=date(2026, 3, 2))
    row = _row(_exhibit(NAMU, rights=(expired, later)))
    assert row["number"] == "" and "no right in force" in row["to_check"]
    assert _row(_exhibit(NAMU, rights=(msgspec.structs.replace(KIPO, expires=NOON.date()),)))["number"] == KIPO.number


def test_a_title_rests_on_a_trademark() -> None:
    """A borrowed name is claimed upon a trademark alone, a copy upon one before any other kind of right."""
    patent = msgspec.structs.replace(KIPO, kind=RightKind.PATENT, number="10-1")
    title = _row(_exhibit(COUPANG, _accusation(Label.TITLE_POLICY), rights=(patent, USPTO)))
    copy = _row(_exhibit(COUPANG, rights=(patent, USPTO)))
    assert (title["number"], title["other_rights"]) == ("5551234", "")
    assert (copy["number"], copy["violation"]) == ("5551234", "상표권 침해(위조상품)")
    assert _row(_exhibit(COUPANG, rights=(patent,)))["violation"] == "특허권 침해"


def test_what_is_missing_is_said() -> None:
    """Without a complainant, a right or an agent's power of attorney there is a row all the same, and a line on what lacks."""
    assert "no complainant" in _row(_exhibit(), matter=Matter(reference="M"))["to_check"]
    assert "no right" in _row(_exhibit(rights=()))["to_check"]
    assert "power of attorney" in _row(_exhibit(rights=(USPTO,)))["to_check"]
    owner = msgspec.structs.replace(MATTER, complainant=msgspec.structs.replace(AGENT, agent=False))
    assert _row(_exhibit(rights=(USPTO,)), matter=owner)["to_check"] == ""


# --- what is left out ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accusation", "why"),
    [
        (_accusation(Label.UNAUTHORIZED_SELLER), "matter of contract"),
        (_accusation(Label.PRICE_POLICY, Decision.CONFIRM), "matter of contract"),
        (_accusation(Label.COUNTERFEIT, Decision.CONFIRM, Decision.DISMISS), "a person dismissed it"),
        (_accusation(status=FlagStatus.DISMISSED), "a person dismissed it"),
        (_accusation(status=FlagStatus.WITHDRAWN), "withdrawn"),
        (_accusation(flag=9), "does not name the flag"),
        (_accusation(brand="other"), "another brand"),
    ],
)
def test_left_out_is_said(accusation: Accusation, why: str) -> None:
    """What belongs in no notice is in none, and one line says why."""
    made = notices([_exhibit(EBAY, accusation)], msgspec.structs.replace(MATTER, flags=(1,)))
    assert made.files == {}
    (line,) = made.left_out
    assert line.startswith(f"exhibit 1, flag {accusation.id} ({accusation.flag.label}): not included, because ")
    assert why in line


def test_an_exhibit_without_a_flag_is_said() -> None:
    """A listing that nothing is claimed of is no row, and is not lost without a word."""
    bare = msgspec.structs.replace(_exhibit(), accusations=())
    assert notices([bare], MATTER) == Notices(
        files={}, left_out=("exhibit 1: not included, because no flag is about it",)
    )


def test_contract_matters_do_not_hide_the_rest() -> None:
    """A listing that is suspected of two things is claimed for the one that the platform takes."""
    made = notices([_exhibit(EBAY, _accusation(), _accusation(Label.UNAUTHORIZED_SELLER, flag=2))], MATTER)
    assert len(_rows(made)) == 1 and len(made.left_out) == 1


# --- limits --------------------------------------------------------------------------------------------------------------


@given(st.lists(st.text(max_size=30), max_size=8), st.integers(1, 60))
@example(["a" * 61], 60)
def test_within_keeps_the_limit(sentences: list[str], most: int) -> None:
    """No more characters than allowed, whole sentences where one fits, and all of them where there is no limit."""
    kept = within(iter(sentences), most)
    assert len(kept) <= most
    everything = within(iter(sentences), None)
    assert kept == everything or kept.endswith("…") or everything.startswith(kept)


@settings(max_examples=30)
@given(st.text(st.characters(exclude_categories=()), max_size=400), st.integers(0, 60))
@example("=" * 2000, 3)
def test_no_message_is_over_the_limit(title: str, findings: int) -> None:
    """Whatever a page says, the message to eBay has no more than 1,000 characters and ends with a sentence or its mark."""
    reasons = (("photo_mirrored", f"{title[:80]} is mirrored"),) * findings
    row = _row(_exhibit(EBAY, _accusation(reasons=reasons), title=title, seller=title or "s"))
    assert len(row["description"]) <= 1000
    assert row["description"].endswith((".", "…"))


PLACES = st.sampled_from([AMAZON, "https://www.amazon.de/dp/B0ABCDEF12", EBAY, ALIEXPRESS, COUPANG, TIKTOK, NAMU])


@settings(max_examples=25)
@given(st.lists(st.tuples(PLACES, st.sampled_from(Label), st.integers(1, 200)), max_size=8))
@example([(ALIEXPRESS, Label.COUNTERFEIT, 300), (ALIEXPRESS, Label.COUNTERFEIT, 301)])
@example([(EBAY, Label.TITLE_POLICY, 151), (AMAZON, Label.COUNTERFEIT, 101)])
def test_nothing_is_lost_or_doubled(groups: list[tuple[str, Label, int]]) -> None:
    """Every accusation is in one row of one file or in one line of what is left out, and no file is over its limit."""
    claims = [(url, label) for url, label, count in groups for _ in range(count)]
    exhibits = [_exhibit(url, _accusation(label), number=number) for number, (url, label) in enumerate(claims, 1)]
    made = notices(exhibits, MATTER)
    named = Counter(row["exhibit"] for row in _rows(made))
    left = [line.split(",")[0].removeprefix("exhibit ") for line in made.left_out]
    assert named + Counter(f"{int(number):04}" for number in left) == Counter(exhibit.name for exhibit in exhibits)
    for name, table in made.files.items():
        most = forms().platforms[name.removesuffix(".csv").split("-")[0]].most_rows
        assert 0 < len(_read(name, table)) <= (most or len(claims))


def test_batches_are_numbered() -> None:
    """301 listings on AliExpress are two complaints, of 300 and of one, in the order of the exhibits."""
    made = notices([_exhibit(ALIEXPRESS, number=number) for number in range(1, 302)], MATTER)
    assert {name: len(_read(name, table)) for name, table in made.files.items()} == {
        "alibaba-1.csv": 300,
        "alibaba-2.csv": 1,
    }
    assert [row["exhibit"] for row in _rows(made)] == [f"{number:04}" for number in range(1, 302)]


def test_a_file_is_one_notice() -> None:
    """Listings of another site, or claimed otherwise, go into another file, since the form asks for these once."""
    urls = [AMAZON, "https://www.amazon.de/dp/B0ABCDEF12", AMAZON]
    exhibits = [_exhibit(url, number=number) for number, url in enumerate(urls, 1)]
    titled = _exhibit(AMAZON, _accusation(Label.TITLE_POLICY), number=4)
    made = notices([*exhibits, titled], MATTER)
    told = {name: [row["exhibit"] for row in _read(name, table)] for name, table in made.files.items()}
    assert told == {"amazon-1.csv": ["0001", "0003"], "amazon-2.csv": ["0002"], "amazon-3.csv": ["0004"]}


def test_same_input_same_bytes() -> None:
    """The tables depend on nothing but what they are made from."""
    exhibits = [_exhibit(url, number=number) for number, url in enumerate([NAMU, EBAY, COUPANG, EBAY], 1)]
    assert notices(exhibits, MATTER) == notices(exhibits, MATTER)
    assert list(notices(exhibits, MATTER).files) == ["ebay.csv", "coupang.csv", "generic.csv"]
