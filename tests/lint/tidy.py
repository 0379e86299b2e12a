# SPDX-License-Identifier: Apache-2.0
"""clang-tidy (.clang-tidy) over our sources as a build folder compiles them: `tidy.py BUILD [--changed]`.

With --changed only those that differ from the main branch, or include a header that does. Tests are left out: they make
half of the time and do on purpose what clang-tidy warns of; the sanitizers see what really goes wrong in them.

Most of the time goes into the headers, so a few sources of a folder are looked at as one (cmake/groups.py), which takes
half as long; each by itself where they do not go together after all.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import layers
import tree

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "cmake"))
import groups
FINDING = re.compile(r"^\S+:\d+:\d+: error: .*\n(?:(?!\S+:\d+:\d+: error: ).*\n)*", re.MULTILINE)
PLACE = re.compile(r"^(\S+?):(\d+)(?=:\d+: )", re.MULTILINE)
CLASH = "[clang-diagnostic-error]"


def compiled(build):
    """The sources in the build and what they are compiled with, relative to the root; none of tests or generated ones."""
    flags = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        path = Path(entry["file"])
        if path.is_relative_to(ROOT) and not any(map(path.is_relative_to, (build, ROOT / "tests"))):
            flags[path.relative_to(ROOT)] = flags_of(entry["command"])
    return dict(sorted(flags.items()))


def flags_of(command):
    """Without compiler, output and source."""
    words = shlex.split(command)
    first = next(index for index, word in enumerate(words) if word.startswith("-"))
    return tuple(words[first : words.index("-o")])


def together(flags):
    """Sources of one folder that are compiled alike and go together, a few at a time."""
    alike = {}
    for path, words in flags.items():
        alike.setdefault((path.parent, words), []).append(ROOT / path)
    for (_, words), paths in alike.items():
        for group in groups.groups(paths):
            yield [path.relative_to(ROOT) for path in group], words


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


def tidy(paths, flags):
    """The findings in the sources, each a text of several lines; none when they are clean."""
    if len(paths) == 1:
        return run(paths[0], flags)
    with tempfile.NamedTemporaryFile("w", suffix=".cpp", encoding="utf-8") as whole:
        lines = []
        for path in paths:
            text = (ROOT / path).read_text(encoding="utf-8")
            lines += [(path, number) for number in range(1, text.count("\n") + 1)]
            whole.write(text)
        whole.flush()
        findings = run(whole.name, flags)
        if any(CLASH in finding for finding in findings):
            return [finding for path in paths for finding in run(path, flags)]

        def place(match):
            path, number = lines[int(match[2]) - 1] if match[1] == whole.name else match.groups()
            return f"{path}:{number}"

        return [PLACE.sub(place, finding) for finding in findings]


def run(path, flags):
    command = ["clang-tidy-14", "--quiet", f"--config-file={ROOT / '.clang-tidy'}", path, "--", *flags]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return []
    return FINDING.findall(result.stdout) or [f"{path}: clang-tidy failed\n{result.stderr}"]


def main():
    build = Path(sys.argv[1]).resolve()
    sources = compiled(build)
    if "--changed" in sys.argv[2:]:
        names = changed()
        sources = {path: flags for path, flags in sources.items() if touches(path, names)}
    seen = set()  # a finding in a header comes once for each source that includes it
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for findings in pool.map(lambda group: tidy(*group), together(sources)):
            for finding in findings:
                if finding not in seen:
                    print(finding, end="", flush=True)
                    seen.add(finding)
    print(f"{len(seen)} findings in {len(sources)} sources")
    return 1 if seen else 0


if __name__ == "__main__":
    sys.exit(main())
