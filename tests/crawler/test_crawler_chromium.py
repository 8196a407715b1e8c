"""The browser of this machine: its sandbox, and what is said when it cannot be started."""

from __future__ import annotations

import asyncio
import logging
import os

import pytest

from crawler import chromium
from crawler.browser import find_browser, launch_options
from crawler.chromium import Chromium, try_out
from touchstone.errors import ConfigurationError


def test_pages_are_kept_in_a_sandbox_unless_root_looks_at_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright would leave it out for everybody."""
    for user, sandboxed in ((1000, True), (0, False)):
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        assert launch_options("chromium")["chromium_sandbox"] is sandboxed


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused a sandbox everywhere")
def test_where_no_sandbox_is_to_be_had_it_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The real browser refuses to start in one, and is started without, with a warning and a note for `doctor`."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with caplog.at_level(logging.WARNING, "touchstone.browser"):
        trial = asyncio.run(try_out(find_browser()))
    assert trial.version[0].isdigit()
    assert not trial.sandboxed
    assert [record.message for record in caplog.records] == [
        "the browser runs without its sandbox: this system allows it no user namespaces"
    ]


def test_a_browser_that_does_not_start_is_our_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried some times, then told with its name and what to do: no page is to blame."""
    monkeypatch.setattr(chromium, "PAUSE_SECONDS", 0.0)
    with pytest.raises(ConfigurationError, match="the browser /bin/false cannot be started: ") as caught:
        asyncio.run(try_out("/bin/false"))
    assert "libatomic1" in caught.value.hint


def test_a_browser_that_starts_at_the_second_try_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is short of memory for a moment loses no sweep by it."""
    monkeypatch.setattr(chromium, "PAUSE_SECONDS", 0.0)

    async def version() -> str:
        made = Chromium(find_browser(), frozenset())
        real, tries = made._start, []

        async def at_the_second() -> None:
            tries.append(None)
            if len(tries) == 1:
                raise OSError("out of memory")
            await real()

        monkeypatch.setattr(made, "_start", at_the_second)
        try:
            return str((await made.started()).version)
        finally:
            await made.close()

    assert asyncio.run(version())[0].isdigit()
