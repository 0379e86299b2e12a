# SPDX-License-Identifier: Apache-2.0
"""What documents name is there: the files they link to, and the tests that show what they promise."""

import re

import tree

LINK = re.compile(r"\[[^\]]*\]\(([\w./-]+)(?:#[^)]*)?\)")
NAMED = re.compile(r"`((?:tests|docs)/[a-z0-9_./-]+)`")


def check(root):
    complaints = []
    for path in tree.files(root):
        if path.suffix != ".md":
            continue
        for number, line in enumerate(tree.text(root, path).splitlines(), 1):
            wanted = [path.parent / target for target in LINK.findall(line)] + NAMED.findall(line)
            complaints += [f"{path}:{number}: there is no {name}" for name in wanted if not (root / name).exists()]
    return complaints


if __name__ == "__main__":
    tree.main(check)
