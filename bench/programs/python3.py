# SPDX-License-Identifier: MIT
"""Builds records, writes and reads them as JSON, edits strings and numbers."""

import json
import random
import re
import sys


class Node:
    def __init__(self, key):
        self.key = key
        self.left = None
        self.right = None


def insert(root, key):
    while True:
        side = "left" if key < root.key else "right"
        child = getattr(root, side)
        if child is None:
            setattr(root, side, Node(key))
            return
        root = child


def search_tree(rng, count):
    root = Node(0.5)
    for _ in range(count):
        insert(root, rng.random())
    return root


def records(rng, count):
    return [{"id": i, "name": f"name {i}", "tags": [f"tag{rng.randrange(50)}"
                                                   for _ in range(5)],
             "value": rng.random()} for i in range(count)]


def words(rng, count):
    text = " ".join(f"word{rng.randrange(count // 4)}" for _ in range(count))
    seen = {}
    for word in re.findall(r"\w+", text):
        seen.setdefault(word, []).append(len(seen))
    return sum(map(len, seen.values()))


def main(scale):
    rng = random.Random(1)
    for _ in range(scale):
        for _ in range(3):
            search_tree(rng, 10_000)
            data = records(rng, 8_000)
            assert json.loads(json.dumps(data)) == data
            assert words(rng, 40_000) == 40_000
            assert (3 ** 20_000).bit_length() == 31_700


main(int(sys.argv[1]))
