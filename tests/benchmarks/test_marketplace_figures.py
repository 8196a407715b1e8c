"""A small marketplace through the real path: no figure may fall behind what was measured.

A part of its pictures can be had, which is enough to go every way that the full benchmark goes, and takes seconds.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from benchmarks.marketplace.board import Board, run
from benchmarks.marketplace.measures import average_precision, f1, found_in_top, share
from benchmarks.marketplace.outcomes import disagreements
from benchmarks.marketplace.peers import features, tune
from fixtures.demo import build_crowd
from storage.check import check
from storage.store import Store
from touchstone.catalog import Catalog
from touchstone.listing import Listing
from touchstone.verdicts import Label

SEED, LISTINGS, PICTURES, PROCESSES = 102, 600, 0.1, 2


class Measured(NamedTuple):
    """The marketplace after its sweep."""

    board: Board
    listings: list[Listing]
    catalog: Catalog
    folder: Path


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """One run for all tests."""
    folder = tmp_path_factory.mktemp("marketplace")
    done = run(build_crowd(SEED, LISTINGS), folder, processes=PROCESSES, pictures=PICTURES)
    with Store.open(folder / "store", create=False) as store:
        return Measured(done.board, done.listings, store.catalog.load(), folder)


# Precision, recall, average precision: one or two listings of some fifty below what was measured. Raise them when it rises.
GOLDEN = {
    Label.COUNTERFEIT: (0.90, 0.83, 0.94),
    Label.UNAUTHORIZED_SELLER: (0.97, 0.96, 0.97),
    Label.PRICE_POLICY: (0.87, 0.96, 0.95),
    Label.TITLE_POLICY: (0.84, 0.84, 0.80),
}


@pytest.mark.parametrize("label", Label)
def test_labels_are_told_as_well_as_before(measured: Measured, label: Label) -> None:
    """Precision, recall and average precision of each label."""
    board = measured.board
    precise, found, _ = board.summary(label)
    ranked = board.point(average_precision(board.scores(label), board.true(label)))
    for value, least in zip((precise, found, ranked), GOLDEN[label], strict=True):
        assert value >= least, (precise, found, ranked)


def test_what_only_looks_suspicious_is_not_called_counterfeit(measured: Measured) -> None:
    """Traps are left alone."""
    assert measured.board.point(share(measured.board.raised(Label.COUNTERFEIT), measured.board.trap)) <= 0.011


def test_the_queue_starts_with_the_counterfeits(measured: Measured) -> None:
    """Who looks at the first fifth of the queue sees nearly all of them."""
    board = measured.board
    scores, true = board.scores(Label.COUNTERFEIT), board.true(Label.COUNTERFEIT)
    assert board.point(found_in_top(scores, true, np.ones(len(true), np.bool_))) >= 0.94
    assert board.point(found_in_top(scores, true, board.about)) >= 0.90


def test_simpler_ways_do_worse_even_when_tuned_on_the_answers(measured: Measured) -> None:
    """Neither thresholds on likeness nor a weighted sum comes near, with their best settings for these very listings."""
    board, true = measured.board, measured.board.true(Label.COUNTERFEIT)
    seen = features(measured.listings, measured.catalog)
    best = max(board.point(f1(settings.run(seen).raised, true)) for settings in tune(seen, true))
    assert board.summary(Label.COUNTERFEIT)[2] > best + 0.1


def test_probabilities_and_flags_agree(measured: Measured) -> None:
    """What is stored is what looking again gives, and the store that two sweeps at once filled is sound."""
    assert disagreements(measured.board.outcomes) == 0
    with Store.open(measured.folder / "store", create=False) as store:
        assert check(store).faults == ()
