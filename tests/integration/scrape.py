# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running service says at /metrics, as numbers."""
import urllib.request


def scrape(port, path="/metrics", headers=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers or {})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return answer.read().decode()


def samples(port):
    """{name with labels: value}"""
    return {key: float(value) for key, value in (line.rsplit(" ", 1) for line in scrape(port).splitlines()
                                                 if not line.startswith("#"))}
