# SPDX-License-Identifier: Apache-2.0
"""`--version` tells which fleetsign this is, from which commit, and which libraries it runs with."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import run

SCRIPT = Path(__file__).resolve().parents[2] / "cmake/commit.cmake"
LONG_AGO = 86400  # the second of January 1970
GIT = {"GIT_AUTHOR_DATE": f"@{LONG_AGO} +0000", "GIT_COMMITTER_DATE": f"@{LONG_AGO} +0000", "GIT_CONFIG_GLOBAL": os.devnull}


class Version(unittest.TestCase):
    def test_it_tells_the_version_the_commit_and_the_libraries(self):
        ended = run("--version")
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        first, built, runs, made = ended.stdout.splitlines()
        self.assertRegex(first, r"^fleetsign \d+\.\d+\.\d+ \((unknown|[0-9a-f]{12}(-changed)?)\)$")
        self.assertRegex(built, r"^built as [a-z]+, \w+, (GNU|Clang) \d")
        for library in ("OpenSSL 3", "libcurl", "SQLite 3", "libqrencode"):
            self.assertRegex(runs, rf"^runs with .*\b{library}[ .]\d")
        for library in ("protobuf", "yaml-cpp", "libsystemd", "spdlog", "prometheus-cpp", "cpp-httplib", "CLI11"):
            self.assertRegex(made, rf"^built with .*\b{library} \d")


class Commit(unittest.TestCase):
    """The script that finds the commit, in clones made for it."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.sources = self.folder / "sources"
        self.sources.mkdir()
        self.header = self.folder / "commit.h"

    def git(self, *arguments):
        command = ["git", "-C", self.sources, "-c", "user.name=A", "-c", "user.email=a@example.com", *arguments]
        return subprocess.run(command, env=os.environ | GIT, capture_output=True, text=True, check=True).stdout.strip()

    def commit(self):
        self.git("init", "--quiet")
        (self.sources / "file").write_text("1", encoding="utf-8")
        self.git("add", "file")
        self.git("commit", "--quiet", "--message=one")
        return self.git("rev-parse", "HEAD")[:12]

    def find(self, sources=None, **env):
        """Runs the script: the commit and the day that it has found."""
        command = ["cmake", "-D", f"SOURCE={sources or self.sources}", "-D", f"HEADER={self.header}", "-P", SCRIPT]
        environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
        subprocess.run(command, env=environment | env, capture_output=True, check=True)
        return tuple(re.findall(r'"(.*)"', self.header.read_text(encoding="utf-8")))

    @unittest.skipUnless(shutil.which("git"), "git is not installed")
    def test_a_clone_s_commit_and_its_day(self):
        commit = self.commit()
        self.assertEqual(self.find(), (commit, "1970-01-02"))
        self.assertEqual(self.find(SOURCE_DATE_EPOCH="0"), (commit, "1970-01-01"))

    @unittest.skipUnless(shutil.which("git"), "git is not installed")
    def test_a_file_that_differs_from_the_commit_is_told_but_not_one_that_is_new(self):
        commit = self.commit()
        (self.sources / "new").touch()
        self.assertEqual(self.find()[0], commit)
        (self.sources / "file").write_text("2", encoding="utf-8")
        self.assertEqual(self.find()[0], f"{commit}-changed")

    @unittest.skipUnless(shutil.which("git"), "git is not installed")
    def test_another_project_s_clone_around_the_sources_is_not_ours(self):
        self.commit()
        below = self.sources / "below"
        below.mkdir()
        self.assertEqual(self.find(below)[0], "unknown")

    def test_outside_of_a_clone_the_commit_is_unknown(self):
        self.assertEqual(self.find(SOURCE_DATE_EPOCH=str(LONG_AGO)), ("unknown", "1970-01-02"))

    def test_the_header_is_not_touched_when_nothing_has_changed(self):
        self.find(SOURCE_DATE_EPOCH="0")
        os.utime(self.header, (1, 1))
        self.find(SOURCE_DATE_EPOCH="0")
        self.assertEqual(self.header.stat().st_mtime, 1)


if __name__ == "__main__":
    unittest.main()
