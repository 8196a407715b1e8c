"""The environment of the peers that Touchstone does not depend on: made when it is asked for, from a lock with hashes."""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.crawl.shop import ROOT

FOLDER = ROOT / ".bench-peers"
LOCK = Path(__file__).with_name("peers.lock")
SCRIPT = Path(__file__).with_name("crawlee_peer.py")


def python(folder: Path = FOLDER) -> Path:
    """The environment's Python, with everything in the lock; made anew when the lock has changed.

    Raises ``RuntimeError`` with what pip said when it cannot be made.
    """
    interpreter, stamp = folder / "bin" / "python", folder / "lock.sha256"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return interpreter
    print(f"Installing the peers into {folder} …", file=sys.stderr)
    venv.create(folder, with_pip=True, clear=True)
    command = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*command, "--require-hashes", "-r", str(LOCK)], capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "ERROR" in line] or done.stderr.splitlines()[-1:]
        raise RuntimeError(f"the peers cannot be installed: {said[-1].strip() if said else done.returncode}")
    stamp.write_text(wanted, encoding="utf-8")
    return interpreter
