# SPDX-License-Identifier: Apache-2.0
"""Every file of code names its licence in its first line, or in its second behind a "#!"."""

import tree

LICENCE = "SPDX-License-Identifier: Apache-2.0"


def check(root):
    complaints = []
    for path in tree.files(root):
        sign = tree.comment_sign(root, path)
        if not sign:
            continue
        lines = tree.text(root, path).splitlines()[:2]
        if lines and lines[0].startswith("#!"):
            lines.pop(0)
        if lines[:1] != [f"{sign} {LICENCE}"]:
            complaints.append(f"{path}:1: must begin with `{sign} {LICENCE}`")
    return complaints


if __name__ == "__main__":
    tree.main(check)
