"""How well copies of reference photos are found after what sellers do to them, and what is taken for a copy wrongly.

Reads ``photos/`` of the folder that ``TOUCHSTONE_BENCH_DATA`` names. The threshold is the lowest at which at most
0.1 % of the hard negatives (photos of the same kinds of goods that are no reference, as they are and mildly edited)
match any reference. At it, an edit's recall is the share of its queries whose first result is the right reference, and
a sibling (another colour or print of a reference, itself none) is confused where anything matches. µAP is the micro
average precision of the copy-detection field: all results of all queries in one ranking. ``--matcher all`` runs the
peers too; the exit code is 1 when Touchstone misses a floor.
"""

import argparse
import math
import resource
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple, Protocol

from benchmarks.data import data_folder
from benchmarks.quality.edits import EDITS
from benchmarks.quality.image_peers import MATCHERS
from benchmarks.quality.image_queries import Query, queries

FALSE_MATCHES = 0.001
MEAN_RECALL, UAP, SIBLINGS = 0.90, 0.95, 0.15
PLAIN, COVERED = 0.90, 0.65


class Matcher(Protocol):
    """What can be measured. ``looking`` is optional: seconds of CPU spent so far on decoding and fingerprinting."""

    def build(self, references: list[tuple[str, bytes]]) -> None:
        """Take the references: an id and the bytes of a file each."""

    def search(self, body: bytes) -> list[tuple[str, float]]:
        """The references that a file may be a copy of, the surest first; higher scores are surer."""


class Answer(NamedTuple):
    """A query and what a matcher said to it."""

    query: Query
    results: list[tuple[str, float]]

    @property
    def score(self) -> float:
        """That of the first result."""
        return self.results[0][1] if self.results else float("-inf")

    def is_right(self, above: float) -> bool:
        """Whether the first result is the right one, above a threshold."""
        return self.score > above and self.results[0][0] == self.query.wanted


class Cost(NamedTuple):
    """CPU milliseconds per query and mebibytes at the peak."""

    build: float
    look: float
    search: float
    peak: float
    before: float


def threshold(negatives: list[Answer]) -> float:
    """The score that at most ``FALSE_MATCHES`` of the negatives exceed."""
    scores = sorted((answer.score for answer in negatives), reverse=True)
    return scores[int(FALSE_MATCHES * len(scores))] if scores else float("-inf")


def micro_average_precision(answers: list[Answer]) -> float:
    """The area under precision over recall of all results in one ranking; equal scores count as one step."""
    steps: dict[float, list[int]] = defaultdict(lambda: [0, 0])
    for answer in answers:
        for name, score in answer.results:
            steps[score][0] += 1
            steps[score][1] += answer.query.group == "edit" and name == answer.query.wanted
    wanted = sum(answer.query.group == "edit" for answer in answers)
    seen = right = 0
    area = 0.0
    for score in sorted(steps, reverse=True):
        count, hits = steps[score]
        seen, right = seen + count, right + hits
        area += hits * right / seen
    return area / wanted if wanted else 0.0


def run(matcher: Matcher, references: list[tuple[str, bytes]], asked: list[Query]) -> tuple[list[Answer], Cost]:
    """Ask a matcher everything."""
    _forget_peak()
    before = _peak()
    begun = time.process_time()
    matcher.build(references)
    built = time.process_time()
    looked = getattr(matcher, "looking", float("nan"))
    answers, seconds = [], 0.0
    for query in asked:
        body = query.path.read_bytes()
        start = time.process_time()
        results = matcher.search(body)
        seconds += time.process_time() - start
        answers.append(Answer(query, results))
    look = getattr(matcher, "looking", float("nan")) - looked
    per = 1000 / len(asked)
    spent = seconds - (0.0 if math.isnan(look) else look)
    cost = Cost((built - begun) * 1000 / len(references), look * per, spent * per, _peak(), before)
    return answers, cost


def _forget_peak() -> None:
    """Let the peak of memory be counted anew, where the system can (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def _peak() -> float:
    """The most memory so far, in MiB."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _line(label: str, value: float, floor: float, most: bool = False) -> bool:
    """Print a figure beside its floor (or, where less is better, its most); whether it is missed."""
    missed = value > floor if most else value < floor
    print(f"{label:34}{value:8.3f}   {'≤' if most else '≥'} {floor:.2f}{'  MISSED' if missed else ''}")
    return missed


def report(name: str, answers: list[Answer], cost: Cost) -> bool:
    """Print the table of one matcher; whether a floor is missed."""
    groups: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        groups[answer.query.group].append(answer)
    above = threshold(groups["negative"])
    wrong = sum(answer.score > above for answer in groups["negative"])
    print(f"\n{name}: matches above a score of {above:g}; {wrong} of {len(groups['negative']):,} hard negatives do")
    recalls = _recalls(groups["edit"], above)
    missed = False
    for edit in EDITS:
        if edit.name in recalls:
            missed |= _line(f"  {edit.name}", recalls[edit.name], PLAIN if edit.family == "plain" else COVERED)
    missed |= _line("mean recall over edits", sum(recalls.values()) / len(recalls), MEAN_RECALL)
    missed |= _line("µAP over all queries", micro_average_precision(answers), UAP)
    print(f"{'µAP without siblings':34}{micro_average_precision(_without(answers, 'sibling')):8.3f}")
    missed |= _line("siblings confused", _matched(groups["sibling"], above), SIBLINGS, most=True)
    for label in sorted({answer.query.label for answer in groups["sibling"]}):
        part = [answer for answer in groups["sibling"] if answer.query.label == label]
        print(f"  {label:32}{_matched(part, above):8.3f}   of {len(part)}")
    print(f"{'harshly edited negatives matched':34}{_matched(groups['harsh'], above):8.3f}   of {len(groups['harsh'])}")
    looks = f"{cost.look:.1f} to decode and fingerprint a query, {cost.search:.1f} to search"
    whole = f"{cost.search:.1f} for a query, decoding included"
    print(f"CPU ms: {whole if math.isnan(cost.look) else looks}; {cost.build:.1f} to add")
    print(f"a reference. Peak memory {cost.peak:.0f} MiB, {cost.before:.0f} before the matcher was built.", flush=True)
    return missed


def _recalls(edited: list[Answer], above: float) -> dict[str, float]:
    right: dict[str, list[bool]] = defaultdict(list)
    for answer in edited:
        right[answer.query.label].append(answer.is_right(above))
    return {label: sum(hits) / len(hits) for label, hits in right.items()}


def _without(answers: list[Answer], group: str) -> list[Answer]:
    return [answer for answer in answers if answer.query.group != group]


def _matched(answers: list[Answer], above: float) -> float:
    return sum(answer.score > above for answer in answers) / len(answers) if answers else 0.0


def main() -> int:
    """Print the tables; exit code 1 when Touchstone misses a floor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--references", type=int, default=860, help="photos that are references, of 1,200")
    parser.add_argument("--queries", type=int, default=25, help="queries for each edit")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--matcher", choices=(*MATCHERS, "all"), default="touchstone")
    given = parser.parse_args()
    data = data_folder("photos/")
    if data is None:
        return 0
    references, asked = queries(data / "photos", given.references, given.queries, given.seed)
    print(f"{len(references)} references, {len(asked):,} queries")
    missed = False
    for name in MATCHERS if given.matcher == "all" else (given.matcher,):
        matcher = MATCHERS[name]()
        if matcher is None:
            print(f"\nSkipped: {name}, for its package is not installed.")
            continue
        short = report(name, *run(matcher, references, asked))
        missed |= short and name == "touchstone"
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
