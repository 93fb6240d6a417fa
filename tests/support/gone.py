"""Waiting for objects to be gone, with no help of the garbage collector."""

import time


def all_gone(references, seconds=5.0):
    """Whether all are gone in time: the thread of a snippet that has just ended may hold it for a moment more."""
    deadline = time.monotonic() + seconds
    while any(each() is not None for each in references) and time.monotonic() < deadline:
        time.sleep(0.005)
    return all(each() is None for each in references)
