"""The Message Batches API of the fake server."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from trajtests.llm.behaviour import Behaviour

_WHEN = "2026-11-01T00:00:00Z"


@dataclass
class FakeBatches:
    """Batches that were handed in. ``polls`` are the times that one is still at work when it is asked after.

    ``faults`` are what the next requests meet instead, one each.
    """

    polls: int = 1
    faults: list[Behaviour] = field(default_factory=list)
    items: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Id → items, each ``custom_id`` and ``params``."""
    asked_after: dict[str, int] = field(default_factory=dict)

    def answer(self, method: str, path: str, body: Any, url: str, script: Callable[[dict[str, Any]], Behaviour]) -> Behaviour | None:
        """What is sent for a request; ``None`` where it is none of this API."""
        found = re.search(r"/v1/messages/batches(?:/([^/?]+))?(/results)?", path)
        if not found:
            return None
        if self.faults:
            return self.faults.pop(0)
        if method == "POST":
            batch = f"msgbatch_{len(self.items) + 1}"
            self.items[batch] = list(body["requests"])
            return self._state(batch, url)
        batch = found[1] or ""
        if batch not in self.items:
            return Behaviour(404, b'{"type":"error","error":{"type":"not_found_error","message":"no such batch"}}')
        if found[2]:
            rows = [{"custom_id": item["custom_id"], "result": _result(script(item["params"]))} for item in self.items[batch]]
            return Behaviour(body="".join(json.dumps(row) + "\n" for row in reversed(rows)).encode())
        self.asked_after[batch] = self.asked_after.get(batch, 0) + 1
        return self._state(batch, url)

    def _state(self, batch: str, url: str) -> Behaviour:
        ended = self.asked_after.get(batch, 0) > self.polls
        counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        counts["succeeded" if ended else "processing"] = len(self.items[batch])
        body = {
            "id": batch,
            "type": "message_batch",
            "processing_status": "ended" if ended else "in_progress",
            "request_counts": counts,
            "created_at": _WHEN,
            "expires_at": _WHEN,
            "ended_at": _WHEN if ended else None,
            "results_url": f"{url}/v1/messages/batches/{batch}/results" if ended else None,
        }
        return Behaviour(body=json.dumps(body).encode())


def _result(behaviour: Behaviour) -> dict[str, Any]:
    """A connection that would have been hung up is an item that expired; an HTTP error is an errored one."""
    if behaviour.how != "whole":
        return {"type": "expired"}
    try:
        body = json.loads(behaviour.body)
    except ValueError:
        body = {"type": "error", "error": {"type": "api_error", "message": "fake failure"}}
    return {"type": "succeeded", "message": body} if body.get("type") == "message" else {"type": "errored", "error": body}
