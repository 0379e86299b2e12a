# SPDX-License-Identifier: Apache-2.0
"""Files of code stay short, and no marker of unfinished work stays in the tree."""

import re

import tree

MOST_LINES = 400

# Longer files, each with the reason why it is one thing. A row whose file is short or gone is an error.
LONGER = {}

# In two halves: this file is searched too.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")


def check_length(root, path, lines):
    long = len(lines) > MOST_LINES and path.suffix != ".proto"  # messages are the vehicle's, not ours to shorten
    listed = path.as_posix() in LONGER
    if long and not listed:
        return [f"{path}:{MOST_LINES}: {len(lines)} lines; split it, or give the reason in tests/lint/prose.py"]
    if listed and not long:
        return [f"{path}:1: short again; take its row out of tests/lint/prose.py"]
    return []


def check(root):
    paths = tree.files(root)
    complaints = [f"{name}: listed in tests/lint/prose.py but gone" for name in LONGER if not (root / name).exists()]
    for path in paths:
        code = tree.comment_sign(root, path)
        if not code and path.suffix != ".md":
            continue
        lines = tree.text(root, path).splitlines()
        if code:
            complaints += check_length(root, path, lines)
        for number, line in enumerate(lines, 1):
            if marker := UNFINISHED.search(line):
                complaints.append(f"{path}:{number}: {marker[0]}: finish it, or write it where work is planned")
    return complaints


if __name__ == "__main__":
    tree.main(check)
