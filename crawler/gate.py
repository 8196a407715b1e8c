"""Whether a recorded page is evidence of a listing: it was served, it is about this listing, and it shows its price."""

import re

from crawler.extraction import extract
from crawler.marketplace import Marketplace
from crawler.page import PageView
from crawler.status import status_of
from touchstone.archive import Shown
from touchstone.listing import Listing, PageStatus
from touchstone.recording import Recording

SEEN = (PageStatus.LISTING, PageStatus.SOLD_OUT)
LEAST_ID = 4  # characters of a listing's number that says something where it stands in a page's text


def judged(recording: Recording, listing: Listing, marketplace: Marketplace) -> tuple[tuple[str, ...], Shown]:
    """Why a recording is no evidence of ``listing``, one line for each reason, and what it shows; none when it is."""
    facts = recording.circumstances
    page = PageView(facts.final_url, recording.document)
    extraction = extract(page, marketplace, facts.page_at)
    same = next((one for one in extraction.listings if one.listing_id == listing.listing_id), None)
    found = same or next(iter(extraction.listings), None)
    status = status_of(facts.status, page, marketplace, extraction, asked=facts.asked)
    reasons = []
    if facts.status >= 400:
        reasons.append(f"the server answered HTTP {facts.status}")
    if status not in SEEN and not (status is PageStatus.EMPTY and _names(page, listing)):
        reasons.append(f"the page is {_WORDS.get(status, status.value)}, not the listing")
    elif same is None and not _names(page, listing):
        reasons.append(f"the page does not name listing {listing.listing_id}")
    priced = found is not None and found.offer.price is not None
    if listing.offer.price is not None and not priced and not _shows_price(page, listing):
        reasons.append(f"the page shows no price; {listing.offer.price} was expected")
    offer = found.offer if found else None
    shown = Shown(
        page=status.value,
        title=found.title if found else None,
        price=str(offer.price) if offer and offer.price else None,
        seller=offer.seller.name or offer.seller.seller_id if offer and offer.seller else None,
        availability=offer.availability.value if offer else None,
    )
    return tuple(reasons), shown


_WORDS = {
    PageStatus.BLOCKED: "a block or a captcha",
    PageStatus.LOGIN: "a login wall",
    PageStatus.ERROR: "an error page",
    PageStatus.GONE: "a notice that the listing is gone",
    PageStatus.EMPTY: "without the listing's details",
}


def _names(page: PageView, listing: Listing) -> bool:
    """Whether a page that our rules do not read names the listing: its number, and its title in view."""
    number = listing.listing_id
    return len(number) >= LEAST_ID and number in page.url + page.text and listing.title in page.visible_text


def _shows_price(page: PageView, listing: Listing) -> bool:
    price = listing.offer.price
    digits = re.sub(r"\D", "", str(price)) if price else ""
    return bool(digits) and digits in re.sub(r"(?<=\d)[.,' ](?=\d)", "", page.visible_text)
