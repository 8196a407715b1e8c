"""Marketplace pages in, ``Listing``s out: one spider, one TOML file per marketplace, HTTP first and a browser where needed."""
