# SPDX-License-Identifier: Apache-2.0
"""clang-tidy (.clang-tidy) over our sources as a build folder compiles them: `tidy.py BUILD [--changed]`.

With --changed only those that differ from the main branch, or include a header that does. Tests are left out: they make
half of the time and do on purpose what clang-tidy warns of; the sanitizers see what really goes wrong in them.
"""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import layers
import tree

ROOT = Path(__file__).resolve().parents[2]
FINDING = re.compile(r"^\S+:\d+:\d+: error: .*\n(?:(?!\S+:\d+:\d+: error: ).*\n)*", re.MULTILINE)


def compiled(build):
    """The sources in the build, relative to the root, without tests and generated ones."""
    entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    paths = {Path(entry["file"]) for entry in entries}
    return sorted(
        path.relative_to(ROOT)
        for path in paths
        if path.is_relative_to(ROOT) and not any(map(path.is_relative_to, (build, ROOT / "tests")))
    )


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
    seen = set()  # a finding in a header comes once for each source that includes it
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for findings in pool.map(lambda path: tidy(build, path), sources):
            for finding in findings:
                if finding not in seen:
                    print(finding, end="", flush=True)
                    seen.add(finding)
    print(f"{len(seen)} findings in {len(sources)} sources")
    return 1 if seen else 0


if __name__ == "__main__":
    sys.exit(main())
