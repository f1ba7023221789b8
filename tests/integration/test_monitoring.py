# SPDX-License-Identifier: GPL-3.0-or-later
"""Alert rules and dashboard: they are what Prometheus takes, name what exists, and the real one answers them."""
import json
import pathlib
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import pytest

from browser import Browser
from parts import free_port, wait_for
from stories import MAYA, VIKTOR, assert_signed_on, sign_on
from test_metrics import Scraped
from test_trouble import kill_role

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "build-aux"))
import manual  # noqa: E402

RULES = ROOT / "doc/monitoring/postern.rules.yml"
DASHBOARD = ROOT / "doc/monitoring/postern-dashboard.json"
TESTS = sorted((ROOT / "tests/integration").glob("postern.rules*.test.yml"))

METRICS = {name: (kind, (labels or "").split()) for _, kind, name, labels, _ in manual.rows(manual.METRICS, "METRIC")}
PROMETHEUS_LABELS = {"job", "instance", "alertname", "alertstate", "__name__"}


def rules():
    """Name and expression of each alert; the file is read as text, so that Debian needs no package for it."""
    found = re.findall(r"- alert: (\w+)\n(?:\s*#.*\n)*\s+expr: (\|\n(?:\s{10,}.*\n)+|.*\n)", RULES.read_text())
    assert len(found) == RULES.read_text().count("- alert:")
    return {name: expr.removeprefix("|").strip() for name, expr in found}


def dashboard():
    """Every query, by the panel's title, with the variables filled in as Grafana does for all hosts."""
    board = json.loads(DASHBOARD.read_text())
    queries = [(panel["title"], target["expr"]) for panel in board["panels"] for target in panel.get("targets", [])]
    queries += [(annotation["name"], annotation["expr"]) for annotation in board["annotations"]["list"]]
    assert len(queries) > 30
    return [(title, expr.replace("$instance", ".+").replace("$__rate_interval", "1m")) for title, expr in queries]


def promtool(*arguments):
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)


# ---- without a service ----


def metrics_of(expr):
    for name in re.findall(r"\bpostern_\w+", expr):
        plain = re.sub(r"_(bucket|sum|count)$", "", name)
        yield name, name if name in METRICS else plain if METRICS.get(plain, ("",))[0] == "HISTOGRAM" else None


def faults(expr):
    """Metrics that do not exist, and labels that none of those named has."""
    named = list(metrics_of(expr))
    if "__name__" in expr:
        pattern = re.search(r'__name__=~"([^"]*)"', expr)[1]
        named += [(name, name) for name in METRICS if re.fullmatch(pattern, name)]
        named = [(name, metric) for name, metric in named if metric]
        assert named, pattern
    found = [f"no metric {name}" for name, metric in named if not metric]
    known = PROMETHEUS_LABELS | {"le"} | {label for _, metric in named if metric for label in METRICS[metric][1]}
    labels = re.findall(r'\b(\w+)\s*(?:=~|!~|!=|=)\s*"', expr)
    for group in re.findall(r"\bby \(([^)]*)\)", expr):
        labels += [label.strip() for label in group.split(",")]
    return found + [f"no label {label}" for label in labels if label not in known]


def test_promtool_takes_the_rules_and_their_tests_succeed():
    for answer in (promtool("check", "rules", RULES), promtool("test", "rules", *TESTS)):
        assert answer.returncode == 0, answer.stdout + answer.stderr


def test_each_alarm_has_an_alert_and_each_alert_a_test_in_which_it_fires():
    words = [row[1] for row in manual.rows(manual.ALARMS, "ALARM")]
    exprs = list(rules().values())
    for word in words:
        assert f'postern_alarm{{name="{word}"}} == 1' in exprs, word
    fires = set(re.findall(r'alertname="(\w+)"[^}]*}\', value: 1', "".join(path.read_text() for path in TESTS)))
    assert fires == set(rules())


def test_rules_and_dashboard_name_only_what_exists():
    for name, expr in [*rules().items(), *dashboard()]:
        assert re.search(r"postern_|up\{", expr), name
        assert faults(expr) == [], f"{name}: {expr}"
    assert faults('sum by (dor) (postern_sign_ons_totl{event="x"})') == [
        "no metric postern_sign_ons_totl", "no label event", "no label dor"]


def test_each_metric_is_on_the_dashboard_or_in_an_alert():
    text = RULES.read_text() + DASHBOARD.read_text()
    shown = {metric for _, expr in [*rules().items(), *dashboard()] for _, metric in metrics_of(expr)}
    left = {name for name in METRICS if name not in shown and name not in text}
    # what the alarms say sooner and better; a new metric belongs on the dashboard, in an alert, or here
    assert left == {"postern_mirror_stale", "postern_mirror_connected", "postern_metadata_last_fetch_timestamp_seconds",
                    "postern_metadata_last_fetch_success", "postern_metadata_valid_until_timestamp_seconds",
                    "postern_mirror_last_change_timestamp_seconds"}


def test_each_query_of_the_dashboard_parses(tmp_path):
    """As a recording rule, which promtool parses."""
    groups = "".join(f"  - record: query:{number}\n    expr: {json.dumps(expr)}\n"
                     for number, (_, expr) in enumerate(dashboard()))
    (tmp_path / "queries.yml").write_text("groups:\n- name: dashboard\n  rules:\n" + groups)
    answer = promtool("check", "rules", tmp_path / "queries.yml")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_dashboard_is_one_that_grafana_takes():
    board = json.loads(DASHBOARD.read_text())
    assert (board["uid"], board["title"]) == ("postern", "Postern")
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    taken = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells
        letters = [target["refId"] for target in panel.get("targets", [])]
        assert len(letters) == len(set(letters))


# ---- with the real one ----


class Prometheus:
    def __init__(self, folder, scraped):
        folder.mkdir()
        (folder / "prometheus.yml").write_text(
            f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: ['{RULES}']\n"
            "scrape_configs:\n  - job_name: postern\n"
            f"    static_configs: [{{targets: ['127.0.0.1:{scraped.port}']}}]\n")
        self.port = free_port()
        self.log = open(folder / "log", "wb")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{self.port}"], stdout=self.log, stderr=self.log)

    def get(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except (OSError, KeyError):
            return None

    def asked(self, expr):
        """Label values joined -> number; None: it does not answer."""
        data = self.get("query", query=expr)
        if data is None:
            return None
        return {" ".join(value for key, value in sorted(row["metric"].items()) if key not in PROMETHEUS_LABELS):
                float(row["value"][1]) for row in data["result"]}

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


@pytest.fixture
def prometheus(stopped_parts, tmp_path):
    scraped = Scraped(stopped_parts)
    made = Prometheus(tmp_path / "prometheus", scraped)
    made.scraped = scraped
    try:
        yield made
    finally:
        made.close()


def test_the_real_prometheus_scrapes_it_and_answers_rules_and_dashboard(prometheus):
    parts = prometheus.scraped.parts
    wait_for(lambda: (prometheus.asked("postern_build_info") or {}), 60, "a scrape")
    for _ in range(3):
        assert_signed_on(parts, sign_on(parts, Browser(), MAYA), MAYA)
    sign_on(parts, Browser(), VIKTOR)
    wait_for(lambda: prometheus.asked('sum(postern_sign_ons_total{event="assertion"})') == {"": 3}, 60, "the sign-ons")
    assert prometheus.asked('increase(postern_sign_ons_total{reason="denied-by-default"}[1m])') is not None
    assert prometheus.asked('sum(postern_alarm{name="metadata-old"})') == {"": 0}
    wait_for(lambda: (prometheus.asked("sum by (door) (increase(postern_sign_ons_started_total[30s]))") or {})
             .get("organisation", 0) > 1, 60, "growth from nothing")
    answered = {}
    for title, expr in dashboard():
        found = prometheus.asked(expr)
        assert found is not None, f"{title}: {expr}"
        answered[title] = answered.get(title, False) or bool(found)
    # nobody was refused by Entra, nothing is held, TLS is a proxy's, no rules are tried, nothing was read again
    idle = {"Identity providers that say no", "Rules that are only tried", "Alarms that are on", "Reloads"}
    # and no accounts are made
    idle |= {"Accounts by the last plan", "Steps done and failed", "Requests to Atlassian",
             "Left to be done, left as it is, for somebody", "Since the last plan, and since one that went well"}
    assert {title for title, found in answered.items() if not found} <= idle
    groups = prometheus.get("rules")["groups"]
    assert sum(len(group["rules"]) for group in groups) == len(rules())
    assert [rule["lastError"] for group in groups for rule in group["rules"] if rule.get("lastError")] == []
    firing = [alert["labels"]["alertname"] for alert in prometheus.get("alerts")["alerts"] if alert["state"] == "firing"]
    assert firing == ["PosternSigningKeyEndsSoon"] or firing == [], firing


def test_the_death_of_a_worker_is_an_alert_at_once(prometheus):
    wait_for(lambda: prometheus.asked("postern_role_restarts_total") or {}, 60, "a scrape")
    time.sleep(2)
    kill_role(prometheus.scraped.parts, "worker")

    def alerts():
        return [alert for alert in (prometheus.get("alerts") or {"alerts": []})["alerts"]
                if alert["labels"]["alertname"] == "PosternProcessDied"]

    (alert,) = wait_for(alerts, 60, "the alert")
    assert alert["annotations"]["summary"].startswith("A worker process of 127.0.0.1:")
