"""The marketplace that nobody described: what any shop's pages are read by until somebody does."""

import msgspec

from crawler.marketplace import Fields, ListingPage, Marketplace, Search, Source, with_defaults

GENERIC = Marketplace(
    name="generic",
    title="Any shop",
    currency="USD",
    search=Search(url="{base_url}/?q={query}", links=(Source(css="a::attr(href)"),)),
    listing=ListingPage(fields=with_defaults(Fields()), required=("title",)),
)


def generic_for(currency: str) -> Marketplace:
    """The same for a shop whose prices are in another currency where they name none."""
    return msgspec.structs.replace(GENERIC, currency=currency)
