# SPDX-License-Identifier: Apache-2.0
"""Which sources of a target may be compiled as one: `groups.py FOLDER SOURCE…` prints SOURCE;GROUP;SOURCE;GROUP….

Most of a compiler's time goes into headers, so a few sources as one take half as long. Sources that declare the same
name for themselves, as tests like to, would then clash: they get different groups. What is looked for are the names that
lines at the left margin declare, where this code writes all that is not inside of something else.
"""

import re
import sys
from pathlib import Path

AT_ONCE = 6
# What uses a name that another source of its folder has for something else, which the margin does not tell.
ALONE = {"audit_log_test.cpp", "pass_through.cpp", "requests.cpp", "unpublished_test.cpp", "without_protocol_test.cpp"}
DIRECTIVE = re.compile(r"^using namespace [\w:]+;", re.MULTILINE)
NAME = re.compile(
    r"^(?:#define|using(?= \w+ =)|struct|class|union|enum(?: class)?) +(\w+)"
    r"|^(?!TEST_CASE|#|using|namespace|return|typedef|//)[\w:][^=;({]*?(?<!:)\b(\w+)(?=\(| = |;|\{|\[)",
    re.MULTILINE,
)


def names(text):
    return {first or second for first, second in NAME.findall(text)}


def groups(folder, sources):
    """Pairs of a source and the name of its group; the first group that has room and none of its names takes it."""
    made = []  # of each: the directives that all its sources share, the names that are taken, and how many sources
    for source in sources:
        text = (folder / source).read_text(encoding="utf-8")
        own, directives = names(text), frozenset(DIRECTIVE.findall(text))
        for number, group in enumerate(made):
            if group["size"] < AT_ONCE and group["directives"] == directives and group["names"].isdisjoint(own):
                break
        else:
            number, group = len(made), {"directives": directives, "names": set(), "size": 0}
            made.append(group)
        group["names"] |= own
        group["size"] += 1
        yield source, Path(source).stem if Path(source).name in ALONE else number


def main():
    pairs = groups(Path(sys.argv[1]), sys.argv[2:])
    print(";".join(f"{source};{number}" for source, number in pairs), end="")


if __name__ == "__main__":
    main()
