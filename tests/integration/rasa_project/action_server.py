"""A small action server for these tests: rasa_sdk's own executor behind the standard library.

It plays the application's part in the contract with Rasa: the form's questions and answers live
here, keyed by sender, and Rasa only learns that a form is complete.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException

QUESTIONS = 3
DomainDict = dict[str, Any]


class Drafts:
    """What each sender has answered, as the application's database would know it."""

    def __init__(self) -> None:
        """Start with no draft at all."""
        self.answered: dict[tuple[str, str], int] = defaultdict(int)
        self.submitted: list[tuple[str, str, int]] = []
        self.open_form: dict[str, str] = {}


class Named(Action):  # type: ignore[misc]
    """An action that says its own name, the intent, and whatever its subclass adds."""

    def __init__(self, name: str, drafts: Drafts) -> None:
        """Remember under which name Rasa calls this."""
        self._name = name
        self._drafts = drafts

    def name(self) -> str:
        """Return the name that Rasa uses."""
        return self._name

    def say(self, dispatcher: CollectingDispatcher, **payload: Any) -> None:
        """Add one structured reply."""
        dispatcher.utter_message(json_message={"action": self._name, **payload})

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Say what was called."""
        self.say(dispatcher, intent=tracker.latest_message["intent"]["name"])
        return []


class Validate(Named):
    """Take one answer when the message is an answer, and otherwise say nothing about the slot."""

    def __init__(self, form: str, slot: str, drafts: Drafts) -> None:
        """Bind the form and its only slot."""
        super().__init__(f"validate_{form}", drafts)
        self._form = form
        self._slot = slot

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Return the slot event that keeps the form asking or ends it."""
        is_answer = tracker.latest_message["intent"]["name"] == "give_detail"
        if not is_answer or tracker.active_loop.get("name") != self._form:
            return []
        key = (tracker.sender_id, self._form)
        self._drafts.answered[key] += 1
        done = self._drafts.answered[key] >= QUESTIONS
        return [SlotSet(self._slot, True if done else None)]


class Ask(Named):
    """Ask the next question of the draft."""

    def __init__(self, form: str, slot: str, drafts: Drafts) -> None:
        """Bind the form and its only slot."""
        super().__init__(f"action_ask_{slot}", drafts)
        self._form = form

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Say the number of the question."""
        self._drafts.open_form[tracker.sender_id] = self._form
        answered = self._drafts.answered[tracker.sender_id, self._form]
        self.say(dispatcher, question=answered + 1)
        return []


class Finish(Named):
    """Submit the draft, and clear the slot so that the form can be filled again."""

    def __init__(self, name: str, form: str, slot: str, drafts: Drafts) -> None:
        """Bind the form and its only slot."""
        super().__init__(name, drafts)
        self._form = form
        self._slot = slot

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Check the draft once more: Rasa's word alone is not enough to submit anything."""
        key = (tracker.sender_id, self._form)
        answered = self._drafts.answered.pop(key, 0)
        if answered >= QUESTIONS:
            self._drafts.submitted.append((*key, answered))
            self._drafts.open_form.pop(tracker.sender_id, None)
        self.say(dispatcher, submitted=answered >= QUESTIONS)
        return [SlotSet(self._slot, None)]


class CorrectLast(Named):
    """Take the last answer back."""

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Step one question back in the draft that is open."""
        form = self._drafts.open_form.get(tracker.sender_id)
        if form is not None:
            key = (tracker.sender_id, form)
            self._drafts.answered[key] = max(0, self._drafts.answered[key] - 1)
        self.say(dispatcher)
        return []


class StopForm(Named):
    """Either announce that a form is left, or reopen the draft that an answer belongs to."""

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Reopen only on an answer: the other caller closes the form right after this."""
        self.say(dispatcher)
        form = self._drafts.open_form.get(tracker.sender_id)
        if tracker.latest_message["intent"]["name"] == "give_detail" and form is not None:
            return [FollowupAction(form)]
        return []


FORMS = (
    ("aid_form", "aid_complete", "action_submit_aid"),
    ("guided_form", "guided_complete", "action_finish_guided"),
)


def build_executor(action_names: list[str], drafts: Drafts) -> ActionExecutor:
    """Register every action of the domain, the special ones with their behaviour."""
    executor = ActionExecutor()
    for name in action_names:
        executor.register_action(Named(name, drafts))
    for form, slot, finish in FORMS:
        executor.register_action(Validate(form, slot, drafts))
        executor.register_action(Ask(form, slot, drafts))
        executor.register_action(Finish(finish, form, slot, drafts))
    executor.register_action(CorrectLast("action_correct_last", drafts))
    executor.register_action(StopForm("action_stop_form", drafts))
    return executor


class ActionServer:
    """Serves `POST /webhook` on the loopback interface, in a thread of its own."""

    def __init__(self, action_names: list[str], port: int) -> None:
        """Prepare for that port; nothing is answered until `start`."""
        self.drafts = Drafts()
        executor = build_executor(action_names, self.drafts)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    result = asyncio.run(executor.run(json.loads(body)))
                    status, answer = 200, result.model_dump() if result else {}
                except ActionExecutionRejection as refusal:
                    status, answer = 400, _error(refusal.message, refusal.action_name)
                except ActionNotFoundException as missing:
                    status, answer = 404, _error(missing.message, missing.action_name)
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                """Keep the test output to the tests."""

        self._address = ("127.0.0.1", port)
        self._handler = Handler
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Begin to answer, in a thread of the server's own."""
        self._server = ThreadingHTTPServer(self._address, self._handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Stop answering and free the port; stopping twice is allowed."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def _error(message: str, action_name: str) -> dict[str, str]:
    return {"error": message, "action_name": action_name}
