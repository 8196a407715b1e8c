"""What a command costs with every process it starts: CPU seconds, peak memory, wall time.

``measure`` runs the command below a supervisor, ``python -m benchmarks.crawl.meter``, which is a child subreaper
(``PR_SET_CHILD_SUBREAPER``): a process whose parent has ended becomes the supervisor's child and is waited for by it.
So the kernel adds the user and system time of every process that ended, however early, to the supervisor's
``RUSAGE_CHILDREN``, exactly and without sampling. The supervisor's own time is not in it. Memory is sampled: the sum of
``Pss`` in ``/proc/PID/smaps_rollup`` over the tree, every 0.2 s. Linux only.
"""

import argparse
import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[2]
SAMPLE_SECONDS = 0.2
POLL_SECONDS = 0.01
GRACE_SECONDS = 5.0  # for what a command left running; then it is killed, and what it used is counted
PR_SET_CHILD_SUBREAPER = 36

# A child that forks a grandchild and ends; the grandchild burns CPU as an orphan, in a process group of its own.
_FORKING = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while time.process_time() < {seconds}: pass
    os._exit(0)
os.wait()
"""


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What a command used. ``cpu`` is user and system seconds of the whole tree, ``wall`` seconds until the command
    itself ended, ``memory`` the largest sum of PSS that was sampled, in bytes, ``samples`` how many were taken."""

    code: int
    cpu: float
    wall: float
    memory: int
    samples: int
    timed_out: bool = False


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """A command that ended: what it used and what it said."""

    usage: Usage
    output: str
    errors: str


def measure(command: list[str], *, timeout: float = 3600.0, environment: Mapping[str, str] | None = None) -> Ran:
    """Run ``command`` in the project's folder to its end. One that takes longer than ``timeout`` seconds is killed."""
    with tempfile.TemporaryDirectory() as name:
        report, errors = Path(name) / "usage.json", Path(name) / "errors"
        supervisor = [sys.executable, "-m", "benchmarks.crawl.meter", str(report), str(timeout), *command]
        with errors.open("wb") as sink:
            done = subprocess.run(
                supervisor, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=sink
            )
        said = errors.read_text(encoding="utf-8", errors="replace")
        if not report.exists():
            raise RuntimeError(f"the supervisor ended with {done.returncode}: {said}")
        usage = msgspec.json.decode(report.read_bytes(), type=Usage)
    return Ran(usage=usage, output=done.stdout.decode("utf-8", errors="replace"), errors=said)


def missed_share(seconds: float = 0.5) -> float:
    """The share of an orphaned grandchild's CPU time that ``measure`` does not see; about zero where it works."""
    forking = measure([sys.executable, "-c", _FORKING.format(seconds=seconds)])
    idle = measure([sys.executable, "-c", _FORKING.format(seconds=0)])
    return 1 - (forking.usage.cpu - idle.usage.cpu) / seconds


def available() -> bool:
    """Whether this system can measure so."""
    return sys.platform == "linux" and Path("/proc/self/smaps_rollup").exists()


def supervise(command: list[str], timeout: float) -> Usage:
    """Run ``command`` as the child of this process, wait for all that comes of it, and add up."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER was refused")
    begun = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ)
    code: int | None = None
    ended, sampled, memory, samples, killed = begun, 0.0, 0, 0, False
    while True:
        try:
            pid, status, _ = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:  # nobody is left: every process of the tree has been waited for
            break
        now = time.monotonic()
        if pid == child:
            code, ended = os.waitstatus_to_exitcode(status), now
        if pid:
            continue
        if now - sampled >= SAMPLE_SECONDS:
            sampled, samples = now, samples + 1
            memory = max(memory, sum(map(_pss, _descendants(os.getpid()))))
        overdue = now - begun > timeout if code is None else now - ended > GRACE_SECONDS
        if overdue:
            killed = killed or code is None
            _kill(_descendants(os.getpid()))
        time.sleep(POLL_SECONDS)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Usage(
        code=code if code is not None else -1, cpu=used.ru_utime + used.ru_stime, wall=ended - begun,
        memory=memory, samples=samples, timed_out=killed,
    )  # fmt: skip


def _descendants(root: int) -> list[int]:
    """The processes below ``root``."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_bytes().rpartition(b")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, wanted = [], [root]
    while wanted:
        below = children.get(wanted.pop(), [])
        found += below
        wanted += below
    return found


def _pss(pid: int) -> int:
    """Proportional set size in bytes: shared pages count in parts, so that a sum over processes is honest."""
    with contextlib.suppress(OSError, IndexError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_bytes()
        return int(text.partition(b"\nPss:")[2].split(maxsplit=1)[0]) * 1024
    return 0


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def main() -> None:
    """The supervisor: ``REPORT TIMEOUT COMMAND…``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("report", type=Path)
    parser.add_argument("timeout", type=float)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    try:
        given.report.write_bytes(msgspec.json.encode(supervise(given.command, given.timeout)))
    finally:  # Ctrl-C reaches this process, but not a browser in a session of its own
        _kill(_descendants(os.getpid()))


if __name__ == "__main__":
    main()
