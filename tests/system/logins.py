# SPDX-License-Identifier: Apache-2.0
"""What tests of logins share: the browser's part, a sub-command that waits for it, and what is kept afterwards."""

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from app import SECRET, AppCase
from harness import BINARY, PATIENCE, environment

ELSEWHERE = "https://car.example.com/callback"


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


def open_link(link, follow=True):
    """As a browser does: (status, text) of the page at the end, or (302, where it leads)."""
    opener = urllib.request.build_opener(*([] if follow else [_Stay()]))
    try:
        with opener.open(link, timeout=PATIENCE) as page:
            return page.status, page.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Location"] or error.read().decode()


def with_field(link, name, value):
    address = urllib.parse.urlsplit(link)
    query = {**dict(urllib.parse.parse_qsl(address.query)), name: value}
    return urllib.parse.urlunsplit(address._replace(query=urllib.parse.urlencode(query)))


class Running:
    """A sub-command that waits for somebody, and is looked at meanwhile: no secret is among its arguments."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([BINARY, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=environment())

    def close(self):
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()

    def command_line(self):
        with open(f"/proc/{self.process.pid}/cmdline", encoding="utf-8") as file:
            return file.read()

    def core_limits(self):
        """The soft and the hard limit of a core dump."""
        with open(f"/proc/{self.process.pid}/limits", encoding="utf-8") as file:
            return next(line.split()[4:6] for line in file if line.startswith("Max core file size"))

    def line(self):
        return self.process.stdout.readline().strip()

    def wait_until_it_says(self, text):
        """On standard error, of which end() does not give what came until then."""
        while text not in (line := self.process.stderr.readline()):
            assert line, "it has ended without"

    def end(self, given=None):
        """(exit status, what it said)"""
        output, errors = self.process.communicate(given, timeout=PATIENCE)
        return self.process.returncode, output + errors


class LoginCase(AppCase):
    def start_login(self, *arguments):
        running = Running("login", "home", "--config", self.config, *arguments)
        self.addCleanup(running.close)
        return running, running.line()

    def here(self, *arguments):
        return self.start_login("--redirect-uri", "http://127.0.0.1:0/callback", *arguments)

    def pasting(self):
        return self.start_login("--redirect-uri", ELSEWHERE, "--paste")

    def accounts(self):
        ended = self.run_here("token", "status", "--json")
        self.assertEqual(ended.returncode, 0, ended)
        return {account["name"]: account for account in json.loads(ended.stdout)}

    def grants(self):
        return self.simulator.request("GET", "/sim/v1/oauth").json["grants"]

    def foreign_grant(self):
        """Tokens that somebody else has got from the OAuth server for the same app."""
        link = (f"{self.simulator.url}/oauth2/v3/authorize?response_type=code&client_id=app-1&state=x&scope="
                f"openid%20offline_access%20vehicle_cmds&redirect_uri={urllib.parse.quote(ELSEWHERE, safe='')}")
        status, location = open_link(link, follow=False)
        self.assertEqual(status, 302, location)
        code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))["code"]
        form = {"grant_type": "authorization_code", "client_id": "app-1", "client_secret": SECRET, "code": code,
                "redirect_uri": ELSEWHERE, "audience": self.simulator.url}
        reply = self.simulator.request("POST", "/oauth2/v3/token", urllib.parse.urlencode(form),
                                       {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(reply.status, 200, reply.body)
        return reply.json
