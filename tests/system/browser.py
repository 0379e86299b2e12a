# SPDX-License-Identifier: Apache-2.0
"""A real browser that is sent to a hostile page, and what stands between that page and the daemon."""

import contextlib
import http.client
import http.server
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import urllib.parse

from harness import PATIENCE, TOKEN

PROGRAM = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None)
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class _Quiet(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            pass  # the browser went first

    def answer(self, status, body=b"", fields=()):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def __getattr__(self, name):
        # BaseHTTPRequestHandler looks for a method of each HTTP method's name; here they all are one.
        if name.startswith("do_"):
            return self.handle_any
        raise AttributeError(name)


@contextlib.contextmanager
def serving(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def authority(daemon_url, shown, seen):
    """A way to the daemon that gives every request the right to move the car, as a cookie would: what comes from a page
    is then stopped by nothing but the daemon. It shows shown["page"] at /page, as a server would that had its name
    pointed here afterwards (DNS rebinding), and notes (request, fields, status) in `seen`."""
    target = urllib.parse.urlsplit(daemon_url)

    class Authority(_Quiet):
        def handle_any(self):
            body = self.body()
            if self.path == "/page":
                return self.answer(200, shown["page"].encode(), [("Content-Type", "text/html")])
            connection = http.client.HTTPConnection(target.hostname, target.port, timeout=PATIENCE)
            fields = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            fields["Authorization"] = f"Bearer {TOKEN}"
            connection.request(self.command, self.path, body, fields)
            reply = connection.getresponse()
            content = reply.read()
            seen.append((f"{self.command} {self.path}", dict(self.headers.items()), reply.status))
            kept = [(name, value) for name, value in reply.getheaders() if name.lower() not in HOP_BY_HOP]
            self.answer(reply.status, content, kept)
            connection.close()

    return serving(Authority)


def hostile_site(pages, reports, done):
    """Serves its pages, and takes what they report: {attempt: what the page learned}."""

    class Site(_Quiet):
        def handle_any(self):
            body = self.body()
            if self.command == "POST":
                reports.append(json.loads(body))
                self.answer(204)
                return done.set()
            page = pages.get(urllib.parse.urlsplit(self.path).path)
            self.answer(200 if page else 404, (page or "").encode(), [("Content-Type", "text/html")])

    return serving(Site)


@contextlib.contextmanager
def visiting(url, names):
    """A browser that has gone to the page, and for which those names are this machine."""
    rules = ", ".join(f"MAP {name} 127.0.0.1" for name in names)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [PROGRAM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--remote-debugging-port=0", f"--user-data-dir={profile}", f"--host-resolver-rules={rules}", url],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": profile}, start_new_session=True)
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # its helpers too
            process.wait(PATIENCE)
