"""Captures and bundles: WARC, WACZ, BagIt, signatures, timestamps, reports, and the verifier."""
