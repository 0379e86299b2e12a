# SPDX-License-Identifier: Apache-2.0
"""What a daemon tells those who watch it: figures that Prometheus takes, rules and a dashboard that fit them, log lines."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import PATIENCE, TOKEN, Case, Daemon, ScriptedUpstream, Simulator, run, vin

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "observability"
DASHBOARD = json.loads((DOCS / "dashboard.json").read_text())
TARGETS = [target for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
VARIABLES = [variable["definition"] for variable in DASHBOARD["templating"]["list"]]
ALERTS = (DOCS / "alerts.yaml").read_text()
CASES = ROOT / "tests" / "system" / "alerts_rules.yaml"
PAGE = (ROOT / "docs" / "observability.md").read_text()
# Metrics that Prometheus itself makes of each scrape, and labels that it gives to all.
ITS_OWN = {"up"}
ITS_LABELS = {"job", "instance"}
NAME = re.compile(r"\b(?:fleetsign|process)_[a-z_]+\b")


def promtool(*arguments, text=None):
    if not shutil.which("promtool"):
        raise AssertionError("promtool is missing: apt-get install --no-install-recommends prometheus")
    return subprocess.run(["promtool", *map(str, arguments)], input=text, capture_output=True, text=True, timeout=PATIENCE)


def series_of(text):
    """Every series of a scrape, name and labels."""
    return {line.rpartition(" ")[0] for line in text.splitlines() if line and not line.startswith("#")}


def names_of(text):
    """Every name that a query may use."""
    return {series.partition("{")[0] for series in series_of(text)}


def labels_of(text):
    """The labels of each name in a scrape."""
    found = {}
    for series in series_of(text):
        name, _, labels = series.partition("{")
        found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    return found


def rules_of(text, kind):
    """What follows each line that begins a rule, or a case, by the name in that line."""
    parts = re.split(rf"^ *- {kind}: (\S+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def queries():
    """Each query of the dashboard and of the alerts, with the text that shows labels of its result."""
    alerts = [re.split(r"\n        (?:for|labels):", rule, maxsplit=1) for rule in rules_of(ALERTS, "alert").values()]
    return ([(definition, "") for definition in VARIABLES]
            + [(target["expr"], target.get("legendFormat", "")) for target in TARGETS]
            + [(re.search(r"expr: (?:>-)?([^#]*)", query)[1].strip(), annotations) for query, annotations in alerts])


def strangers(query, shown, labels):
    """The labels that a query asks for, and its metrics have not; and those that are shown, and its result has not."""
    of_each = [labels[name] for name in NAME.findall(query)]
    there = ITS_LABELS | (set.intersection(*of_each) if of_each else set())
    grouped = {label for group in re.findall(r"\b(?:by|on) *\((.*?)\)", query) for label in re.findall(r"\w+", group)}
    selectors = re.findall(r"\{(.*?)\}", query)
    matched = {label for selector in selectors for label in re.findall(r'(\w+) *[=!~]+ *"', selector)}
    left = grouped if re.search(r"\b(?:sum|min|max|count|avg)\b", query) else there
    displayed = set(re.findall(r"\{\{ *(?:\$labels\.)?(\w+)", shown))
    return sorted(((grouped | matched) - there) | (displayed - left))


def fields_of(line):
    """Of a line for people: what stands before an equals sign."""
    return re.findall(r" ([a-z_]+)=", line)


class Watched(Case):
    """A daemon that has done a bit of everything, for so many vehicles."""

    def watch(self, vehicles):
        simulator = self.start(Simulator(self.folder, vehicles))
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        certificate, key, path = folder / "cert.pem", folder / "key.pem", folder / "fleetsign.yaml"
        made = run("make-cert", "--cert", certificate, "--key", key)
        self.assertEqual(made.returncode, 0, made.stderr)
        path.write_text(f"key_file: {self.folder / 'private.pem'}\nfleet_api: {{base_url: '{simulator.url}'}}\n"
                        f"oauth: {{client_id: app, token_url: '{simulator.url}/oauth2/v3/token'}}\n"
                        "accounts: {home: managed}\nvehicle_data_cache: 60s\n"
                        f"audit_file: {folder / 'audit.jsonl'}\n"
                        "listen:\n  - http://127.0.0.1:0\n  - url: https://127.0.0.1:0\n    serve: metrics\n"
                        f"    tls: {{cert_file: '{certificate}', key_file: '{key}'}}\n")
        daemon = self.start(Watching(path))
        for car in map(vin, range(1, vehicles + 1)):
            self.assert_accepted(daemon.command("door_lock", car=car))
            self.assert_accepted(daemon.command("honk_horn", car=car))
            for _ in range(2):
                daemon.vehicle_data(car)  # the second one from the cache
            simulator.order(car, "reboot")
            self.assert_accepted(daemon.command("honk_horn", car=car))
            simulator.order(car, "drop_reply")
            self.assertEqual(daemon.command("honk_horn", car=car).status, 504)
            self.assertEqual(daemon.command("wake_up", car=car).status, 200)
            self.assertEqual(daemon.command("set_charge_limit", {"percent": "much"}, car=car).status, 400)
        self.assert_accepted(daemon.command("flash_lights", headers={"Idempotency-Key": "one"}))
        self.assert_accepted(daemon.command("flash_lights", headers={"Idempotency-Key": "one"}))
        simulator.order(vin(), "rotate_key")
        self.assert_accepted(daemon.command("honk_horn"))
        self.assertEqual(daemon.request("GET", "/api/1/vehicles").status, 401)
        daemon.get("/metrics")  # so that its own status has been counted
        return daemon

    def scrape(self, daemon):
        reply = daemon.get("/metrics")
        self.assertEqual(reply.status, 200)
        return reply.body.decode()


class Watching(Daemon):
    """With a configuration of its own."""

    def __init__(self, path):
        super(Daemon, self).__init__("serve", "--config", path)


class Metrics(Watched):
    def test_every_metric_of_the_dashboard_the_alerts_and_the_page_is_in_a_scrape(self):
        text = self.scrape(self.watch(2))
        there = names_of(text) | ITS_OWN
        panels = [target["expr"] for target in TARGETS]
        self.assertGreater(len(panels), 40)
        for source, texts in (("dashboard", panels + VARIABLES), ("alerts", [ALERTS])):
            used = {name for text in texts for name in NAME.findall(text)}
            self.assertEqual(sorted(used - there), [], source)
        documented = set(re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE))
        families = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}
        self.assertEqual(sorted(families ^ {name for name in documented if NAME.fullmatch(name)}), [])

    def test_every_label_that_is_asked_for_is_one_of_its_metric(self):
        labels = labels_of(self.scrape(self.watch(2)))
        for query, shown in queries():
            with self.subTest(query):
                self.assertEqual(strangers(query, shown, labels), [])
        for query, shown in [('fleetsign_warnings{state!="x"}', ""), ("sum by (status) (fleetsign_commands_total)", ""),
                             ("sum(fleetsign_commands_total)", "{{outcome}}"),
                             ("fleetsign_warnings", "{{ $labels.what }}")]:
            with self.subTest(query):
                self.assertEqual(len(strangers(query, shown, labels)), 1)

    def test_the_number_of_series_does_not_grow_with_vehicles(self):
        few, many = (self.scrape(self.watch(vehicles)) for vehicles in (2, 10))
        ours = [{re.sub(r'listen="[^"]*"', "listen", series) for series in series_of(text)} for text in (few, many)]
        self.assertEqual(sorted(ours[0] ^ ours[1]), [])
        for number in (1, 2, 10):
            self.assertNotIn(vin(number), few + many)
        self.assertNotIn(TOKEN, few + many)

    def test_the_times_of_a_command_are_told_apart(self):
        text = self.scrape(self.watch(2))

        def figure(name):
            return float(re.search(rf"^{name} (\S+)$", text, re.MULTILINE)[1])
        count = figure("fleetsign_command_seconds_count")
        parts = ["own", "upstream", "waiting"]
        self.assertEqual({figure(f"fleetsign_command_{part}_seconds_count") for part in parts}, {count})
        whole = figure("fleetsign_command_seconds_sum")
        self.assertAlmostEqual(sum(figure(f"fleetsign_command_{part}_seconds_sum") for part in parts), whole, places=3)
        self.assertGreater(figure("fleetsign_command_upstream_seconds_sum"), 0)
        # Each vehicle's restart, and the new key of one.
        self.assertIn('fleetsign_desyncs_total{fault="INCORRECT_EPOCH"} 3\n', text)
        self.assertIn('fleetsign_command_effects_total{executed="unknown"} 2\n', text)
        self.assertRegex(text, r'fleetsign_upstream_answers_total\{status="none"\} 2\n')
        self.assertRegex(text, r'fleetsign_http_requests_total\{code="401"\} 1\n')
        self.assertRegex(text, r"fleetsign_connections_total [1-9]\d*\n")
        self.assertRegex(text, r"fleetsign_certificate_expiry_seconds\{listen=\"https://127.0.0.1:0\"\} [1-9]")


class Promtool(Watched):
    def test_prometheus_finds_nothing_to_say_about_a_scrape(self):
        told = promtool("check", "metrics", text=self.scrape(self.watch(1)))
        self.assertEqual((told.returncode, told.stdout, told.stderr), (0, "", ""))

    def test_the_rules_are_good_and_fire_when_they_should(self):
        for arguments in (["check", "rules", DOCS / "alerts.yaml"],
                          ["check", "config", "--syntax-only", DOCS / "prometheus.yaml"],
                          ["test", "rules", CASES]):
            told = promtool(*arguments)
            self.assertEqual(told.returncode, 0, told.stdout + told.stderr)

    def test_it_can_read_every_query_of_the_dashboard(self):
        """As a rule, where a length of time stands in for Grafana's variables; those in quotes are good as they are."""
        rules = [{"record": f"query:{number}", "expr": re.sub(r"\$__\w+", "5m", target["expr"])}
                 for number, target in enumerate(TARGETS)]
        path = self.folder / "queries.yaml"
        for more, status in ([], 0), ([{"record": "wrong", "expr": "sum(fleetsign_ready[$__rate])"}], 1):
            path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules + more}]}))
            told = promtool("check", "rules", path)
            self.assertEqual(told.returncode, status, told.stdout + told.stderr)


class Dashboard(unittest.TestCase):
    def test_it_can_be_imported_and_explains_itself(self):
        self.assertEqual([given["name"] for given in DASHBOARD["__inputs"]], ["DS_PROMETHEUS"])
        panels = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
        self.assertEqual(len({panel["id"] for panel in DASHBOARD["panels"]}), len(DASHBOARD["panels"]))
        for panel in panels:
            with self.subTest(panel["title"]):
                self.assertTrue(panel["description"].endswith("."))
                self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])
                self.assertTrue(panel["targets"])
                for target in panel["targets"]:
                    self.assertEqual(target["datasource"]["uid"], "${DS_PROMETHEUS}")
                self.assertLessEqual(panel["gridPos"]["x"] + panel["gridPos"]["w"], 24)

    def test_every_alert_says_what_is_wrong_and_what_to_do(self):
        rules = rules_of(ALERTS, "alert")
        self.assertGreater(len(rules), 10)
        for rule in rules.values():
            for part in ("severity: ", "summary: ", "description: "):
                self.assertIn(part, rule)

    def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_is_quiet(self):
        cases = rules_of(CASES.read_text(), "name")
        self.assertEqual(sorted(cases), sorted(rules_of(ALERTS, "alert")))
        for name, case in cases.items():
            for part in (f'alertname="{name}", instance="bad"', 'instance="good"', "exp_samples: []"):
                self.assertIn(part, case, name)


class Log(Watched):
    def test_a_command_has_one_line_with_its_times_and_the_transaction(self):
        _, daemon = self.start_both()
        self.assert_accepted(daemon.command("door_lock", headers={"X-Request-Id": "mine"}))
        lines = [line for line in daemon.log().splitlines() if "request_id=mine" in line]
        self.assertEqual(len(lines), 1, daemon.log())
        self.assertRegex(lines[0], r" info command command=door_lock vin=…000001 domain=vehicle_security upstream_requests=2 "
                                   r"outcome=ok executed=yes ms=\d+ own_ms=\d+ upstream_ms=\d+ waiting_ms=\d+ "
                                   r"txid=[0-9a-f]{32} request_id=mine$")
        shown = next(line for line in PAGE.splitlines() if " info command " in line)
        self.assertEqual(fields_of(shown), fields_of(lines[0]))

    def test_what_is_forwarded_has_one_too(self):
        _, daemon = self.start_both()
        times = r"ms=\d+ own_ms=\d+ upstream_ms=\d+ waiting_ms=\d+ txid=[0-9a-f]{32} request_id=mine\n"
        for target, event in (("/api/1/vehicles", "forwarded method=GET"), (f"/api/1/vehicles/{vin()}/vehicle_data", "read vin=…000001")):
            daemon.get(target, {"X-Request-Id": "mine"})
            self.assertRegex(daemon.log(), rf" info {event} .*{times}")

    def test_a_command_that_is_refused_and_one_that_is_neither_signed_nor_forwarded_have_a_line(self):
        _, daemon = self.start_both()
        daemon.command("set_charge_limit", {"percent": "much"}, headers={"X-Request-Id": "bad"})
        daemon.command("wake_up", headers={"X-Request-Id": "wake"})
        daemon.command("door_lock", headers={"X-Request-Id": "dry"}, body=b"{}", car=f"{vin()}")
        daemon.request("POST", f"/api/1/vehicles/{vin()}/command/door_lock?dry_run=true", "{}",
                       {"Authorization": f"Bearer {TOKEN}", "X-Request-Id": "not-sent"})
        log = daemon.log()
        self.assertRegex(log, r" info command command=set_charge_limit vin=…000001 upstream_requests=0 outcome=bad_parameter "
                              r"executed=no ms=\d+ txid=- request_id=bad\n")
        self.assertRegex(log, r" info command command=wake_up vin=…000001 upstream_requests=\d+ outcome=ok executed=yes ms=\d+ "
                              r"txid=- request_id=wake\n")
        self.assertNotIn("not-sent", log)
        self.assertEqual(len(re.findall(r"request_id=dry\n", log)), 1)

    def test_a_transaction_with_a_strange_name_is_not_shown(self):
        body = b'{"response":null,"error":"no","error_description":""}'
        names = [TOKEN, "a" * 65, "a b", "a\tb", vin()]
        upstream = ScriptedUpstream(lambda connection, number: self.answer(upstream, connection, names, body))
        self.addCleanup(upstream.close)
        daemon = self.start(Daemon(self.folder, upstream.url))
        for number in range(len(names)):
            daemon.get("/api/1/vehicles", {"X-Request-Id": f"r{number}"})
        log = daemon.log()
        for number in range(4):
            self.assertRegex(log, rf"txid=- request_id=r{number}\n")
        for secret in (TOKEN, vin()):
            self.assertNotIn(secret, log)

    @staticmethod
    def answer(upstream, connection, names, body):
        while upstream.read_request(connection):
            name = names[(len(upstream.requests) - 1) % len(names)].encode()
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nx-txid: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                               % (name, len(body), body))


class Told(Watched):
    def test_the_status_for_people_has_what_an_operator_asks_first(self):
        daemon = self.watch(1)
        told = run("status", "--url", daemon.url, env={"FLEETSIGN_TOKEN": TOKEN})
        self.assertEqual(told.returncode, 0, told.stderr)
        for line in (r"^fleetsign [0-9.]+, up ", r"^commit: \S+; started: \d{4}-", r"^connections: ", r"^key: SHA-256 [0-9a-f]{64}$",
                     r"^account home \(managed\): none", r"^audit: .*\.jsonl, \d+ lines written, 0 lost$", r"^of these today: \d+ for \$",
                     r"^replies: 200: \d+, ", r"^executed: .*unknown: 1"):
            self.assertRegex(told.stdout, re.compile(line, re.MULTILINE))


if __name__ == "__main__":
    unittest.main()
