# SPDX-License-Identifier: Apache-2.0
"""The systemd units as they would be installed: nothing in them is wrong, and the service is shut in well."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import tree

ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "systemd"
SYSTEM = Path("/usr/lib/systemd/system")
MOST_EXPOSURE = 1.5  # of systemd-analyze security, from 0 to 10

# Lines whose loss systemd-analyze security does not see: it does not weigh them, or another line or a default has the
# same effect. Those stay, too: a drop-in may take away what implies them.
PINNED = (
    "DynamicUser=yes", "StateDirectoryMode=0700", "LogsDirectoryMode=0700", "LimitCORE=0", "AmbientCapabilities=",
    "NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes", "PrivateIPC=yes", "RemoveIPC=yes",
    "KeyringMode=private", "RestrictSUIDSGID=yes", "SystemCallFilter=~@privileged @resources",
    "SystemCallErrorNumber=EPERM",
)


def run(*command):
    ended = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    return ended.returncode, (ended.stdout + ended.stderr).strip()


def install(root):
    """A root with the units, the program that they name, and the targets that systemd brings. Returns the units."""
    program = root / "usr/bin/fleetsign"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    units, users = root / "usr/lib/systemd/system", root / "usr/lib/sysusers.d"
    units.mkdir(parents=True)
    users.mkdir()
    (root / "etc").mkdir()
    for target in SYSTEM.glob("*.target"):
        shutil.copy(target, units, follow_symlinks=False)
    shutil.copy(UNITS / "fleetsign.sysusers", users / "fleetsign.conf")
    return [Path(shutil.copy(UNITS / name, units)) for name in ("fleetsign.service", "fleetsign.socket")]


def check_verify(root, units):
    status, said = run("systemd-analyze", "verify", f"--root={root}", "--man=no", *units)
    return [f"systemd-analyze verify: {said or status}"] if status or said else []


def check_exposure(root, service):
    status, said = run("systemd-analyze", "security", "--offline=true", f"--root={root}", service)
    found = re.search(r"Overall exposure level for fleetsign\.service: ([0-9.]+)", said)
    if status or not found:
        return [f"systemd-analyze security: {said}"]
    if float(found[1]) <= MOST_EXPOSURE:
        return []
    return [f"systemd/fleetsign.service: an exposure of {found[1]}, more than {MOST_EXPOSURE}:\n{said}"]


def explained(text):
    """The rows that the comment at the unit's end has a sentence for: `# ROW, ROW: sentence`."""
    comment = re.search(r"^# What is left out.*:\n((?:#.*\n)*)", text, re.MULTILINE)
    sentences = re.findall(r"^# (\w+=\S*(?:, \w+=\S*)*): \S", comment[1] if comment else "", re.MULTILINE)
    return {row for rows in sentences for row in rows.split(", ")}


def check_left_out(root, service):
    """What systemd-analyze misses is what the unit explains, by the same names; what it does not see stands there."""
    status, said = run("systemd-analyze", "security", "--offline=true", "--json=short", f"--root={root}", service)
    if status:
        return [f"systemd-analyze security: {said}"]
    text = service.read_text(encoding="utf-8")
    missed, reasons = {row["name"] for row in json.loads(said) if not row["set"]}, explained(text)
    complaints = [f"{name} is left out without a word" for name in sorted(missed - reasons)]
    complaints += [f"{name} is said to be left out, and is not" for name in sorted(reasons - missed)]
    complaints += [f"has no {line}" for line in PINNED if line not in text.splitlines()]
    return [f"systemd/fleetsign.service: {complaint}" for complaint in complaints]


def check_users(root, service):
    """The group is made, and the user, whose name is not the group's: its own group is for nobody else."""
    status, said = run("systemd-sysusers", f"--root={root}")
    if status:
        return [f"systemd-sysusers: {said}"]
    groups = (root / "etc/group").read_text(encoding="utf-8")
    wanted = re.search(r"^SupplementaryGroups=(\w*)$", service, re.MULTILINE)
    user = re.search(r"^User=(\w+)$", service, re.MULTILINE)
    wanted = wanted[1] if wanted else ""
    user = user[1] if user else "fleetsign"  # systemd takes the unit's name then
    complaints = [] if f"\n{wanted}:" in f"\n{groups}" else [f"systemd/fleetsign.sysusers: makes no group {wanted}"]
    users = (root / "etc/passwd").read_text(encoding="utf-8")
    return complaints + ([] if f"\n{user}:" in f"\n{users}" and user != wanted else [f"systemd/fleetsign.sysusers: makes no user {user} of its own"])


def check_pair():
    """What the socket passes is what it and the documents tell to listen on, and who may is the service's group."""
    socket = (UNITS / "fleetsign.socket").read_text(encoding="utf-8")
    service = (UNITS / "fleetsign.service").read_text(encoding="utf-8")
    name = re.search(r"^FileDescriptorName=(\w+)$", socket, re.MULTILINE)[1]
    group = re.search(r"^SocketGroup=(\w+)$", socket, re.MULTILINE)[1]
    places = [("systemd/fleetsign.socket", socket), ("docs/operation.md", (ROOT / "docs/operation.md").read_text(encoding="utf-8"))]
    complaints = [f"{place}: does not say `listen: systemd:{name}`" for place, text in places if f"listen: systemd:{name}" not in text]
    return complaints + ([] if f"SupplementaryGroups={group}\n" in service else [f"systemd/fleetsign.service: is not in {group}"])


def check(_root):
    text = (UNITS / "fleetsign.service").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        units = install(root)
        complaints = check_verify(root, units) + check_exposure(root, units[0])
        complaints += check_left_out(root, units[0]) + check_users(root, text)
    return complaints + check_pair()


if __name__ == "__main__":
    if not shutil.which("systemd-analyze") or not SYSTEM.is_dir():
        print("skipped: there is no systemd-analyze")
        sys.exit(tree.SKIPPED)
    tree.main(check)
