# SPDX-License-Identifier: Apache-2.0
"""Proves the checks: each must find what it is there for, in a tree made for it, and nothing else."""

import re
import shutil
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.append(str(Path(__file__).resolve().parents[2] / "cmake"))
import groups
import layers
import links
import prose
import spdx
import units

CPP = "// SPDX-License-Identifier: Apache-2.0\n"
HASH = "# SPDX-License-Identifier: Apache-2.0\n"


class Checks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, path, content):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(content, encoding="utf-8")

    def assert_found(self, check, *expected):
        found = check(self.root)
        self.assertEqual(len(found), len(expected), found)
        for complaint, part in zip(found, expected):
            self.assertIn(part, complaint)

    def assert_faults(self, cases):
        """Each case: a file, what it includes, and a part of what is wrong with that (None: nothing)."""
        for path, include, expected in cases:
            with self.subTest(path=path, include=include):
                why = layers.fault(path, include[0], include[1:-1])
                self.assertIn(expected or "None", str(why))

    def test_links(self):
        self.write("docs/a.md", "[b](b.md) [c](../c.md#part) [web](https://example.com/x)\n`tests/there.py` `tests/gone.py`\n"
                                "# Here I am\n[up](#here-i-am) [down](#there) [b](b.md#some-text-it-is) [b](b.md#a-comment)\n")
        self.write("docs/b.md", "## Some `text`, it is\n```\n# a comment\n```\n")
        self.write("tests/there.py", HASH)
        self.assert_found(links.check, "docs/a.md:1: there is no docs/../c.md", "docs/a.md:2: there is no tests/gone.py",
                          "docs/a.md:4: docs/a.md has no heading #there", "docs/a.md:4: docs/b.md has no heading #a-comment")

    def test_arrows(self):
        cases = [
            ("crypto/a.cpp", '"protocol/time.h"', "no arrow from crypto to protocol"),
            ("config/a.h", '"crypto/bytes.h"', "no arrow"),
            ("protocol/a.cpp", '"config/config.h"', "no arrow"),
            ("protocol/a.cpp", '"crypto/bytes.h"', None),
            ("daemon/http/a.cpp", '"daemon/api/a.h"', "no arrow"),
            ("daemon/http/a.cpp", '"daemon/http/message.h"', None),
            ("daemon/upstream/a.cpp", '"protocol/time.h"', None),
            ("daemon/upstream/a.cpp", '"protocol/session.h"', "no arrow"),
            ("daemon/vehicles/a.cpp", '"daemon/api/a.h"', "no arrow"),
            ("daemon/api/a.cpp", '"daemon/cli/a.h"', "no arrow"),
            ("daemon/cli/a.cpp", '"simulator/fleet.h"', None),
            ("simulator/a.cpp", '"protocol/session.h"', "no arrow"),
            ("simulator/a.cpp", '"protocol/proto/vcsec.pb.h"', None),
            ("daemon/api/a.cpp", '"tests/support/fuzz.h"', "no arrow"),
            ("daemon/misc/a.cpp", '"crypto/bytes.h"', "no row"),
            ("tests/api/a_test.cpp", '"daemon/cli/a.h"', None),
        ]
        self.assert_faults(cases)

    def test_libraries_stay_behind_their_wrappers(self):
        cases = [
            ("protocol/a.cpp", "<openssl/evp.h>", "only for"),
            ("crypto/a.cpp", "<openssl/evp.h>", None),
            ("daemon/http/tls.cpp", "<openssl/ssl.h>", None),
            ("daemon/http/listener.cpp", "<openssl/ssl.h>", "only for"),
            ("daemon/http/listener.cpp", "<httplib.h>", "only for"),
            ("daemon/http/codec.cpp", "<httplib.h>", None),
            ("daemon/api/a.cpp", "<curl/curl.h>", "only for"),
            ("daemon/vehicles/a.cpp", '"protocol/proto/vcsec.pb.h"', "only for"),
            ("protocol/envelope_reply.cpp", '"protocol/proto/vcsec.pb.h"', None),
            ("protocol/session.cpp", '"protocol/proto/vcsec.pb.h"', "only for"),
            ("protocol/session.cpp", "<mutex>", "pure"),
            ("protocol/catalogue/a.cpp", "<fstream>", "pure"),
            ("daemon/vehicles/a.cpp", "<mutex>", None),
            ("tests/http/a_test.cpp", "<httplib.h>", None),
        ]
        self.assert_faults(cases)

    def test_include_paths_begin_at_the_root(self):
        cases = [
            ("crypto/a.cpp", '"bytes.h"', "from the root"),
            ("daemon/http/a.cpp", '"../../crypto/bytes.h"', "from the root"),
            ("daemon/http/a.cpp", "<crypto/bytes.h>", "in quotes"),
            ("tests/http/a_test.cpp", '"message.h"', "from the root"),
        ]
        self.assert_faults(cases)

    def test_a_bad_include_in_a_tree_is_found(self):
        self.write("crypto/a.h", f"{CPP}#include <array>\n\n  # include \"daemon/http/message.h\"\n")
        self.write("crypto/b.cpp", f"{CPP}// #include \"daemon/http/message.h\"\n#include \"crypto/a.h\"\n")
        self.assert_found(layers.check, "crypto/a.h:4: daemon/http/message.h: no arrow from crypto to daemon/http")

    def test_a_cycle_in_the_table_is_found(self):
        with mock.patch.dict(layers.ARROWS, {"crypto": ["daemon/cli"]}):
            self.assert_found(layers.check, "cycle")

    def test_licence_line(self):
        self.write("a.cpp", CPP)
        self.write("b.h", "#pragma once\n")
        self.write("c", f"#!/bin/sh\n{HASH}")
        self.write("d", f"#!/bin/sh\n\n{HASH}")
        self.write("e/CMakeLists.txt", "")
        self.write("f.md", "prose\n")
        self.write("build/g.cpp", "")
        self.assert_found(spdx.check, "b.h:1", "d:1", "e/CMakeLists.txt:1")

    def test_long_files(self):
        self.write("long.cpp", "\n" * 401)
        self.write("short.cpp", "\n" * 400)
        self.write("messages.proto", "\n" * 401)
        self.write("prose.md", "\n" * 401)
        self.assert_found(prose.check, "long.cpp:400: 401 lines")
        with mock.patch.dict(prose.LONGER, {"long.cpp": "one table"}):
            self.assert_found(prose.check)
        with mock.patch.dict(prose.LONGER, {"long.cpp": "one table", "short.cpp": "?", "gone.cpp": "?"}):
            self.assert_found(prose.check, "gone.cpp", "short.cpp:1: short again")

    def test_markers_of_unfinished_work(self):
        markers = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
        self.write("a.cpp", "".join(f"// {marker}: later\n" for marker in markers))
        self.write("b.cpp", "mkstemp(file_XXXXXX);\n")
        self.assert_found(prose.check, "a.cpp:1", "a.cpp:2", "a.cpp:3")

    def together(self, sources):
        """The names of the sources, by what cmake/groups.py makes of them."""
        for name, content in sources.items():
            self.write(name, content)
        groups.headers.cache_clear()
        groups.declared_in.cache_clear()
        with mock.patch.object(groups, "ROOT", self.root):
            return [[path.name for path in group] for group in groups.groups([self.root / name for name in sources])]

    def test_sources_go_together_unless_a_private_name_of_one_is_used_in_another(self):
        public = {"a.h": "struct Answer;\nint answer();\n", "code.h": "using Code = int;\n"}
        for name, content in public.items():
            self.write(name, content)
        cases = [
            ("their own headers' names are no clash", ['#include "a.h"\nint answer() { return 1; }\n', '#include "a.h"\nint b() { return answer(); }\n'], 1),
            ("both declare it", ["int help() { return 1; }\n", "int help() { return 2; }\n"], 2),
            ("a constant, used by the other", ["constexpr int kMost = 1;\n", "int f() {\n  return kMost;\n}\n"], 2),
            ("a local variable of that name", ["int body() { return 1; }\n", "int f() {\n  int body = 2;\n}\n"], 2),
            ("in a comment or a text only", ["int body() { return 1; }\n", 'const char* f() { return "body"; }  // body\n'], 1),
            ("in a header of the other", ["using Code = char;\n", '#include "code.h"\nint f();\n'], 2),
            ("in a header of a header", ["using Code = char;\n", '#include "deep.h"\nint f();\n'], 2),
            ("hides what another's header gives", ['#include "a.h"\nnamespace {\nint answer(int);\n}\n', '#include "a.h"\nint f() { return answer(); }\n'], 2),
            ("the same name from elsewhere", ["using a::Car;\n", "using b::Car;\n"], 2),
            ("the same name from the same place", ["using a::Car;\n", "using a::Car;\n"], 1),
            ("other directives", ["using namespace a;\n", "int f();\n"], 2),
            ("more than are taken at once", [f"int f{number}();\n" for number in range(groups.AT_ONCE + 1)], 2),
        ]
        self.write("deep.h", '#include "code.h"\n')
        for what, sources, count in cases:
            with self.subTest(what):
                self.assertEqual(len(self.together({f"{i}_{what[:9]}.cpp": source for i, source in enumerate(sources)})), count)


@unittest.skipUnless(shutil.which("systemd-analyze") and units.SYSTEM.is_dir(), "there is no systemd-analyze")
class Units(unittest.TestCase):
    # What is among the lines of the sandbox and bounds nothing.
    NO_SANDBOX = ("StateDirectory=", "RuntimeDirectory=", "LogsDirectory=", "LimitNOFILE=")

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.service = units.install(self.root)[0]
        self.lines = self.service.read_text(encoding="utf-8").splitlines()

    def complaints(self, lines):
        text = "\n".join(lines)
        self.service.write_text(text, encoding="utf-8")
        return units.check_left_out(self.root, self.service) + units.check_users(self.root, text)

    def test_each_line_of_the_sandbox_and_each_sentence_is_missed(self):
        self.assertEqual(self.complaints(self.lines), [])
        begin, end = self.lines.index("DynamicUser=yes"), self.lines.index("[Install]")
        gone = [i for i in range(begin, end)
                if re.match(r"(# )?\w+=", self.lines[i]) and not self.lines[i].startswith(self.NO_SANDBOX)]
        self.assertGreater(len(gone), 40)
        for i in gone:
            with self.subTest(self.lines[i]):
                self.assertTrue(self.complaints(self.lines[:i] + self.lines[i + 1:]))

    def test_a_sentence_for_what_is_not_left_out_is_found(self):
        end = self.lines.index("[Install]") - 1
        for sentence in ("# PrivateTmp=: no room.", "# NoSuchThing=: whatever it is."):
            with self.subTest(sentence):
                complaints = self.complaints(self.lines[:end] + [sentence] + self.lines[end:])
                self.assertIn("is said to be left out", "".join(complaints))


if __name__ == "__main__":
    unittest.main()
