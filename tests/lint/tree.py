# SPDX-License-Identifier: Apache-2.0
"""The files of the source tree, and the frame that every check here shares."""

import os
import subprocess
import sys
from pathlib import Path

SKIPPED = 77  # the exit status that tests/lint/CMakeLists.txt takes for "not run"

COMMENTED_WITH_HASH = {".cmake", ".py", ".service", ".sh", ".socket", ".yaml", ".yml"}
COMMENTED_WITH_SLASHES = {".cpp", ".h", ".proto"}


def files(root):
    """The paths, relative to root, of all files that are tracked or could be: nothing ignored, nothing built."""
    if (root / ".git").exists():
        command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, capture_output=True, text=True, check=False)
        if listed.returncode == 0:
            return sorted(p for p in map(Path, filter(None, listed.stdout.split("\0"))) if (root / p).is_file())
    found = []
    for folder, below, names in os.walk(root):
        below[:] = [name for name in below if name not in {".git", ".cache", "build"}]
        found += [(Path(folder) / name).relative_to(root) for name in names]
    return sorted(found)


def text(root, path):
    return (root / path).read_text(encoding="utf-8", errors="replace")


def interpreter(root, path):
    """The first line of a script, with the program that runs it; else nothing."""
    with open(root / path, "rb") as file:
        first = file.readline(200)
    return first.decode("utf-8", "replace").strip() if first.startswith(b"#!") else ""


def cpp(root):
    return [path for path in files(root) if path.suffix in {".cpp", ".h"}]


def comment_sign(root, path):
    """How a comment begins in this file if it is code of ours, else nothing."""
    if path.suffix in COMMENTED_WITH_SLASHES:
        return "//"
    if path.suffix in COMMENTED_WITH_HASH or path.name in {"CMakeLists.txt", ".clang-format", ".clang-tidy"}:
        return "#"
    return "#" if not path.suffix and interpreter(root, path) else ""


def main(check):
    """Runs check(root) over the tree named on the command line; its complaints are lines to print."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    complaints = check(root)
    print("\n".join(complaints) or "nothing to complain about")
    sys.exit(1 if complaints else 0)
