"""The action endpoint that Rasa calls back, served by the application on loopback.

rasa_sdk's own server is not used: it echoes request bodies in its errors.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from rasa_sdk import Action
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException

log = structlog.get_logger(__name__)


def create_actions_app(actions: Iterable[Action]) -> FastAPI:
    """Return the application that answers ``POST /webhook`` and ``GET /health``."""
    executor = ActionExecutor()
    for action in actions:
        executor.register_action(action)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/health")
    def health() -> dict[str, Any]:
        return {"status": "ok", "actions": sorted(executor.actions)}

    @app.post("/webhook")
    async def webhook(request: Request) -> JSONResponse:
        call = await request.json()
        name = str(call.get("next_action") or "")
        try:
            result = await executor.run(call)
        except ActionExecutionRejection:
            return _refused(name, "the action rejected execution", 400)
        except ActionNotFoundException:
            return _refused(name, "no such action", 404)
        except Exception as error:
            # Rasa turns any failure into an empty reply, which the dialogue service answers from
            # retrieval; what went wrong must be seen here or nowhere.
            log.exception("action_failed", action=name, error=type(error).__name__)
            return _refused(name, "the action failed", 500)
        body = {"events": [], "responses": []} if result is None else result.model_dump()
        return JSONResponse(body)

    return app


def _refused(name: str, error: str, status: int) -> JSONResponse:
    return JSONResponse({"error": error, "action_name": name}, status_code=status)
