# SPDX-License-Identifier: Apache-2.0
"""Unpacks Debian packages of another architecture, with all that they depend on, into a folder to build against.

    sysroot.py ARCHITECTURE FOLDER PACKAGE…

apt gets lists and packages into the folder, from the machine's own sources and without a change of the machine. Nothing
is configured, no script of a package runs. A folder that was made here for the same packages is left as it is.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

APT = """
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
Dir::State "{state}";
Dir::State::status "{state}/status";
Dir::Cache "{state}";
"""


def download(architecture, state, packages):
    """The .deb files of the packages and of all that they need."""
    for folder in ("lists/partial", "archives/partial"):
        (state / folder).mkdir(parents=True)
    (state / "status").touch()
    (state / "apt.conf").write_text(APT.format(architecture=architecture, state=state), encoding="utf-8")
    apt = ["apt-get", "--yes", "--quiet"]
    environment = {**os.environ, "APT_CONFIG": str(state / "apt.conf"), "DEBIAN_FRONTEND": "noninteractive"}
    install = ["install", "--download-only", "--no-install-recommends", *packages]
    for arguments in (["update"], install):
        subprocess.run([*apt, *arguments], env=environment, check=True)
    return sorted((state / "archives").glob("*.deb"))


def make_relative(folder):
    """An absolute link would lead out of the folder."""
    for at, folders, files in os.walk(folder):
        for link in (Path(at, name) for name in folders + files):
            if link.is_symlink() and os.readlink(link).startswith("/"):
                target = folder / os.readlink(link).lstrip("/")
                link.unlink()
                link.symlink_to(os.path.relpath(target, link.parent))


def ask(package, *fields):
    return subprocess.run(["dpkg-deb", "--field", package, *fields], capture_output=True, text=True, check=True).stdout


def write_database(folder, packages):
    """What dpkg-shlibdeps asks dpkg: which package a library is in, and which version of it has which symbols."""
    database = folder / "var/lib/dpkg"
    information = database / "info"
    information.mkdir(parents=True)
    (information / "format").write_text("1\n", encoding="utf-8")
    stanzas = []
    for package in packages:
        control = ask(package)
        name = ask(package, "Package").strip()
        if ask(package, "Multi-Arch").strip() == "same":
            name += ":" + ask(package, "Architecture").strip()
        subprocess.run(["dpkg-deb", "--control", package, database / "control"], check=True)
        for kind in ("symbols", "shlibs"):
            if (database / "control" / kind).exists():
                shutil.copy(database / "control" / kind, information / f"{name}.{kind}")
        shutil.rmtree(database / "control")
        listed = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=True).stdout
        names = subprocess.run(["tar", "-t"], input=listed, capture_output=True, check=True).stdout.decode().split("\n")
        paths = [str(folder / path.removeprefix("./")) for path in names if path and not path.endswith("/")]
        (information / f"{name}.list").write_text("\n".join(paths) + "\n", encoding="utf-8")
        stanzas.append("Status: install ok installed\n" + control)
    (database / "status").write_text("\n".join(stanzas), encoding="utf-8")


def main(architecture, folder, packages):
    folder = Path(folder).resolve()
    stamp = folder / "packages"
    wanted = "\n".join([str(folder), *packages])  # where it is, too: its database names whole paths
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    state = folder / "apt"
    archives = download(architecture, state, packages)
    for archive in archives:
        subprocess.run(["dpkg-deb", "--extract", archive, folder], check=True)
    make_relative(folder)
    write_database(folder, archives)
    shutil.rmtree(state)
    stamp.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
