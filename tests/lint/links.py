# SPDX-License-Identifier: Apache-2.0
"""What documents name is there: the files they link to, the headings in them, and the tests that show what they promise."""

import functools
import re

import tree

LINK = re.compile(r"\[[^\]]*\]\(([\w./-]*)(?:#([^)]*))?\)")
NAMED = re.compile(r"`((?:tests|docs)/[a-z0-9_./-]+)`")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


@functools.cache
def anchors(path):
    """What GitHub makes of the headings of a document."""
    headings = HEADING.findall(FENCED.sub("", path.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def check_link(root, path, target, anchor):
    wanted = path.parent / target if target else path
    if not (root / wanted).exists():
        return f"there is no {wanted}"
    if anchor and wanted.suffix == ".md" and anchor not in anchors(root / wanted):
        return f"{wanted} has no heading #{anchor}"
    return None


def check(root):
    complaints = []
    for path in tree.files(root):
        if path.suffix != ".md":
            continue
        for number, line in enumerate(tree.text(root, path).splitlines(), 1):
            faults = [check_link(root, path, target, anchor) for target, anchor in LINK.findall(line)]
            faults += [f"there is no {name}" for name in NAMED.findall(line) if not (root / name).exists()]
            complaints += [f"{path}:{number}: {fault}" for fault in faults if fault]
    return complaints


if __name__ == "__main__":
    tree.main(check)
