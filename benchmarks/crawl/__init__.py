"""``make bench-crawl``: pages per second, CPU time per page and peak memory of Touchstone beside other tools that crawl.

What is equal for all rows, and what is not:

- One shop (``shop.py``) on loopback serves all rows. Its CPU time is nobody's; each row is a fresh process, measured
  with all that it starts (``meter.py``). A row's start (imports, the browser) is in its figures and shown beside them.
- Eight requests at once over HTTP, four tabs by browser, no delay. Touchstone's pace is set to a million requests per
  second; its middlewares for pace and robots.txt work all the same, while no peer reads robots.txt.
- The same pages: 41 to 54 KB, not compressed, with JSON-LD, a description of 270 words, a style sheet, a script and a
  photo. Peers are given the addresses; Touchstone finds them through pages of 50 results, which it fetches in addition
  and which are not counted.
- One Chromium, started by the peers with flags that change nothing about a page (``browsers.py``). (c), (d2) and (f2)
  load photos, as browsers do. (e) never has its browser load one, so (d), which (e) is held against, does not either.
- No log, no cookies, no telnet console in Scrapy; no log in Crawlee, whose queue is in memory, which suits it.
- A peer's page counts when it came whole, a rendered one when it shows what the page's script made. Touchstone must
  report a complete sweep with every listing. The shop's own count must agree, or the row is printed as not run.
- (b1) and (e) find no photo in a page; (b2) and (e2) fetch, fingerprint and keep one for each listing. All four extract,
  screen against a catalog of 60 products with photos, and store; a quarter of the listings is flagged, its pages kept.

The parts (``parts.py``) are (b2)'s work, each alone in one process. Fetching the photo is one of them, since (b2) does.
``--scale`` compares crawls less their start, which would hide growth.

Only figures of one run can be compared, and only relative to one another. Rounds go through all rows, so that a busy
minute hits all of them; ``--repeat 3`` shows by how much runs differ.
"""
