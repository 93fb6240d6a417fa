"""The demonstration: a real agent with real tools, a real box and real data, and a recording of its model.

The data are two tables of the IANA time zone database, release 2025b, as they are (public domain):
https://www.iana.org/time-zones. `recording.jsonl` holds what the agent asked and what a language model replied.
"""
