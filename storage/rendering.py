"""What was learned about pages: whether HTTP yields what a browser does, counted by marketplace and kind of page."""

from sqlite_utils.db import Database

from touchstone.frontier import Way

TRIALS = 2  # looks both ways at the first pages of a kind
LOOK_AGAIN = 64  # one visit in so many looks both ways again, for ever: marketplaces change
MEMORY = 32  # looks; older ones count half, so that a change is believed
MOST_KINDS = 500  # of one marketplace; addresses are hostile, and further kinds share one row


class RenderingStore:
    """The ``rendering`` table: one row for each kind, whatever the number of pages. Belongs inside a transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def choose(self, marketplace: str, kind: str) -> Way:
        """How the next page of a kind is to be fetched."""
        kind = self._row_of(marketplace, kind)
        visits, looks, more = self._db.conn.execute(
            "UPDATE rendering SET visits = visits + 1 WHERE marketplace = ? AND kind = ? RETURNING visits, looks, more",
            [marketplace, kind],
        ).fetchone()
        if looks < TRIALS or visits % LOOK_AGAIN == 0:
            return Way.BOTH
        return Way.BROWSER if more * 2 > looks else Way.HTTP

    def learn(self, marketplace: str, kind: str, *, browser_more: bool) -> None:
        """Note a page that was seen both ways, and whether the browser obtained more fields."""
        kind = self._row_of(marketplace, kind)
        self._db.conn.execute(
            "UPDATE rendering SET looks = looks + 1, more = more + ? WHERE marketplace = ? AND kind = ?",
            [int(browser_more), marketplace, kind],
        )
        self._db.conn.execute(
            "UPDATE rendering SET looks = looks / 2, more = more / 2 WHERE marketplace = ? AND kind = ? AND looks > ?",
            [marketplace, kind, MEMORY],
        )

    def _row_of(self, marketplace: str, kind: str) -> str:
        key = [marketplace, kind]
        if self._db.conn.execute("SELECT 1 FROM rendering WHERE marketplace = ? AND kind = ?", key).fetchone():
            return kind
        (known,) = self._db.conn.execute("SELECT count(*) FROM rendering WHERE marketplace = ?", key[:1]).fetchone()
        kind = kind if known < MOST_KINDS else "…"
        self._db.conn.execute(
            "INSERT INTO rendering (marketplace, kind) VALUES (?,?) ON CONFLICT DO NOTHING", [marketplace, kind]
        )
        return kind
