"""The actions of the two forms: ask, validate, finish, correct, leave.

Rasa only knows whether a form is complete. What was answered, and which question is open, is in
the application's database, so a form that Rasa forgot is opened again by its next answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.base import Events, TurnReader, say
from bot.actions.talk import Talk
from bot.aid.chat import AidChat
from bot.dialogue.turn import Turn, TurnReply
from bot.interviews.chat import GuidedChat
from bot.store.crypto import Cipher

AID_FORM, AID_SLOT = "aid_form", "aid_complete"
GUIDED_FORM, GUIDED_SLOT = "guided_form", "guided_complete"
START_AID, START_GUIDED, ANSWERS = "start_aid", "start_guided", "give_detail"
LEAVES = "complain"
"""A complaint goes to a person: the form ends instead of asking its question again."""
OWN_INTENTS = frozenset({START_AID, START_GUIDED, ANSWERS, "correct_last"})
"""What a form's question may follow without another action having answered in between."""


@dataclass(frozen=True)
class Call:
    """What Rasa knew when it called an action."""

    turn: Turn
    intent: str
    active_loop: str
    completed: frozenset[str]
    """The slots of forms that are set to true."""


@dataclass(frozen=True)
class Done:
    """What an action says and what Rasa must remember."""

    replies: tuple[TurnReply, ...] = ()
    events: tuple[dict[str, Any], ...] = ()


Step = Callable[[Call], Done]


class FormStep(Action):  # type: ignore[misc]
    """A named action whose work is one function of the call."""

    def __init__(self, name: str, step: Step, reader: TurnReader, cipher: Cipher) -> None:
        self._name = name
        self._step = step
        self._reader = reader
        self._cipher = cipher

    def name(self) -> str:
        return self._name

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> Events:
        return await to_thread.run_sync(lambda: self._run(dispatcher, tracker))

    def _run(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        call = Call(
            self._reader.read(tracker),
            str((tracker.latest_message.get("intent") or {}).get("name") or ""),
            str((tracker.active_loop or {}).get("name") or ""),
            frozenset(slot for slot in (AID_SLOT, GUIDED_SLOT) if tracker.get_slot(slot)),
        )
        done = self._step(call)
        for reply in done.replies:
            say(dispatcher, reply, self._cipher, known=call.turn.inbound_id > 0)
        return list(done.events)


def form_actions(
    aid: AidChat, guided: GuidedChat, talk: Talk, reader: TurnReader, cipher: Cipher
) -> Sequence[Action]:
    """Return the actions of domain.yml that concern the forms."""
    steps = FormSteps(aid, guided, talk)
    by_name: dict[str, Step] = {
        "action_ask_aid_complete": steps.ask_aid,
        "validate_aid_form": steps.validate_aid,
        "action_submit_aid": steps.submit_aid,
        "action_aid_status": steps.aid_status,
        "action_ask_guided_complete": steps.ask_guided,
        "validate_guided_form": steps.validate_guided,
        "action_finish_guided": steps.finish_guided,
        "action_correct_last": steps.correct_last,
        "action_cancel": steps.cancel,
        "action_restart_dialogue": steps.restart,
        "action_stop_form": steps.stop_form,
    }
    return [FormStep(name, step, reader, cipher) for name, step in by_name.items()]


class FormSteps:
    """What each action does, over the two chats."""

    def __init__(self, aid: AidChat, guided: GuidedChat, talk: Talk) -> None:
        self._aid = aid
        self._guided = guided
        self._talk = talk

    def ask_aid(self, call: Call) -> Done:
        if call.intent == LEAVES:
            return Done(_some(self._aid.park(call.turn)), (ActiveLoop(None),))
        reply = self._aid.ask(
            call.turn, opening=call.intent == START_AID, answered=call.intent == ANSWERS
        )
        return Done((reply,))

    def validate_aid(self, call: Call) -> Done:
        if call.intent != ANSWERS:
            return _forget(AID_SLOT) if AID_SLOT in call.completed else Done()
        return self._answer_aid(call.turn)

    def _answer_aid(self, turn: Turn) -> Done:
        complete, objection = self._aid.validate(turn)
        return Done(_some(objection), (SlotSet(AID_SLOT, complete or None),))

    def submit_aid(self, call: Call) -> Done:
        if call.intent == LEAVES:
            # Rasa's rules take a form that was left for one that was finished.
            return _forget(AID_SLOT)
        reply = self._aid.submit(call.turn)
        if reply is None:
            # The form ended without its answers, as it does when an action call failed.
            return Done((), (SlotSet(AID_SLOT, None), ActiveLoop(AID_FORM)))
        return Done((reply,), (SlotSet(AID_SLOT, None),))

    def aid_status(self, call: Call) -> Done:
        return Done((self._aid.status(call.turn),))

    def ask_guided(self, call: Call) -> Done:
        if call.intent == LEAVES:
            return Done((self._guided.leave(call.turn),), (ActiveLoop(None),))
        reply = self._guided.ask(
            call.turn,
            opening=call.intent == START_GUIDED,
            interrupted=call.intent not in OWN_INTENTS,
        )
        return Done((reply,))

    def validate_guided(self, call: Call) -> Done:
        if call.intent != ANSWERS:
            return _forget(GUIDED_SLOT) if GUIDED_SLOT in call.completed else Done()
        return self._answer_guided(call.turn)

    def _answer_guided(self, turn: Turn) -> Done:
        complete, objection = self._guided.validate(turn)
        return Done(_some(objection), (SlotSet(GUIDED_SLOT, complete or None),))

    def finish_guided(self, call: Call) -> Done:
        if call.intent == LEAVES:
            return _forget(GUIDED_SLOT)
        reply = self._guided.finish(call.turn)
        if reply is None:
            return Done((), (SlotSet(GUIDED_SLOT, None), ActiveLoop(GUIDED_FORM)))
        return Done((reply,), (SlotSet(GUIDED_SLOT, None),))

    def correct_last(self, call: Call) -> Done:
        turn = call.turn
        if self._aid.is_open(turn.conversation_id):
            return Done((self._aid.correct_last(turn),), _reopened(call, AID_FORM))
        if self._guided.is_open(turn):
            return Done((self._guided.correct_last(turn),), _reopened(call, GUIDED_FORM))
        return Done((self._aid.nothing_to_correct(turn),))

    def cancel(self, call: Call) -> Done:
        left = self._aid.cancel(call.turn) or self._guided.cancel(call.turn)
        return Done((left or self._aid.nothing_to_cancel(call.turn),))

    def restart(self, call: Call) -> Done:
        self._aid.discard(call.turn)
        return Done((self._talk.restart(call.turn),))

    def stop_form(self, call: Call) -> Done:
        """Leave a form for the other one, or take an answer to a form that Rasa forgot."""
        turn = call.turn
        if call.intent == START_GUIDED:
            return Done(_some(self._aid.park(turn)))
        if call.intent == START_AID:
            # The application's first question clears the consultation from the context.
            return Done()
        if self._aid.is_open(turn.conversation_id):
            answered = self._answer_aid(turn)
            return Done(answered.replies, (*answered.events, ActiveLoop(AID_FORM)))
        if self._guided.is_open(turn):
            answered = self._answer_guided(turn)
            return Done(answered.replies, (*answered.events, ActiveLoop(GUIDED_FORM)))
        return Done((self._aid.nothing_to_correct(turn),))


def _some(reply: TurnReply | None) -> tuple[TurnReply, ...]:
    return () if reply is None else (reply,)


def _forget(slot: str) -> Done:
    """Begin anew when a form ended without its last action having run."""
    return Done((), (SlotSet(slot, None),))


def _reopened(call: Call, form: str) -> tuple[dict[str, Any], ...]:
    """Open the form again if Rasa forgot it; the next thing it does is to ask."""
    return () if call.active_loop == form else (ActiveLoop(form),)
