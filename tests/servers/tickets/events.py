"""Strict receivers of messages, from the wire formats: PagerDuty's Events v2 (and its list of incidents), and one of Standard
Webhooks.

* PagerDuty: 202 means queued; a bad event is a 400 with errors; a second trigger of a dedup_key makes no second incident. The
  list takes the token and the version in its headers, tells incidents made from `since` until `until`, and refuses to go
  beyond `holds` rows.
* Standard Webhooks: the signature is checked over the raw body by any live secret, the time within five minutes, the id kept.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import datetime
from typing import Any

from werkzeug import Request, Response

from tests.servers.tickets.faulty import Stub, empty, said

TOKEN = "u+AtBdqvNtestNeRNw"
ROUTING = "0123456789abcdef0123456789abcdef"
SEVERITIES = ("critical", "error", "warning", "info")


class PagerDutyStub(Stub):
    def __init__(self) -> None:
        super().__init__()
        self.incidents: dict[str, dict[str, Any]] = {}
        self.listed: list[dict[str, Any]] = []  # of the REST API, in order of created_at
        self.holds = 10_000

    def answer(self, request: Request) -> Response:
        if request.path == "/incidents":
            return self._list(request)
        body = request.get_json()
        wrong = []
        if request.path != "/v2/enqueue" or request.method != "POST":
            return said({"error": {"message": "Not Found", "code": 2100}}, 404)
        if body.get("routing_key") != ROUTING:
            wrong.append("'routing_key' is invalid")
        if body.get("event_action") not in ("trigger", "acknowledge", "resolve"):
            wrong.append("'event_action' is missing or blank")
        payload = body.get("payload") or {}
        if body.get("event_action") == "trigger":
            wrong += [
                f"'payload.{name}' is missing or blank" for name in ("summary", "source", "severity") if not payload.get(name)
            ]
            if payload.get("severity", "info") not in SEVERITIES or len(payload.get("summary", "")) > 1024:
                wrong.append("'payload.severity' is invalid")
        if len(body.get("dedup_key", "")) > 255 or set(body) - {"routing_key", "event_action", "dedup_key", "payload", "links"}:
            wrong.append("'dedup_key' is invalid")
        if wrong:
            return said({"status": "invalid event", "message": "Event object is invalid", "errors": wrong}, 400)
        incident = self.incidents.setdefault(body["dedup_key"], {"status": "", "alerts": []})
        incident["status"] = "resolved" if body["event_action"] == "resolve" else "triggered"
        incident["alerts"].append(payload)
        return said({"status": "success", "message": "Event processed", "dedup_key": body["dedup_key"]}, 202)

    def _list(self, request: Request) -> Response:
        if request.headers.get("Authorization") != f"Token token={TOKEN}":
            return said({"error": {"message": "Unauthorized", "code": 2006}}, 401)
        if request.method != "GET" or request.headers.get("Accept") != "application/vnd.pagerduty+json;version=2":
            return said({"error": {"message": "Invalid Input Provided", "code": 2001}}, 400)
        limit, offset = int(request.args["limit"]), int(request.args.get("offset", 0))
        if limit > 100 or offset + limit > self.holds or request.args["time_zone"] != "UTC":
            return said({"error": {"message": "Invalid Input Provided", "code": 2001, "errors": ["Offset is too large."]}}, 400)
        begin, end = (datetime.fromisoformat(request.args[name]) for name in ("since", "until"))
        rows = [row for row in self.listed if begin <= datetime.fromisoformat(row["created_at"]) <= end]
        page = rows[offset : offset + limit]
        return said({"incidents": page, "limit": limit, "offset": offset, "more": offset + len(page) < len(rows), "total": None})


class WebhookStub(Stub):
    """`secrets`: those that are live here. `taken`: the messages by their id, each once."""

    def __init__(self, *secrets: str) -> None:
        super().__init__()
        self.secrets = [base64.b64decode(one.removeprefix("whsec_")) for one in secrets]
        self.taken: dict[str, dict[str, Any]] = {}
        self.gone = False

    def answer(self, request: Request) -> Response:
        if self.gone:
            return empty(410)
        name, stamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        signatures = request.headers["webhook-signature"].split(" ")
        signed = f"{name}.{stamp}.".encode() + request.get_data()
        good = [base64.b64encode(hmac.new(one, signed, hashlib.sha256).digest()).decode() for one in self.secrets]
        if abs(time.time() - int(stamp)) > 300 or not any(one == f"v1,{mine}" for one in signatures for mine in good):
            return said({"message": "bad signature"}, 401)
        self.taken.setdefault(name, json.loads(request.get_data()))
        return empty()
