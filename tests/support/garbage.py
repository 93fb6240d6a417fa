"""Finalizers that run wherever Python makes an object, and whether what they run into comes to its end."""

import contextlib
import gc
import threading


@contextlib.contextmanager
def collected_at_every_turn(finalizer, times=200):
    """Garbage whose finalizer leaves more of it, and a collector that looks for it whenever an object is made."""
    left = [times]

    class Garbage:
        def __init__(self):
            self.itself = self

        def __del__(self):
            left[0] -= 1
            if left[0] > 0:
                Garbage()
            finalizer()

    thresholds = gc.get_threshold()
    gc.collect()
    try:
        Garbage()
        gc.set_threshold(1)
        yield
    finally:
        gc.set_threshold(*thresholds)
        left[0] = 0


def ends(function):
    """Whether a function comes to its end, on a thread of its own."""
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    thread.join(10)
    return not thread.is_alive()
