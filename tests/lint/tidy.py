# SPDX-License-Identifier: Apache-2.0
"""clang-tidy (.clang-tidy) over the sources that a build folder compiles: `tidy.py BUILD [--changed]`.

With --changed only those that differ from the main branch, or include a header that does.
"""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import layers
import tree

ROOT = Path(__file__).resolve().parents[2]
FINDING = re.compile(r"^\S+:\d+:\d+: error: .*\n(?:(?!\S+:\d+:\d+: error: ).*\n)*", re.MULTILINE)


def compiled(build):
    """Our own sources in the build, relative to the root; generated ones lie within the build folder."""
    entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    paths = {Path(entry["file"]) for entry in entries}
    return sorted(path.relative_to(ROOT) for path in paths if ROOT in path.parents and build not in path.parents)


def git(*arguments):
    return subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=False)


def changed():
    """What differs from where the main branch was left, committed or not, by the names that an #include gives it."""
    base = next(b for b in (git("merge-base", "HEAD", main) for main in ("origin/main", "main", "HEAD")) if b.stdout)
    names = git("diff", "--name-only", base.stdout.strip()).stdout
    return set((names + git("ls-files", "--others", "--exclude-standard").stdout).split())


def touches(path, names):
    includes = (include[2] for include in map(layers.INCLUDE.match, tree.text(ROOT, path).splitlines()) if include)
    return path.as_posix() in names or not names.isdisjoint(includes)


def tidy(build, path):
    """The findings in one source, each a text of several lines; none when it is clean."""
    command = ["clang-tidy-14", "--quiet", "-p", build, path]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return []
    return FINDING.findall(result.stdout) or [f"{path}: clang-tidy failed\n{result.stderr}"]


def main():
    build = Path(sys.argv[1]).resolve()
    sources = compiled(build)
    if "--changed" in sys.argv[2:]:
        names = changed()
        sources = [path for path in sources if touches(path, names)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda path: tidy(build, path), sources)
        findings = dict.fromkeys(chain.from_iterable(results))  # a header's are found once for each source
    print("".join(findings) or f"nothing found in {len(sources)} sources")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
