"""The daily digest of each brand: what is new, what became of what was flagged, what waits, and how the sweeps went."""

from collections import Counter
from datetime import datetime, timedelta

from operations import clock
from storage.store import Store
from touchstone.alerts import Alert, AlertKind
from touchstone.configuration import Configuration
from touchstone.schedules import GOOD, ScheduleState
from touchstone.standing import Change
from touchstone.verdicts import FlagStatus

CHORE = "digest"
LIKELIEST = 10  # new flags that are listed
MOST_CHANGES = 30


def digest_if_due(configuration: Configuration, store: Store) -> None:
    """Tell each brand's readers what happened since the last digest, once a day from the configured time on."""
    at = configuration.settings.alerts.digest
    if at == "off":
        return
    now = clock.now()
    today = now.replace(hour=int(at[:2]), minute=int(at[3:]), second=0, microsecond=0)
    due = today if today <= now else today - timedelta(days=1)
    last = store.schedules.chore_done(CHORE)
    if last is not None and last >= due:
        return
    with store.transaction():
        if last is not None:  # the first one would tell of everything there ever was
            for brand in store.catalog.load().brands:
                text = digest_of(store, brand.id, last)
                if text:
                    store.alerts.inform(
                        Alert(
                            kind=AlertKind.DIGEST, subject=brand.id, brand=brand.id,
                            message=f"{brand.name}: {text.splitlines()[0]}", text=text,
                        ),
                        now,
                    )  # fmt: skip
        store.schedules.do_chore(CHORE, now)


def digest_of(store: Store, brand: str, since: datetime) -> str:
    """A brand's digest as a text whose first line sums it up; empty for a brand that nobody sweeps and nothing happened to."""
    new = [one for one in store.flags.ranked(brand=brand, status=None) if one.raised_at >= since]
    changes = list(store.standings.changes_since(brand, since))
    schedules = [one for one in store.schedules.all() if one.sweep.brand == brand and one.state is ScheduleState.ACTIVE]
    if not new and not changes and not schedules:
        return ""
    counts = Counter(change for change, _, _, _ in changes)
    waiting = sum(1 for _ in store.flags.ranked(brand=brand, status=FlagStatus.OPEN))
    lines = [
        f"{len(new)} new flags, {counts[Change.REMOVED]} listings removed,"
        f" {counts[Change.RELISTED] + counts[Change.RELISTED_AS]} relisted; {waiting} flags wait",
        f"since {since:%Y-%m-%d %H:%M} UTC",
    ]
    if new:
        lines += ["", "New, the likeliest first:"]
        for one in new[:LIKELIEST]:
            title = " ".join(one.listing.title.split())[:80]
            likely = min(99, round(one.flag.probability * 100))  # certainty is not claimed
            lines.append(f"  flag {one.id}  {one.flag.label}  {likely} %  {title}  {one.listing.url}")
        if len(new) > LIKELIEST:
            lines.append(f"  and {len(new) - LIKELIEST} more: touchstone flags --brand {brand}")
    if changes:
        lines += ["", "What became of flagged listings:"]
        for change, title, url, detail in changes[:MOST_CHANGES]:
            said = f"  ({detail})" if detail else ""
            lines.append(f"  {change.replace('_', ' ')}  {' '.join(title.split())[:80]}  {url}{said}")
        if len(changes) > MOST_CHANGES:
            lines.append(f"  and {len(changes) - MOST_CHANGES} more")
    if schedules:
        lines += ["", "Sweeps:"]
        for schedule in schedules:
            last = f"{schedule.success_at:%Y-%m-%d %H:%M}" if schedule.success_at else "never"
            trouble = (
                ""
                if schedule.result in GOOD or schedule.result is None
                else f"; failures in a row: {schedule.failures}; {schedule.note}"
            )
            lines.append(f"  {schedule.name}: {schedule.result or 'not yet run'}, last success {last}{trouble}")
    return "\n".join(lines)
