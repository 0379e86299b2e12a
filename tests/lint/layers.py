# SPDX-License-Identifier: Apache-2.0
"""Every #include follows an arrow between folders, and a library is included only by the files that wrap it."""

import re
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import tree

MESSAGES = "protocol/proto"
PROTOCOL = ["protocol", "protocol/catalogue", "crypto"]
BELOW_ACCESS = ["crypto", "config", "protocol", "daemon/http", "daemon/ops", "daemon/state"]
BELOW_API = [
    "daemon/access",
    "daemon/accounts",
    "daemon/http",
    "daemon/ops",
    "daemon/state",
    "daemon/upstream",
    "daemon/vehicles",
]

# Folder -> what its files may include beside their own: other folders (not those inside them), or single headers.
ARROWS = {
    "crypto": [],
    "config": [],
    MESSAGES: [],
    "protocol": ["crypto", MESSAGES],
    "protocol/catalogue": ["protocol", "crypto", MESSAGES],
    "daemon/http": ["crypto"],
    "daemon/ops": ["crypto", "config", "protocol/time.h"],
    "daemon/state": [*PROTOCOL, "daemon/ops"],
    "daemon/upstream": ["crypto", "config/url.h", "protocol/text.h", "protocol/time.h", "daemon/http", "daemon/ops"],
    "daemon/access": [*BELOW_ACCESS, "protocol/catalogue", "daemon/upstream/fleet_api.h"],
    "daemon/accounts": [*BELOW_ACCESS, "daemon/upstream"],
    "daemon/vehicles": [*PROTOCOL, "daemon/ops", "daemon/state", "daemon/upstream"],
    "daemon/api": [*PROTOCOL, "config", *BELOW_API],
    "simulator": ["crypto", MESSAGES, "daemon/http"],
    "daemon/cli": [*PROTOCOL, "config", *BELOW_API, "daemon/api", "simulator"],
}

VERSION = "daemon/cli/version.cpp"  # asks each library which one it is

# Library header -> the only files that may include it; tests may include any.
WRAPPERS = {
    "CLI/*": ["daemon/cli/*"],
    "curl/*": ["daemon/upstream/*", VERSION],
    "httplib.h": ["daemon/http/codec.cpp"],
    "prometheus/*": ["daemon/ops/metrics.cpp"],
    "openssl/*": ["crypto/*", "daemon/http/tls*", VERSION],
    "qrencode.h": ["daemon/cli/qr.cpp", VERSION],
    "sqlite3.h": ["daemon/state/*", VERSION],
    "systemd/*": ["daemon/http/passed_sockets.cpp", "daemon/ops/journal.cpp", "daemon/ops/service.cpp"],
    "yaml-cpp/*": ["config/*"],
    "*.pb.h": ["protocol/catalogue/*", "protocol/envelope*.cpp", "protocol/verdict.cpp", "simulator/*"],
}

# protocol/ is given bytes, times and randomness: it knows no socket, clock, file, thread or log.
IMPURE = ["*mutex", "condition_variable", "ctime", "filesystem", "fstream", "future", "iostream", "spdlog/*", "sys/*", "thread"]

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def matches(name, patterns):
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def folder_of(path):
    """The nearest folder above a file that has a row in ARROWS, or nothing."""
    return next((folder for folder in map(Path.as_posix, Path(path).parents) if folder in ARROWS), None)


def is_ours(name):
    return Path(name).parts[0] in {Path(folder).parts[0] for folder in ARROWS} | {"tests"}


def fault(path, bracket, name):
    """What is wrong with one include of one file, or nothing."""
    if bracket == '"' and not is_ours(name):
        return "include our own headers from the root of the tree, those of libraries in <>"
    if bracket == "<" and is_ours(name) and not name.endswith(".pb.h"):
        return "include our own headers in quotes"
    if path.startswith("tests/"):
        return None

    folder = folder_of(path)
    if folder is None:
        return "this folder has no row in ARROWS"
    for pattern, wrappers in WRAPPERS.items():
        if fnmatchcase(name, pattern) and not matches(path, wrappers):
            return f"only for {', '.join(wrappers)}"
    if folder.startswith("protocol") and matches(name, IMPURE):
        return "protocol/ is pure: no socket, clock, file, thread or log"
    if is_ours(name) and folder_of(name) not in [folder, *ARROWS[folder]] and name not in ARROWS[folder]:
        return f"no arrow from {folder} to {folder_of(name) or name}"
    return None


def check_cycles():
    targets = {folder: {to if to in ARROWS else folder_of(to) for to in below} for folder, below in ARROWS.items()}
    try:
        TopologicalSorter(targets).prepare()
    except CycleError as error:
        return [f"ARROWS has a cycle: {' -> '.join(error.args[1])}"]
    return []


def check(root):
    complaints = check_cycles()
    for path in tree.cpp(root):
        for number, line in enumerate(tree.text(root, path).splitlines(), 1):
            if include := INCLUDE.match(line):
                bracket, name = include.groups()
                if why := fault(path.as_posix(), bracket, name):
                    complaints.append(f"{path}:{number}: {name}: {why} (tests/lint/layers.py)")
    return complaints


if __name__ == "__main__":
    tree.main(check)
