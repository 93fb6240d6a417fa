"""Boxes in other people's machines: a sandbox of E2B, Modal or Blaxel, rented while the box lives.

Each service has a file, through its own SDK; what they share is in `box.py`, `rented.py` and `lease.py`.
"""
