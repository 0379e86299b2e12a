# SPDX-License-Identifier: Apache-2.0
"""What the documents show is so: commands run, configurations are right, replies look as they are shown.

Every fenced block has a language, and every language a check: a block of another one fails. Blocks for a shell run in order, page
by page, in front of a simulated fleet. What cannot run here has a row in ELSEWHERE, and is still parsed: each sub-command
and each flag of fleetsign that is shown anywhere must be there.
"""

import base64
import functools
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

import pages
from harness import BINARY, PATIENCE, Case, Daemon, Simulator, environment, eventually, run, vin

# What runs here, and what cannot and why, by how a command begins: a block with one of those is parsed only.
RUNS = ("curl", "fleetsign", "umask")
ELSEWHERE = {
    "./dev": "builds this program",
    "apt": "needs root and a package",
    "certbot": "needs an authority",
    "chown": "needs the package's user: package_test.py",
    "docker": "needs an image",
    "dpkg": "needs root and a package",
    "fleetsign check": "needs a registration: onboarding_test.py",
    "fleetsign login": "needs an owner: onboarding_test.py",
    "fleetsign pair": "needs an owner: onboarding_test.py",
    "fleetsign register": "needs an app: onboarding_test.py",
    "install": "needs the package's user: package_test.py",
    "journalctl": "needs systemd",
    "systemctl": "needs systemd",
    "systemd-creds": "needs systemd",
    "systemd-run": "needs systemd",
    "tesla-keygen": "is Tesla's own program",
}
# What needs the state for itself.
ALONE = "fleetsign state restore"
# Pages that another test walks as a whole.
WALKED = {"docs/migrating.md": "drop_in_test.py", "docs/onboarding.md": "onboarding_test.py"}
# Folders of a system that is set up: here, folders of the test's own.
SYSTEM_FOLDERS = ("/etc/fleetsign", "/run/fleetsign", "/var/lib/fleetsign", "/var/log/fleetsign")
# What a configuration that is shown in part refers to.
FRAME = {
    "accounts": "accounts: {home: managed, work: managed}",
    "key_file": "key_file: private-key.pem",
    "next_key_file": "next_key_file: next-key.pem",
    "oauth": "oauth: {client_id: my-app}",
    "vehicles": f"vehicles: {{garage: {vin(1)}}}",
}
# What other programs read as YAML, by its first key.
FOREIGN = {"services": "docker compose"}
# Members whose values differ from run to run.
VOLATILE = ("request_id", "seq", "time", "caller", "ms", "prev")
PUBLIC_KEY = "/.well-known/appspecific/com.tesla.3p.public-key.pem"
TESLA = "https://fleet-api.prd.eu.vn.cloud.tesla.com"
ALL = [block for page in pages.pages() for block in pages.blocks(page)]


def of(language):
    return [block for block in ALL if block.language == language]


def token():
    """A user's token, good for seven hours."""
    claims = {"sub": "somebody", "exp": int(time.time()) + 7 * 3600 + 1800, "ou_code": "EU",
              "scp": ["vehicle_device_data", "vehicle_cmds", "vehicle_charging_cmds"]}
    return f"header.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.signature"


def begins(command, starts):
    """The one of these that the command begins with, if it does."""
    line = " ".join(command) + " "
    return next((start for start in starts if line.startswith(start + " ")), None)


def runs_here(script):
    """Whether all of it does. What nobody has thought of is an error."""
    commands = pages.commands(script)
    if any(begins(command, ELSEWHERE) for command in commands):
        return False
    unheard = [command for command in commands if not begins(command, RUNS)]
    if unheard:
        raise AssertionError(f"say in docs_test.py whether this runs in a test: {unheard}")
    return True


@functools.cache
def help_of(*path):
    told = run(*path, "--help")
    return told.stdout if told.returncode == 0 else ""


def children(*path):
    listed = help_of(*path).partition("Subcommands:\n")[2]
    return re.findall(r"^  ([a-z][a-z-]*)", listed, re.MULTILINE)


def unknown_words(command):
    """The first sub-command, or all flags, that fleetsign does not have."""
    words, path = command[1:], []
    while words and (below := children(*path)):
        if words[0] in below:
            path.append(words.pop(0))
            continue
        if re.fullmatch(r"[a-z][a-z-]*", words[0]):
            return [words[0]]
        break
    known = set(re.findall(r"(?<![\w-])-{1,2}[A-Za-z][\w.-]*", help_of(*path)))
    flags = [word.partition("=")[0] for word in words if re.match(r"-{1,2}[A-Za-z]", word)]
    return [flag for flag in flags if flag not in known]


def steady(text):
    """Without what differs from machine to machine: keys, and how the clock is."""
    text = re.sub(r"^\S+ +clock: .*\n( {6}.*\n)*", "", text, flags=re.MULTILINE)
    return re.sub(r"\b[0-9a-f]{64}\b", "0" * 64, text)


def alike(shown, real):
    """The same members in the same order, and the same values but for those that differ from run to run; … is anything."""
    if isinstance(shown, dict) and isinstance(real, dict):
        return list(shown) == list(real) and all(
            type(shown[name]) is type(real[name]) if name in VOLATILE else alike(shown[name], real[name]) for name in shown)
    if isinstance(shown, list) and isinstance(real, list):
        return len(shown) == len(real) and all(map(alike, shown, real))
    if isinstance(shown, str) and isinstance(real, str):
        return bool(re.fullmatch(re.escape(shown).replace("…", ".*"), real, re.DOTALL))
    return type(shown) is type(real) and shown == real


class Shell(Case):
    """In a folder as somebody has it who runs fleetsign: key, configuration, daemon, and two vehicles, of which the second has not
    got the key yet."""

    def set_up(self):
        state = environment()["STATE_DIRECTORY"]
        self.place = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        for folder in (*SYSTEM_FOLDERS, "/bin"):
            (self.place / folder[1:]).mkdir(parents=True)
        (self.place / "bin" / "fleetsign").symlink_to(BINARY)
        self.audit = self.place / "audit.jsonl"
        self.audit.write_text("")
        (self.place / "audit.jsonl.1").write_text("")
        self.simulator = self.start(Simulator(self.folder, vehicles=2))
        self.simulator.request("POST", f"/sim/v1/vehicles/{vin(2)}/pairing", json.dumps({"paired": False}))
        self.config = f"state_dir: {state}\ndomain: car.example.com\naction_endpoint: true\naudit_file: {self.audit}\n"
        self.start_daemon()

    def start_daemon(self):
        self.daemon = self.start(Daemon(self.folder, self.simulator.url, config=self.config))

    def environment(self):
        arguments, bearer = self.daemon.process.args, token()
        return environment({"PATH": f"{self.place / 'bin'}:{os.environ['PATH']}", "URL": self.daemon.url, "VIN": vin(), "TOKEN": bearer,
                            "FLEETSIGN_URL": self.daemon.url, "FLEETSIGN_TOKEN": bearer,
                            "FLEETSIGN_CONFIG": arguments[arguments.index("--config") + 1]})

    def run_script(self, script):
        """As it stands there, but that curl fails where it gets an error, and that nothing serves without end."""
        for folder in SYSTEM_FOLDERS:
            script = script.replace(folder, str(self.place / folder[1:]))
        script = re.sub(r"^(fleetsign serve\b[^&\n]*)$", r"\1 --check", script, flags=re.MULTILINE)
        return subprocess.run(["bash", "-euo", "pipefail", "-c", f"curl() {{ command curl --fail-with-body \"$@\"; }}\n{script}"],
                              cwd=self.place, env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE)

    def play(self, page):
        """Runs the page's blocks for a shell, and holds what they print against the block that follows."""
        printed = ""
        for block in pages.blocks(page):
            with self.subTest(str(block)):
                if block.language == "sh":
                    printed = self.run_block(block)
                elif block.language == "console":
                    self.run_dialogue(block)
                elif block.language == "json" and block.follows:
                    self.assert_printed(block, printed)

    def run_block(self, block):
        if (block.page in WALKED and not block.indented) or not runs_here(block.text):
            return ""
        alone = any(begins(command, [ALONE]) for command in pages.commands(block.text))
        if alone:
            self.assertEqual(self.daemon.stop(), 0)
        ended = self.run_script(block.text)
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        if alone:
            self.start_daemon()
        return ended.stdout

    def run_dialogue(self, block):
        for command, shown in pages.exchanges(block.text):
            if runs_here(command):
                ended = self.run_script(command)
                real = steady(ended.stdout + ended.stderr).replace(self.simulator.url, TESLA)
                self.assertTrue(alike(steady(shown).rstrip(), real.rstrip()), f"{command}\nshown: {shown}\nreal: {real}")

    def assert_printed(self, block, printed):
        shown = [json.loads(line) for line in block.text.splitlines()]
        real = [json.loads(line) for line in printed.splitlines()]
        self.assertTrue(alike(shown, real), f"\nshown: {block.text}\nreal: {printed}")

    def test_blocks_for_a_shell_do_what_the_page_says(self):
        for page in pages.pages():
            if any(block.language in ("sh", "console") for block in pages.blocks(page)):
                self.set_up()
                self.play(page)
                self.assertEqual(self.daemon.stop(), 0)
                self.simulator.stop()

    def test_json_that_follows_no_command_is_a_line_of_the_audit(self):
        self.set_up()
        for percent in (70, 80):  # the second one needs no handshake
            self.assert_accepted(self.daemon.command("set_charge_limit", {"percent": percent}))
        eventually(lambda: self.audit.read_text().count("\n") == 2, "two lines of the audit")
        real = json.loads(self.audit.read_text().splitlines()[-1])
        for block in of("json"):
            if not block.follows:
                with self.subTest(str(block)):
                    self.assertTrue(alike(json.loads(block.text), real), f"\nshown: {block.text}\nreal: {real}")

    def test_web_servers_show_the_key_where_the_daemon_does(self):
        self.set_up()
        self.assertEqual(self.daemon.get(PUBLIC_KEY).status, 200)
        for block in of("nginx") + of("caddy"):
            with self.subTest(str(block)):
                self.assertIn(f" {PUBLIC_KEY} {{\n", block.text)
                self.assertEqual(block.text.count("{"), block.text.count("}"))

    def test_configurations_are_right(self):
        for number, block in enumerate(of("yaml")):
            keys = re.findall(r"^(\w+):", block.text, re.MULTILINE)
            if keys and keys[0] in FOREIGN:
                continue
            with self.subTest(str(block)):
                frame = {} if {"listen", "key_file"} <= set(keys) else FRAME  # without one: it is shown as a whole
                file = self.folder / f"shown-{number}.yaml"
                text = block.text.replace("user: homeassistant", "user: nobody")  # whom every machine has
                file.write_text(text + "".join(f"{line}\n" for key, line in frame.items() if key not in keys))
                told = run("config", "check", "--config", file)
                self.assertEqual(told.returncode, 0, told.stderr)


class Text(unittest.TestCase):
    CHECKS = {"caddy", "console", "cpp", "ini", "json", "nginx", "sh", "text", "yaml"}

    def test_every_block_is_of_a_language_that_is_checked(self):
        self.assertGreater(len(ALL), 40)
        for block in ALL:
            with self.subTest(str(block)):
                self.assertIn(block.language, self.CHECKS, "text is for drawings alone")

    def test_readme_leads_to_every_document(self):
        for page in pages.pages():
            if page.startswith("docs/"):
                self.assertIn(f"]({page})", pages.read("README.md"))

    def test_what_does_not_run_here_is_a_script_nevertheless(self):
        for block in of("sh") + of("console"):
            scripts = [block.text] if block.language == "sh" else [command for command, _ in pages.exchanges(block.text)]
            for script in scripts:
                with self.subTest(str(block)):
                    parsed = subprocess.run(["bash", "-n", "-c", script], capture_output=True, text=True, timeout=PATIENCE)
                    self.assertEqual((parsed.returncode, parsed.stderr), (0, ""))

    def shown_commands(self):
        for block in of("sh") + of("console"):
            script = block.text if block.language == "sh" else "".join(command for command, _ in pages.exchanges(block.text))
            for command in pages.commands(script):
                yield str(block), command
        for page in pages.pages():
            for quoted in pages.quoted(page):
                if re.match(r"(fleetsign|\./dev)\s", quoted):
                    yield page, quoted.split()

    def test_every_sub_command_and_flag_is_there(self):
        usage = subprocess.run([pages.ROOT / "dev"], capture_output=True, text=True, timeout=PATIENCE).stdout
        developing = re.findall(r"^  (\w+)", usage, re.MULTILINE)
        seen = 0
        for place, command in self.shown_commands():
            with self.subTest(place, command=command):
                if command[0] == "fleetsign":
                    seen += 1
                    self.assertEqual(unknown_words(command), [])
                if command[0] == "./dev":
                    self.assertIn(command[1], developing)
        self.assertGreater(seen, 50)

    def test_keys_headers_and_figures_are_called_so(self):
        flags = set(re.findall(r"--([a-z_]+\.[a-z0-9_]+)", help_of("serve")))
        families = "|".join({flag.partition(".")[0] for flag in flags})
        sources = "".join(path.read_text(encoding="utf-8") for path in sorted(pages.ROOT.glob("daemon/**/*.cpp")))
        for page in pages.pages():
            for quoted in pages.quoted(page):
                with self.subTest(page, quoted=quoted):
                    if re.fullmatch(rf"({families})\.[a-z0-9_]+", quoted):
                        self.assertIn(quoted, flags)
                    if figure := re.fullmatch(r"fleetsign_([a-z_]+)", quoted):
                        self.assertTrue(f'{figure[1]}"' in sources, "no such figure")
                    if re.fullmatch(r"Fleetsign-[A-Za-z-]+", quoted):
                        self.assertTrue(f'"{quoted}"' in sources, "no such header")

    def test_units_set_what_is_a_setting(self):
        flags = help_of("serve")
        for block in of("ini"):
            for line in block.text.splitlines():
                with self.subTest(str(block), line=line):
                    self.assertRegex(line, r"^(\[[A-Z]\w+\]|[A-Z]\w+=.*|#.*|)$")
                    for name in re.findall(r"\bFLEETSIGN_([A-Z_]+)=", line):
                        self.assertRegex(flags, rf"(?m)^  --{re.escape(name.lower()).replace('_', '[-_.]')}\b")

    def test_code_stands_in_the_folder_that_its_page_describes(self):
        for block in of("cpp"):
            with self.subTest(str(block)):
                folder = (pages.ROOT / block.page).parent
                sources = [" ".join(path.read_text(encoding="utf-8").split()) for path in sorted(folder.glob("*.cpp"))]
                self.assertTrue(any(" ".join(block.text.split()) in source for source in sources))


if __name__ == "__main__":
    unittest.main()
