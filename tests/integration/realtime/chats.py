"""A chat between a citizen and a lawyer who are on different processes where there are two."""

from __future__ import annotations

import httpx2

from tests.integration.realtime.deployment import LOGINS, Deployment
from tests.integration.realtime.people import Citizen, Lawyer


async def chat_between(
    deployment: Deployment, http: httpx2.AsyncClient, login: str = LOGINS[0]
) -> tuple[Citizen, Lawyer]:
    """Return a citizen on the first process and the lawyer on the last who claimed the chat."""
    citizen = await Citizen.arrive(deployment.first.url, http)
    await citizen.ask_for_a_person()
    lawyer = await Lawyer.arrive(deployment.last.url, http, login)
    answer = await lawyer.post(citizen.conversation_id, "claim")
    assert answer.status_code == 200, answer.text
    lawyer.watching[citizen.conversation_id] = 0
    return citizen, lawyer
