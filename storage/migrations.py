"""The tables, as they came to be. A migration that has shipped is never edited: the next one changes what it made."""

from sqlite_utils import Migrations
from sqlite_utils.db import Database

migrations = Migrations("touchstone")

_FIRST_INSERT_ONLY = ("observations", "judgements", "captures", "audit")
_EVIDENCE_INSERT_ONLY = ("archives", "digest_lists", "listed_archives", "timestamps")
_CLOCK_INSERT_ONLY = ("occurrences", "standing_events")
INSERT_ONLY = (*_FIRST_INSERT_ONLY, "weightings", *_EVIDENCE_INSERT_ONLY, *_CLOCK_INSERT_ONLY)

_CATALOG = """
CREATE TABLE brands (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, aliases TEXT NOT NULL, ordinary_word INTEGER NOT NULL,
    context TEXT NOT NULL
) STRICT;
CREATE TABLE brand_references (
    brand TEXT NOT NULL REFERENCES brands(id), sku TEXT NOT NULL, title TEXT NOT NULL, titles TEXT NOT NULL,
    mpn TEXT, gtins TEXT NOT NULL, category TEXT, pack_quantity INTEGER NOT NULL,
    colours TEXT NOT NULL, sizes TEXT NOT NULL,
    PRIMARY KEY (brand, sku)
) STRICT;
CREATE TABLE reference_prices (
    brand TEXT NOT NULL, sku TEXT NOT NULL, currency TEXT NOT NULL, list_minor INTEGER NOT NULL, map_minor INTEGER,
    PRIMARY KEY (brand, sku, currency), FOREIGN KEY (brand, sku) REFERENCES brand_references(brand, sku)
) STRICT;
CREATE TABLE images (
    sha256 TEXT PRIMARY KEY, bytes INTEGER NOT NULL, fingerprint TEXT, unreadable TEXT, first_seen TEXT NOT NULL
) STRICT;
CREATE TABLE image_urls (
    url TEXT PRIMARY KEY, sha256 TEXT NOT NULL REFERENCES images(sha256), fetched_at TEXT NOT NULL
) STRICT;
CREATE TABLE reference_images (
    brand TEXT NOT NULL, sku TEXT NOT NULL, position INTEGER NOT NULL, sha256 TEXT NOT NULL REFERENCES images(sha256),
    source TEXT NOT NULL,
    PRIMARY KEY (brand, sku, position), FOREIGN KEY (brand, sku) REFERENCES brand_references(brand, sku)
) STRICT;
CREATE TABLE authorized_sellers (
    brand TEXT NOT NULL REFERENCES brands(id), marketplace TEXT NOT NULL, seller_id TEXT NOT NULL, name TEXT,
    valid_from TEXT NOT NULL DEFAULT '', valid_until TEXT,
    PRIMARY KEY (brand, marketplace, seller_id, valid_from)
) STRICT;
"""

_CRAWL = """
CREATE TABLE marketplaces (name TEXT PRIMARY KEY, title TEXT NOT NULL, base_url TEXT NOT NULL) STRICT;
CREATE TABLE sweeps (
    id INTEGER PRIMARY KEY, marketplace TEXT NOT NULL REFERENCES marketplaces(name), brand TEXT REFERENCES brands(id),
    request TEXT NOT NULL, status TEXT NOT NULL, process INTEGER NOT NULL, started_at TEXT NOT NULL, ended_at TEXT,
    report TEXT
) STRICT;
CREATE TABLE sellers (
    marketplace TEXT NOT NULL REFERENCES marketplaces(name), seller_id TEXT NOT NULL, name TEXT, record TEXT NOT NULL,
    first_seen TEXT NOT NULL, last_seen TEXT NOT NULL,
    PRIMARY KEY (marketplace, seller_id)
) STRICT;
CREATE TABLE listings (
    id INTEGER PRIMARY KEY, marketplace TEXT NOT NULL REFERENCES marketplaces(name), listing_id TEXT NOT NULL,
    url TEXT NOT NULL, title TEXT NOT NULL, seller_id TEXT, record TEXT NOT NULL, first_seen TEXT NOT NULL,
    last_seen TEXT NOT NULL, last_sweep INTEGER NOT NULL REFERENCES sweeps(id), UNIQUE (marketplace, listing_id),
    FOREIGN KEY (marketplace, seller_id) REFERENCES sellers(marketplace, seller_id)
) STRICT;
CREATE INDEX listings_by_sweep ON listings(last_sweep);
CREATE TABLE observations (
    id INTEGER PRIMARY KEY, listing INTEGER NOT NULL REFERENCES listings(id), sweep INTEGER NOT NULL REFERENCES sweeps(id),
    at TEXT NOT NULL, title TEXT NOT NULL, price_minor INTEGER, list_price_minor INTEGER, currency TEXT,
    availability TEXT NOT NULL, seller_id TEXT
) STRICT;
CREATE INDEX observations_by_listing ON observations(listing, at);
CREATE TABLE captures (
    id INTEGER PRIMARY KEY, listing INTEGER NOT NULL REFERENCES listings(id), sweep INTEGER NOT NULL REFERENCES sweeps(id),
    at TEXT NOT NULL, kind TEXT NOT NULL, url TEXT NOT NULL, sha256 TEXT NOT NULL, rendered INTEGER NOT NULL
) STRICT;
CREATE INDEX captures_by_listing ON captures(listing);
"""

_VERDICTS = """
CREATE TABLE findings (
    id INTEGER PRIMARY KEY, listing INTEGER NOT NULL REFERENCES listings(id), brand TEXT NOT NULL,
    detector TEXT NOT NULL, version INTEGER NOT NULL, kind TEXT NOT NULL, strength REAL NOT NULL, reason TEXT NOT NULL,
    data TEXT NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE INDEX findings_by_listing ON findings(listing);
CREATE TABLE flags (
    id INTEGER PRIMARY KEY, listing INTEGER NOT NULL REFERENCES listings(id), brand TEXT NOT NULL REFERENCES brands(id),
    label TEXT NOT NULL, product TEXT, probability REAL NOT NULL, verdict TEXT NOT NULL, status TEXT NOT NULL,
    raised_at TEXT NOT NULL, scored_at TEXT NOT NULL, UNIQUE (listing, brand, label)
) STRICT;
CREATE INDEX flags_by_rank ON flags(status, probability);
CREATE TABLE judgements (
    id INTEGER PRIMARY KEY, flag INTEGER NOT NULL REFERENCES flags(id), decision TEXT NOT NULL, actor TEXT NOT NULL,
    at TEXT NOT NULL, note TEXT NOT NULL
) STRICT;
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
    subject TEXT NOT NULL, detail TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
"""


@migrations()
def first_tables(db: Database) -> None:
    """Everything that a sweep, a catalog and a judgement need."""
    for script in (_CATALOG, _CRAWL, _VERDICTS):
        for statement in script.split(";"):
            if statement.strip():
                db.execute(statement)
    _only_insert(db, *_FIRST_INSERT_ONLY)


def _only_insert(db: Database, *tables: str) -> None:
    """Have tables refuse changes of what they hold."""
    for table in tables:
        for verb in ("UPDATE", "DELETE"):
            db.execute(
                f"CREATE TRIGGER {table}_keeps_{verb.lower()} BEFORE {verb} ON {table} BEGIN"
                f" SELECT RAISE(ABORT, '{table} is insert-only'); END"
            )


_FRONTIER = """
CREATE TABLE frontier (
    id INTEGER PRIMARY KEY, sweep INTEGER NOT NULL REFERENCES sweeps(id), kind TEXT NOT NULL, key TEXT NOT NULL,
    url TEXT NOT NULL, query TEXT NOT NULL, number INTEGER NOT NULL, state TEXT NOT NULL, priority INTEGER NOT NULL,
    until REAL NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, status TEXT, http INTEGER,
    rendered INTEGER NOT NULL DEFAULT 0, images INTEGER NOT NULL DEFAULT 0, note TEXT NOT NULL DEFAULT '',
    UNIQUE (sweep, kind, key)
) STRICT;
CREATE INDEX frontier_open ON frontier(sweep, priority DESC, id) WHERE state IN ('ready', 'leased');
CREATE TABLE validators (
    url TEXT PRIMARY KEY, recipe TEXT NOT NULL, etag TEXT, last_modified TEXT
) STRICT;
CREATE INDEX listings_by_url ON listings(marketplace, url);
CREATE TABLE pace (
    marketplace TEXT PRIMARY KEY, next_at REAL NOT NULL DEFAULT 0, day TEXT NOT NULL DEFAULT '',
    used INTEGER NOT NULL DEFAULT 0, refusals INTEGER NOT NULL DEFAULT 0, trips INTEGER NOT NULL DEFAULT 0,
    closed_until REAL NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE slots (id INTEGER PRIMARY KEY, marketplace TEXT NOT NULL, holder TEXT NOT NULL, until REAL NOT NULL) STRICT;
CREATE TABLE waiting (
    ticket INTEGER PRIMARY KEY, marketplace TEXT NOT NULL, holder TEXT NOT NULL, seen_at REAL NOT NULL,
    UNIQUE (marketplace, holder)
) STRICT;
"""


@migrations()
def frontier_and_pace(db: Database) -> None:
    """What a sweep has yet to fetch, and the pace that all sweeps of a marketplace share."""
    for statement in _FRONTIER.split(";"):
        if statement.strip():
            db.execute(statement)


@migrations()
def learned_rendering(db: Database) -> None:
    """What was learned about fetching each kind of page."""
    db.execute(
        "CREATE TABLE rendering (marketplace TEXT NOT NULL, kind TEXT NOT NULL, visits INTEGER NOT NULL DEFAULT 0,"
        " looks INTEGER NOT NULL DEFAULT 0, more INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (marketplace, kind)) STRICT"
    )


@migrations()
def photos_in_detail(db: Database) -> None:
    """What was seen of photos in detail: of the brands' own, and of those in listings."""
    db.execute(
        "CREATE TABLE photo_features (sha256 TEXT PRIMARY KEY REFERENCES images(sha256), version INTEGER NOT NULL,"
        " points BLOB NOT NULL, descriptors BLOB NOT NULL, thumb BLOB NOT NULL, thumb_width INTEGER NOT NULL,"
        " width INTEGER NOT NULL, height INTEGER NOT NULL) STRICT"
    )
    db.execute(
        "CREATE TABLE photo_sightings (sha256 TEXT PRIMARY KEY REFERENCES images(sha256), catalog TEXT NOT NULL,"
        " sightings TEXT NOT NULL) STRICT"
    )


_SCREENINGS = """
CREATE TABLE screening_states (id INTEGER PRIMARY KEY, record TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE screenings (
    listing INTEGER PRIMARY KEY REFERENCES listings(id), state INTEGER NOT NULL REFERENCES screening_states(id),
    marketplace TEXT NOT NULL, seller_id TEXT, tallies TEXT NOT NULL, photos TEXT NOT NULL, decisions TEXT NOT NULL
) STRICT;
CREATE INDEX screenings_by_state ON screenings(state);
CREATE INDEX screenings_by_seller ON screenings(marketplace, seller_id);
CREATE TABLE matches (
    listing INTEGER NOT NULL REFERENCES listings(id), brand TEXT NOT NULL, product TEXT, record TEXT NOT NULL,
    PRIMARY KEY (listing, brand)
) STRICT, WITHOUT ROWID;
CREATE INDEX matches_by_brand ON matches(brand);
CREATE TABLE seller_tallies (
    marketplace TEXT NOT NULL, seller_id TEXT NOT NULL, tally TEXT NOT NULL, listings INTEGER NOT NULL,
    PRIMARY KEY (marketplace, seller_id, tally)
) STRICT, WITHOUT ROWID;
CREATE TABLE photo_uses (
    sha256 TEXT NOT NULL, marketplace TEXT NOT NULL, seller_id TEXT NOT NULL, listings INTEGER NOT NULL,
    PRIMARY KEY (sha256, marketplace, seller_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE unit_prices (
    listing INTEGER NOT NULL REFERENCES listings(id), product TEXT NOT NULL, brand TEXT NOT NULL, currency TEXT NOT NULL,
    minor INTEGER NOT NULL, share REAL NOT NULL, authorized INTEGER NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (listing, product)
) STRICT, WITHOUT ROWID;
CREATE INDEX unit_prices_authorized ON unit_prices(brand, currency) WHERE authorized = 1;
CREATE TABLE stale (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, UNIQUE (kind, key)) STRICT;
CREATE TABLE rates (currency TEXT PRIMARY KEY, per_euro REAL NOT NULL, as_of TEXT NOT NULL) STRICT;
CREATE TABLE weightings (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, note TEXT NOT NULL, record TEXT
) STRICT;
"""


@migrations()
def backgrounds(db: Database) -> None:
    """With what each listing was screened, what its seller's record and others' prices rest on, and weights of the user's own."""
    for statement in _SCREENINGS.split(";"):
        if statement.strip():
            db.execute(statement)
    _only_insert(db, "weightings")


_EVIDENCE = """
CREATE TABLE archives (
    id INTEGER PRIMARY KEY, listing INTEGER NOT NULL REFERENCES listings(id), sweep INTEGER REFERENCES sweeps(id),
    at TEXT NOT NULL, url TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL, wacz TEXT, record TEXT
) STRICT;
CREATE INDEX archives_by_listing ON archives(listing);
CREATE TABLE digest_lists (id INTEGER PRIMARY KEY, at TEXT NOT NULL, sha256 TEXT NOT NULL) STRICT;
CREATE TABLE listed_archives (
    archive INTEGER PRIMARY KEY REFERENCES archives(id), list INTEGER NOT NULL REFERENCES digest_lists(id)
) STRICT;
CREATE TABLE timestamps (
    list INTEGER PRIMARY KEY REFERENCES digest_lists(id), at TEXT NOT NULL, token TEXT NOT NULL, authority TEXT NOT NULL,
    time TEXT NOT NULL
) STRICT;
CREATE TABLE rights (
    brand TEXT NOT NULL REFERENCES brands(id), number TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (brand, number)
) STRICT;
"""


@migrations()
def evidence(db: Database) -> None:
    """Captures and the timestamps over their digests; and the rights that a brand's notices rest on."""
    for statement in _EVIDENCE.split(";"):
        if statement.strip():
            db.execute(statement)
    _only_insert(db, *_EVIDENCE_INSERT_ONLY)


_CLOCK = """
CREATE TABLE schedules (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, source TEXT NOT NULL, record TEXT NOT NULL, state TEXT NOT NULL,
    anchor TEXT NOT NULL, next_at TEXT NOT NULL, failures INTEGER NOT NULL DEFAULT 0, not_before TEXT, result TEXT,
    result_at TEXT, success_at TEXT, note TEXT NOT NULL DEFAULT ''
) STRICT;
ALTER TABLE sweeps ADD COLUMN queued INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sweeps ADD COLUMN schedule INTEGER REFERENCES schedules(id);
ALTER TABLE sweeps ADD COLUMN due_at TEXT;
ALTER TABLE sweeps ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sweeps ADD COLUMN not_before TEXT;
ALTER TABLE sweeps ADD COLUMN starts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sweeps ADD COLUMN concluded INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX sweeps_by_due_time ON sweeps(schedule, due_at);
CREATE INDEX sweeps_unfinished ON sweeps(status) WHERE status IN ('queued', 'running');
CREATE INDEX sweeps_unconcluded ON sweeps(queued) WHERE queued = 1 AND concluded = 0;
CREATE TABLE occurrences (
    schedule INTEGER NOT NULL REFERENCES schedules(id), due_at TEXT NOT NULL, at TEXT NOT NULL,
    sweep INTEGER REFERENCES sweeps(id), missed INTEGER NOT NULL, skipped TEXT NOT NULL, PRIMARY KEY (schedule, due_at)
) STRICT;
CREATE TABLE standings (
    listing INTEGER PRIMARY KEY REFERENCES listings(id), standing TEXT NOT NULL, since TEXT NOT NULL,
    checked_at TEXT NOT NULL, checks INTEGER NOT NULL, next_at TEXT
) STRICT;
CREATE INDEX standings_by_next ON standings(next_at);
CREATE TABLE standing_events (
    id INTEGER PRIMARY KEY, listing INTEGER NOT NULL REFERENCES listings(id), sweep INTEGER NOT NULL REFERENCES sweeps(id),
    at TEXT NOT NULL, change TEXT NOT NULL, detail TEXT NOT NULL
) STRICT;
CREATE INDEX standing_events_by_listing ON standing_events(listing);
CREATE TABLE gone_photos (
    sha256 TEXT NOT NULL, listing INTEGER NOT NULL REFERENCES listings(id), PRIMARY KEY (sha256, listing)
) STRICT, WITHOUT ROWID;
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, record TEXT NOT NULL,
    resolved_at TEXT, sent TEXT NOT NULL DEFAULT '{}', fault TEXT NOT NULL DEFAULT '', tries INTEGER NOT NULL DEFAULT 0,
    next_try TEXT, done INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX alerts_open ON alerts(kind, subject) WHERE resolved_at IS NULL;
CREATE INDEX alerts_unsent ON alerts(done) WHERE done = 0;
CREATE TABLE chores (name TEXT PRIMARY KEY, done_at TEXT NOT NULL) STRICT;
CREATE TABLE fetching (url TEXT PRIMARY KEY, holder TEXT NOT NULL, until REAL NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX frontier_under_way ON frontier(kind, key) WHERE state = 'leased';
ALTER TABLE sellers ADD COLUMN read_at TEXT;
CREATE TABLE expiring (name TEXT PRIMARY KEY, before TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX captures_by_age ON captures(at);
CREATE INDEX observations_by_age ON observations(at)
"""


@migrations()
def sweeps_on_a_clock(db: Database) -> None:
    """Schedules and the queue, what became of listings, alerts; and what may expire.

    Pages and observations may be deleted only while ``expiring`` names an age that they have reached, which is so
    within the one transaction that deletes them and says so in the audit log.
    """
    for statement in _CLOCK.split(";"):
        if statement.strip():
            db.execute(statement)
    _only_insert(db, *_CLOCK_INSERT_ONLY)
    for table in ("observations", "captures"):
        db.execute(f"DROP TRIGGER {table}_keeps_delete")
        db.execute(
            f"CREATE TRIGGER {table}_keeps_delete BEFORE DELETE ON {table} WHEN NOT EXISTS"
            f" (SELECT 1 FROM expiring WHERE name = '{table}' AND OLD.at < before)"
            f" BEGIN SELECT RAISE(ABORT, '{table} is insert-only'); END"
        )


@migrations()
def starts_in_line(db: Database) -> None:
    """When each marketplace's last request started, whoever made it."""
    db.execute("ALTER TABLE pace ADD COLUMN last_at REAL NOT NULL DEFAULT 0")
