"""Runs the corpus by hand and prints a table: `python tests/security/run.py -x sandbox,process -i 121-202`.

`-x`: boxes, by the names in adapters.py, or `baseline`. `-i`: numbers. `-u`: a user (`nobody`) or a uid, for root.
"""

import argparse
from collections import Counter

import people
from corpus import SNIPPETS
from outside import World


def numbers(text):
    chosen = set()
    for part in text.split(","):
        low, _, high = part.partition("-")
        chosen |= set(range(int(low), int(high or low) + 1))
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-x", default="baseline")
    parser.add_argument("-i", default="1-999", type=numbers)
    parser.add_argument("-u", default="me", choices=people.KINDS)
    given = parser.parse_args()
    counts = Counter()
    world = World(people.who(given.u))
    try:
        for snippet in SNIPPETS:
            if snippet.number not in given.i:
                continue
            for box in given.x.split(","):
                verdict = world.judge(snippet, snippet.baseline if box == "baseline" else box)
                counts[box, snippet.category, bool(verdict.hit)] += 1
                line = f"{snippet!s:40} {box:20} {verdict}".replace("\n", " ")[:220]
                print(line.encode(errors="backslashreplace").decode(), flush=True)
    finally:
        world.close()
    for (box, category, hit), count in sorted(counts.items()):
        print(f"{box:24} {category:12} {'BREACH' if hit else 'held':8} {count}")


main()
