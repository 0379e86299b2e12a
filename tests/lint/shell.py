# SPDX-License-Identifier: Apache-2.0
"""shellcheck finds nothing in our shell scripts."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import tree

SHELL = re.compile(r"#!.*\b(ba|da)?sh$")


def main():
    if not shutil.which("shellcheck"):
        print("shellcheck is not installed")
        return tree.SKIPPED
    root = Path(__file__).resolve().parents[2]
    scripts = [path for path in tree.files(root) if SHELL.match(tree.interpreter(root, path))]
    return subprocess.run(["shellcheck", *scripts], cwd=root, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
