# SPDX-License-Identifier: Apache-2.0
"""What a Debian package does to a machine: package_test.py PACKAGE FOLDER.

It is installed, upgraded, removed and purged in a fresh Debian, which is kept in the folder. Needs root, for chroot,
and Debian's mirror.
"""

import contextlib
import functools
import http.client
import io
import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import unittest
import urllib.parse
from pathlib import Path

import debian

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = FOLDER = BASE = None  # as given, and the Debian in which nothing of ours is installed

CONFIGURATION = "/etc/fleetsign/fleetsign.yaml"
KEY = "/etc/fleetsign/private-key.pem"
ENABLED = "/etc/systemd/system/multi-user.target.wants/fleetsign.service"
# All that is in the package, but for the folders and what is below the last of these.
FILES = {
    CONFIGURATION: 0o644,
    "/usr/bin/fleetsign": 0o755,
    "/usr/lib/systemd/system/fleetsign.service": 0o644,
    "/usr/lib/systemd/system/fleetsign.socket": 0o644,
    "/usr/lib/sysusers.d/fleetsign.conf": 0o644,
    "/usr/share/bash-completion/completions/fleetsign": 0o644,
    "/usr/share/man/man1/fleetsign.1.gz": 0o644,
    "/usr/share/man/man5/fleetsign.yaml.5.gz": 0o644,
    "/usr/share/lintian/overrides/fleetsign": 0o644,
    "/usr/share/doc/fleetsign/README.md": 0o644,
    "/usr/share/doc/fleetsign/SECURITY.md": 0o644,
    "/usr/share/doc/fleetsign/changelog.Debian.gz": 0o644,
    "/usr/share/doc/fleetsign/changelog.gz": 0o644,
    "/usr/share/doc/fleetsign/copyright": 0o644,
}
DOCUMENTS = "/usr/share/doc/fleetsign/docs/"
# What dpkg, apt and others note for themselves, whatever is installed.
NOTES = re.compile(r"/(var/(log|cache|backups|lib/(dpkg|apt|systemd/deb-systemd-helper-enabled))|etc/(group|gshadow|passwd|shadow)-?$)")
# As systemctl in the path of maintainer scripts, it notes what it is asked for. The daemon's process, whose environment
# counts, is the first one there is: dpkg.
RECORDER = '#!/bin/sh\necho "$*" >>/systemctl.log\n[ "$1" != show ] || echo 1\n'


def field(name):
    return subprocess.run(["dpkg-deb", "--field", PACKAGE, name], capture_output=True, text=True, check=True).stdout.strip()


def entries():
    """What the package would unpack: path -> tarfile's description."""
    packed = subprocess.run(["dpkg-deb", "--fsys-tarfile", PACKAGE], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        return {member.name.removeprefix("."): member for member in archive}


@functools.cache
def previous():
    """The package as a lower version had it: with another example of the configuration."""
    file = FOLDER / "previous.deb"
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        subprocess.run(["dpkg-deb", "--raw-extract", PACKAGE, tree], check=True)
        control = tree / "DEBIAN/control"
        control.write_text(re.sub(r"(?m)^Version: .*", "Version: 0.0.1-1", control.read_text("utf-8")), "utf-8")
        (tree / CONFIGURATION[1:]).write_text("# the example of an older version\n", "utf-8")
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, file], check=True, capture_output=True)
    return file


def install(system, package, *command):
    shutil.copy(package, system.path("/root/fleetsign.deb"))
    ended = system.run(*(command or ("dpkg", "--install")), "/root/fleetsign.deb")
    system.path("/root/fleetsign.deb").unlink()
    return ended


def setUpModule():
    global BASE
    BASE = debian.base(FOLDER / "debian", field("Depends"))


@contextlib.contextmanager
def fresh():
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        yield BASE.copy_to(Path(folder, "root"))


class Contents(unittest.TestCase):
    def test_every_file_is_expected_and_has_its_mode_and_belongs_to_root(self):
        files = {}
        for path, entry in entries().items():
            self.assertEqual((entry.uid, entry.gid), (0, 0), path)
            if entry.isdir():
                self.assertEqual(entry.mode, 0o755, path)
            elif path.startswith(DOCUMENTS):
                self.assertEqual((entry.mode, entry.isfile()), (0o644, True), path)
            else:
                files[path] = entry.mode
        self.assertEqual(files, FILES)

    def test_documents_link_to_documents_that_are_there(self):
        paths = entries()
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["dpkg-deb", "--extract", PACKAGE, folder], check=True)
            for page in Path(folder, DOCUMENTS[1:]).rglob("*.md"):
                # Sources are for those who have them.
                for target in re.findall(r"\]\(([^)#:]+\.(?:md|yaml|json))[^):]*\)", page.read_text("utf-8")):
                    there = "/" + os.path.relpath(os.path.normpath(page.parent / target), folder)
                    self.assertIn(there, paths, f"in {page.name}")

    def test_the_program_is_hardened_and_without_symbols(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["dpkg-deb", "--extract", PACKAGE, folder], check=True)
            shown = subprocess.run(["readelf", "--wide", "--dynamic", "--program-headers", "--sections",
                                    Path(folder, "usr/bin/fleetsign")], capture_output=True, text=True, check=True).stdout
        for wanted in (r"FLAGS_1.*NOW.*PIE", "GNU_RELRO", r"GNU_STACK.* RW "):
            self.assertTrue(re.search(wanted, shown), wanted)
        self.assertEqual(re.findall(r"RUNPATH|RPATH|\.symtab|\.debug_\w+", shown), [])

    def test_lintian_has_no_complaint(self):
        ended = subprocess.run(["lintian", "--fail-on=error,warning", "--allow-root", PACKAGE], capture_output=True,
                               text=True, check=False)
        self.assertEqual((ended.returncode, ended.stdout), (0, ""))

    def test_the_changelog_is_of_this_version(self):
        newest = (ROOT / "packaging/debian/changelog").read_text("utf-8").split()[1]
        self.assertEqual(newest, f"({field('Version')})")

    def test_the_copyright_file_gives_a_text_for_every_licence(self):
        stanzas = (ROOT / "packaging/debian/copyright").read_text("utf-8").split("\n\n")
        used = {re.search(r"(?m)^License: (.*)", stanza)[1] for stanza in stanzas if stanza.startswith("Files:")}
        given = {re.match(r"License: (.*)\n .", stanza)[1] for stanza in stanzas if stanza.startswith("License:")}
        self.assertEqual(used, given)


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = cls.enterClassContext(fresh())
        install(cls.system, PACKAGE, "apt-get", "install")
        cls.system.run("fleetsign", "keygen", "--out", KEY)

    def start(self, *arguments, env=None):
        """Starts a server and returns its line "ready …"."""
        process = self.system.start("fleetsign", *arguments, env=env)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)  # unshare, which takes along what it has started
        line = process.stdout.readline().split()
        self.assertEqual(line[:1], ["ready"])
        return line[1:]

    def test_the_version_names_the_package_s(self):
        first = self.system.run("fleetsign", "--version").stdout.splitlines()[0]
        self.assertRegex(first, rf"^fleetsign {re.escape(field('Version').split('-')[0])} \((unknown|[0-9a-f]{{12}}(-changed)?)\)$")

    def test_the_configuration_serves_as_it_stands_once_there_is_a_key(self):
        unit = self.system.path("/usr/lib/systemd/system/fleetsign.service").read_text("utf-8")
        self.assertIn(f"LoadCredential=private-key:{KEY}\n", unit)
        self.assertIn("Environment=FLEETSIGN_KEY_FILE=%d/private-key\n", unit)
        env = {"FLEETSIGN_KEY_FILE": KEY, "STATE_DIRECTORY": "/var/lib/fleetsign-test"}
        self.system.run("fleetsign", "serve", "--check", "--config", CONFIGURATION, env=env)
        url = self.start("serve", "--config", CONFIGURATION, "--listen", "http://127.0.0.1:0", env=env)[0]
        address = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=debian.PATIENCE)
        self.addCleanup(connection.close)
        connection.request("GET", "/health")
        self.assertEqual(connection.getresponse().status, 200)

    def test_the_key_is_its_maker_s_alone(self):
        self.assertEqual(stat.S_IMODE(self.system.path(KEY).stat().st_mode), 0o600)

    def test_a_command_reaches_the_vehicle_of_the_demonstration(self):
        url, vin, token = self.start("demo", "--listen", "http://127.0.0.1:0", env={"STATE_DIRECTORY": "/var/lib/demo"})
        sent = self.system.run("fleetsign", "send", vin.removeprefix("vin="), "honk_horn",
                               env={"FLEETSIGN_URL": url, "FLEETSIGN_TOKEN": token.removeprefix("token=")})
        self.assertEqual(sent.stdout, "the vehicle did it\n")

    def test_man_shows_the_pages(self):
        for arguments in (("1", "fleetsign"), ("5", "fleetsign.yaml")):
            shown = self.system.run("man", "--warnings", *arguments, env={"MANWIDTH": "80"})
            self.assertEqual(shown.stderr, "")
            self.assertIn("SEE ALSO", shown.stdout)

    def test_systemd_accepts_the_units_and_finds_them_confined(self):
        units = ["fleetsign.service", "fleetsign.socket"]
        verified = self.system.run("systemd-analyze", "verify", "--man=no", *units)
        self.assertEqual(verified.stderr, "")
        rated = self.system.run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=15", units[0])
        print(rated.stdout.strip().splitlines()[-1], file=sys.stderr)

    def test_the_group_of_the_socket_is_there_and_the_user_of_the_service_who_cannot_log_in(self):
        self.assertRegex(self.system.path("/etc/group").read_text("utf-8"), r"(?m)^fleetsign:")
        unit = self.system.path("/usr/lib/systemd/system/fleetsign.service").read_text("utf-8")
        user = re.search(r"(?m)^User=(.*)$", unit)[1]
        self.assertRegex(self.system.path("/etc/passwd").read_text("utf-8"), rf"(?m)^{user}:.*:/usr/sbin/nologin$")
        self.assertRegex(self.system.path("/etc/shadow").read_text("utf-8"), rf"(?m)^{user}:!\*:")

    def test_files_can_be_given_to_the_user_of_the_service(self):
        said = self.system.run("fleetsign", "make-cert", "--out", "/etc/fleetsign").stdout
        listen = ("{url: 'https://127.0.0.1:0', tls: {cert_file: /etc/fleetsign/tls-cert.pem, "
                  "key_file: /etc/fleetsign/tls-key.pem}}")
        self.system.run("install", "-o", "_fleetsign", "-m", "600", KEY, "/etc/fleetsign/copy.pem")
        check = ["setpriv", "--reuid=_fleetsign", "--regid=_fleetsign", "--clear-groups",
                 "fleetsign", "serve", "--check", "--key-file", "/etc/fleetsign/copy.pem", "--listen", listen]
        refused = self.system.run(*check, check=False)
        command = "chown _fleetsign /etc/fleetsign/tls-key.pem"
        self.assertEqual(refused.returncode, 77)
        self.assertIn(f"hint: {command} && chmod 600 ", refused.stderr)
        self.assertIn(f"\n\n{command}\n\n", said)
        self.system.run(*command.split())
        self.system.run(*check)


class Lifetime(unittest.TestCase):
    def setUp(self):
        self.system = self.enterContext(fresh())
        self.before = self.system.files()

    def record_systemctl(self):
        """From here on the machine seems to be run by systemd."""
        self.system.path("/run/systemd/system").mkdir(parents=True)
        systemctl = self.system.path("/usr/bin/systemctl")
        systemctl.rename(systemctl.with_name("systemctl.real"))
        systemctl.write_text(RECORDER, "utf-8")
        systemctl.chmod(0o755)

    def asked(self):
        """What systemctl was told to do since the last time; what it was only asked is nothing done."""
        log = self.system.path("/systemctl.log")
        lines = log.read_text("utf-8").splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [line.removeprefix("--system ") for line in lines if not re.search(r"\bis-enabled|\bis-active|^show ", line)]

    def configuration(self):
        return self.system.path(CONFIGURATION).read_text("utf-8")

    def test_nothing_starts_before_somebody_has_made_a_key(self):
        self.record_systemctl()
        install(self.system, PACKAGE)
        self.assertEqual(self.asked(), ["daemon-reload"])
        self.assertFalse(os.path.lexists(self.system.path(ENABLED)))

    def test_a_user_that_systemd_made_for_a_daemon_that_runs_is_no_obstacle_to_the_user_of_the_package(self):
        sysusers = self.system.path("/usr/bin/systemd-sysusers")
        sysusers.rename(sysusers.with_name("sysusers.real"))
        sysusers.write_text('#!/bin/sh\necho "$SYSTEMD_NSS_DYNAMIC_BYPASS" >/bypass\nexec sysusers.real "$@"\n', "utf-8")
        sysusers.chmod(0o755)
        install(self.system, PACKAGE)
        self.assertEqual(self.system.path("/bypass").read_text("utf-8"), "1\n")  # as nss-systemd would name that one
        self.assertRegex(self.system.path("/etc/passwd").read_text("utf-8"), r"(?m)^_fleetsign:")

    def test_an_upgrade_keeps_a_configuration_that_was_changed(self):
        install(self.system, previous())
        changed = "timeout: 20s\n"
        self.system.path(CONFIGURATION).write_text(changed, "utf-8")
        install(self.system, PACKAGE, "dpkg", "--force-confdef", "--force-confold", "--install")
        self.assertEqual(self.configuration(), changed)
        self.assertIn("listen:", self.system.path(CONFIGURATION + ".dpkg-dist").read_text("utf-8"))

    def test_an_upgrade_brings_the_new_example_in_place_of_the_old_one(self):
        install(self.system, previous())
        install(self.system, PACKAGE)
        self.assertIn("listen:", self.configuration())
        self.assertEqual(os.listdir(self.system.path("/etc/fleetsign")), ["fleetsign.yaml"])

    def test_an_upgrade_restarts_a_daemon_that_runs_unless_the_configuration_is_refused(self):
        install(self.system, previous())
        self.record_systemctl()
        install(self.system, PACKAGE)
        self.assertEqual(self.asked(), ["daemon-reload", "try-restart fleetsign.service"])
        self.system.path(CONFIGURATION).write_text("timeuot: 20s\n", "utf-8")
        said = install(self.system, PACKAGE).stderr
        self.assertEqual(self.asked(), ["daemon-reload"])
        self.assertIn('unknown key "timeuot"', said)
        self.assertIn("fleetsign is not restarted", said)

    def test_a_key_from_systemd_s_credentials_is_no_obstacle_to_the_restart(self):
        install(self.system, previous())
        self.record_systemctl()
        self.system.path(CONFIGURATION).write_text("key_file: ${CREDENTIALS_DIRECTORY}/private-key\n", "utf-8")
        install(self.system, PACKAGE, "dpkg", "--force-confold", "--install")
        self.assertIn("try-restart fleetsign.service", self.asked())

    def test_an_upgrade_judges_the_configuration_by_the_environment_of_the_daemon_that_runs(self):
        install(self.system, previous())
        self.record_systemctl()
        for value, orders in ("never", []), ("20s", ["try-restart fleetsign.service"]):
            install(self.system, PACKAGE, "env", f"FLEETSIGN_TIMEOUT={value}", "dpkg", "--install")
            self.assertEqual(self.asked(), ["daemon-reload", *orders])

    def test_what_was_enabled_is_so_again_after_a_removal(self):
        install(self.system, PACKAGE)
        self.system.run("systemctl", "enable", "fleetsign.service")
        self.record_systemctl()
        self.system.run("dpkg", "--remove", "fleetsign")
        self.assertEqual(self.asked(), ["stop fleetsign.socket fleetsign.service", "daemon-reload"])
        self.assertIn("listen:", self.configuration())
        install(self.system, PACKAGE)
        self.assertTrue(self.system.path(ENABLED).is_symlink())
        self.assertEqual(self.asked(), ["daemon-reload", "try-restart fleetsign.service"])  # where none runs, none starts

    def test_a_purge_leaves_nothing_but_the_keys(self):
        install(self.system, PACKAGE)
        self.system.run("systemctl", "enable", "fleetsign.service", "fleetsign.socket")
        self.system.run("fleetsign", "keygen", "--out", KEY)
        for top in ("/var/lib", "/var/log"):
            self.system.run("install", "-d", f"{top}/private/fleetsign")  # as DynamicUser= makes it
            self.system.run("ln", "-s", "private/fleetsign", f"{top}/fleetsign")
            self.system.run("touch", f"{top}/private/fleetsign/file")
        self.system.run("dpkg", "--purge", "fleetsign")
        left = {path for path in self.system.files() - self.before if not NOTES.match(path)}
        self.assertEqual(left, {"/etc/fleetsign", KEY, "/var/lib/private", "/var/log/private"} - self.before)
        self.assertEqual(self.before - self.system.files(), set())

    def test_the_scripts_can_be_run_again(self):
        install(self.system, PACKAGE)
        for arguments in (["postinst", "configure"], ["postinst", "abort-upgrade"], ["prerm", "upgrade"],
                          ["postinst", "configure"]):
            self.system.run(f"/var/lib/dpkg/info/fleetsign.{arguments[0]}", *arguments[1:], "0.0.1-1")
        self.system.run("cp", "/var/lib/dpkg/info/fleetsign.postrm", "/root/postrm")
        self.system.run("dpkg", "--purge", "fleetsign")
        self.system.run("/root/postrm", "purge")


if __name__ == "__main__":
    PACKAGE, FOLDER = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    if os.geteuid() != 0:
        sys.exit("only root can try a package out: it needs chroot")
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
