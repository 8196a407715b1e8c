"""What a page turned out to be. Removal is concluded from a page that says so, never from a block or an error."""

from urllib.parse import urlsplit

from crawler.extraction import Extraction
from crawler.marketplace import Marketplace
from crawler.page import PageView
from touchstone.listing import Availability, PageStatus

# Words that pages without a listing use, in the two first languages. A page with a listing is never judged by them.
GONE = (
    "no longer available",
    "has been removed",
    "page not found",
    "삭제된 상품",
    "판매가 종료",
    "판매종료",
    "존재하지 않는 상품",
)
BLOCKED = (
    "captcha",
    "are you a robot",
    "unusual traffic",
    "access denied",
    "verify you are human",
    "자동입력 방지",
    "비정상적인 접근",
    "보안문자",
)
LOGIN = ("please log in", "please sign in", "sign in to continue", "로그인이 필요", "로그인 후 이용")

_REFUSALS = {403, 405, 429, 451, 498, 503}  # 503 too: shops answer it to crawlers, and it never means removal


def status_of(http_status: int, page: PageView, marketplace: Marketplace, extraction: Extraction) -> PageStatus:
    """The status of a page that was asked for as a listing."""
    if http_status in (404, 410):
        return PageStatus.GONE
    if http_status == 401:
        return PageStatus.LOGIN
    if http_status in _REFUSALS:
        return PageStatus.BLOCKED
    if http_status >= 400:
        return PageStatus.ERROR
    if extraction.listings:
        sold_out = extraction.listings[0].offer.availability is Availability.SOLD_OUT
        return PageStatus.SOLD_OUT if sold_out else PageStatus.LISTING
    text = page.text.casefold()
    markers = marketplace.markers
    for status, words in (
        (PageStatus.BLOCKED, (*markers.blocked, *BLOCKED)),
        (PageStatus.LOGIN, (*markers.login, *LOGIN)),
        (PageStatus.GONE, (*markers.gone, *GONE)),
        (PageStatus.SOLD_OUT, markers.sold_out),
    ):
        if any(word.casefold() in text for word in words):
            return status
    return PageStatus.EMPTY


def search_status_of(http_status: int, page: PageView, marketplace: Marketplace, found: int) -> PageStatus:
    """The status of a page that was asked for as results; ``found`` is its number of listing links."""
    if http_status in _REFUSALS:
        return PageStatus.BLOCKED
    if http_status >= 400:
        return PageStatus.ERROR
    if found:
        return PageStatus.SEARCH
    text = page.text.casefold()
    if any(word.casefold() in text for word in (*marketplace.markers.blocked, *BLOCKED)):
        return PageStatus.BLOCKED
    return PageStatus.LOGIN if _is_login(page.url) else PageStatus.EMPTY


def _is_login(url: str) -> bool:
    return any(part in urlsplit(url).path.casefold() for part in ("/login", "/signin", "/sign-in"))
