# SPDX-License-Identifier: Apache-2.0
"""A small Debian in a folder: made once by debootstrap, copied for each use, entered with chroot.

What runs there has mounts and processes of its own, so that none outlives it; the network is the machine's.
"""

import os
import shutil
import subprocess
from pathlib import Path

ENTER = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "chroot"]
PREPARE = ["sh", "-c", 'mount -t proc proc /proc && exec "$@"', "sh"]
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
SUITE = "bookworm"
PATIENCE = 300  # seconds, for the slowest: apt on a busy machine


class Debian:
    def __init__(self, folder):
        self.folder = Path(folder)

    def command(self, *arguments):
        """What to start outside for these arguments to run inside."""
        return [*ENTER, str(self.folder), *PREPARE, *map(str, arguments)]

    @staticmethod
    def environment(more=None):
        return {"PATH": PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", **(more or {})}

    def run(self, *arguments, env=None, check=True):
        """Runs it to its end. An exit status other than 0 is an error that shows the output, unless it is wanted."""
        ended = subprocess.run(self.command(*arguments), env=self.environment(env), stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, timeout=PATIENCE, check=False)
        if check and ended.returncode != 0:
            raise AssertionError(f"{arguments} ended with {ended.returncode}: {ended.stdout}{ended.stderr}")
        return ended

    def start(self, *arguments, env=None):
        """Starts a server; its standard output is a pipe."""
        return subprocess.Popen(self.command(*arguments), env=self.environment(env), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def apt(self, *arguments):
        return self.run("apt-get", "--yes", "--quiet", "-o", "Acquire::Languages=none", *arguments)

    def path(self, inside):
        return self.folder / inside.lstrip("/")

    def files(self):
        """Every path inside, as one sees it there."""
        found = set()
        for at, folders, names in os.walk(self.folder):
            found |= {"/" + str(Path(at, name).relative_to(self.folder)) for name in folders + names}
        return found

    def copy_to(self, folder):
        """Another one that is as this one is now."""
        subprocess.run(["cp", "--archive", self.folder, folder], check=True)
        return Debian(folder)

    def remove(self):
        shutil.rmtree(self.folder)


def base(folder, depends):
    """Debian's smallest system with systemd and what a package depends on; kept in the folder for the next time."""
    system = Debian(folder)
    done = Path(f"{folder}.done")
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["debootstrap", "--variant=minbase", SUITE, folder, "http://deb.debian.org/debian"], check=True)
        done.touch()
    shutil.copy("/etc/resolv.conf", system.path("/etc/resolv.conf"))
    system.apt("update")
    system.apt("install", "--no-install-recommends", "systemd", "man-db")
    system.apt("satisfy", "--no-install-recommends", depends)
    # What would cost each copy time: an index of all manual pages, and waiting for disks.
    system.path("/var/lib/man-db/auto-update").unlink(missing_ok=True)
    system.path("/etc/dpkg/dpkg.cfg.d/fast").write_text("force-unsafe-io\n", encoding="utf-8")
    system.apt("clean")
    return system
