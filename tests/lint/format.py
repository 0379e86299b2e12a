# SPDX-License-Identifier: Apache-2.0
"""Our C++ is as clang-format 14 lays it out; `--fix` makes it so. One version only, as each formats differently."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import tree

CLANG_FORMAT = "clang-format-14"


def main():
    if not shutil.which(CLANG_FORMAT):
        print(f"{CLANG_FORMAT} is not installed")
        return tree.SKIPPED
    root = Path(__file__).resolve().parents[2]
    mode = ["-i"] if "--fix" in sys.argv else ["--dry-run", "-Werror"]
    command = [CLANG_FORMAT, *mode, *tree.cpp(root)]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if result.returncode:
        wrong = dict.fromkeys(re.findall(r"^([^\s:]+:\d+):\d+: error", result.stderr, re.MULTILINE))
        print("\n".join(wrong) or result.stderr)
        print(f"./dev format lays these lines out as {CLANG_FORMAT} does")
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())
