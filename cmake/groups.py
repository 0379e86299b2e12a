# SPDX-License-Identifier: Apache-2.0
"""Which sources of a target may be compiled as one: `groups.py FOLDER SOURCE…` prints SOURCE;GROUP;SOURCE;GROUP….

Most of a compiler's time goes into headers, so a few sources as one take half as long. For that, a name that a source
declares for itself may not be in use in the others, nor in a header of theirs. What is taken for declared are the names
at the left margin, where this code writes all that is not inside of something else; for used, every word but those of
comments and texts.
"""

import re
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
AT_ONCE = 6
INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
DIRECTIVE = re.compile(r"^using namespace [\w:]+;", re.MULTILINE)
NAME = re.compile(
    r"^(?:#define|using(?= \w+ =)|struct|class|union|enum(?: class)?) +(\w+)"
    r"|^(?!TEST_CASE|#|using|namespace|return|typedef|//)[\w:][^=;({]*?(?<!:)\b(\w+)(?=\(| = |;|\{|\[)",
    re.MULTILINE,
)
BORROWED = re.compile(r"^using ([\w:]+::(\w+));", re.MULTILINE)
COMMENT_OR_TEXT = re.compile(r'//[^\n]*|"(?:\\.|[^"\\\n])*"')
UNNAMED = re.compile(r"^namespace \{$.*?^\}", re.MULTILINE | re.DOTALL)
WORD = re.compile(r"[A-Za-z_]\w+")


def declared(text):
    return {first or second for first, second in NAME.findall(text)}


@cache
def headers(path):
    """Those of ours that a file includes, whichever way."""
    own = [ROOT / name for name in INCLUDE.findall(path.read_text(encoding="utf-8")) if (ROOT / name).exists()]
    return frozenset(own).union(*map(headers, own))


@cache
def declared_in(header):
    return declared(header.read_text(encoding="utf-8"))


class Group:
    """Sources that go together; at first, the one."""

    def __init__(self, source):
        text = source.read_text(encoding="utf-8")
        shared = set().union(*map(declared_in, headers(source)))
        self.sources = [source]
        self.directives = set(DIRECTIVE.findall(text))
        self.private = (declared(text) - shared).union(*map(declared, UNNAMED.findall(text)))
        self.borrowed = set(BORROWED.findall(text))
        self.used = shared | set(WORD.findall(COMMENT_OR_TEXT.sub("", text)))

    def takes(self, other):
        return (
            len(self.sources) < AT_ONCE
            and self.directives == other.directives
            and self.private.isdisjoint(other.used)
            and other.private.isdisjoint(self.used)
            and self.borrows_like(other)
        )

    def borrows_like(self, other):
        """Whether names of other namespaces mean the same in both."""
        all_borrowed = self.borrowed | other.borrowed
        return len({name for _, name in all_borrowed}) == len(all_borrowed)

    def add(self, other):
        self.sources += other.sources
        self.private |= other.private
        self.borrowed |= other.borrowed
        self.used |= other.used


def groups(sources):
    """The sources, which are paths, as lists of those that go together: the first list that takes one has it."""
    made = []
    for new in map(Group, sources):
        group = next((group for group in made if group.takes(new)), None)
        if group:
            group.add(new)
        else:
            made.append(new)
    return [group.sources for group in made]


def main():
    names = {Path(sys.argv[1], name): name for name in sys.argv[2:]}
    pairs = [f"{names[path]};{number}" for number, group in enumerate(groups(names)) for path in group]
    print(";".join(pairs), end="")


if __name__ == "__main__":
    main()
