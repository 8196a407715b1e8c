"""A sweep's process that ends with the scheduler that started it, however that ends."""

import ctypes
import os
import signal
import sys
import threading
import time

LOOK_SECONDS = 1.0
PR_SET_PDEATHSIG = 1  # prctl(2)


def tie_to(parent: int, grace_seconds: float) -> None:
    """Have this process end when ``parent`` does: SIGTERM at once, and SIGKILL if that did not help within the grace time.

    Linux sends the signal by itself, but only when the *thread* that started this process ends, and not if the
    parent was gone before this call: a watch looks after it, there and on other systems.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    threading.Thread(target=_watch, args=(parent, grace_seconds), name="lifeline", daemon=True).start()


def _watch(parent: int, grace_seconds: float) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace_seconds)
    os.kill(os.getpid(), signal.SIGKILL)
