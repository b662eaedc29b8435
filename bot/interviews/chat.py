"""Guided consultations in the dialogue: one question a message, then what to do.

Where a consultation stands is part of the conversation's context, encrypted with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from bot.dialogue.answers import IndexUnavailable
from bot.dialogue.cards import service_cards
from bot.dialogue.digression import is_short_question, place_of
from bot.dialogue.normalise import canonical, clean
from bot.dialogue.repository import ConversationRepository
from bot.dialogue.turn import Turn, TurnReply
from bot.domain.clock import Clock, china_date
from bot.domain.conversation import Context, HandoverReason
from bot.interviews.engine import (
    PICK,
    answer_of,
    find,
    next_question,
    option_id,
    outcome_of,
    reads_as_answer,
)
from bot.interviews.flows import Ended, Flow
from bot.interviews.words import own_texts
from bot.texts import Texts
from connectors.messages import Part, buttons, notice, text
from knowledge_base.consultations import Interview, Outcome, Question
from knowledge_base.models import KnowledgeBase

GUIDED = "guided"
LAWYER = "lawyer"
LONGEST_PICK = 8
"""A longer message after the list is a question of its own unless it names a title."""


class ReviewedAnswers(Protocol):
    """The composer as a consultation's end needs it."""

    kb: KnowledgeBase

    def reviewed(self, answer_id: str, turn: Turn) -> TurnReply: ...


class Walk:
    """All consultations, and what each asks next."""

    def __init__(self, interviews: Sequence[Interview], flows: Sequence[Flow]) -> None:
        self.flows = {i.id: flow for flow in flows for i in flow.interviews()}
        worked = [i for flow in flows for i in flow.interviews()]
        self.interviews: Mapping[str, Interview] = {i.id: i for i in (*interviews, *worked)}

    def next(self, interview: Interview, answers: Mapping[str, str]) -> Question | None:
        """Return the question to ask, or None when the consultation can end."""
        flow = self.flows.get(interview.id)
        return flow.next(interview, answers) if flow else next_question(interview, answers)


class GuidedForm:
    """Decides whether a message answers the open question of a consultation."""

    def __init__(self, walk: Walk, texts: Texts) -> None:
        self._walk = walk
        self._buttons = frozenset(b["text"] for b in texts.get("buttons").values())

    def takes(self, turn: Turn) -> bool:
        context = turn.context
        # A hand-over closes the form in Rasa; it opens again when the visitor asks for it.
        if context.last_route == LAWYER or clean(turn.text) in self._buttons:
            return False
        interview = self._walk.interviews.get(context.guided)
        if interview is None:
            return offers_choice(context) and picked(self._walk.interviews, turn) is not None
        question = self._walk.next(interview, dict(context.guided_answers))
        if question is None:
            return False
        return reads_as_answer(interview, question, turn.text, turn.option)


class GuidedChat:
    """What the actions about guided consultations answer."""

    def __init__(
        self,
        interviews: Sequence[Interview],
        composer: ReviewedAnswers,
        conversations: ConversationRepository,
        texts: Texts,
        flows: Sequence[Flow],
        clock: Clock,
    ) -> None:
        self._walk = Walk(interviews, flows)
        self._interviews = self._walk.interviews
        # A calculator is offered under its explanation; the others can be asked for by name.
        self._listed = tuple(i for i in self._interviews.values() if i.triggers)
        self._clock = clock
        self._composer = composer
        self._conversations = conversations
        self._texts = texts
        self.form = GuidedForm(self._walk, texts)

    def is_open(self, turn: Turn) -> bool:
        context = turn.context
        if context.guided in self._interviews or len(offered(context, self._interviews)) > 1:
            return True
        return offers_choice(context) and picked(self._interviews, turn) is not None

    def ask(self, turn: Turn, *, opening: bool = False, interrupted: bool = False) -> TurnReply:
        """Ask the open question; ``opening`` begins the consultation that the message names.

        After an interruption the context of the reply that answered it must stay.
        """
        context = turn.context
        if opening:
            named = find(self._listed, turn.text)
            if named is not None and named.id != context.guided:
                context = replace(context, guided=named.id, guided_answers=())
        interview = self._interviews.get(context.guided)
        if interview is None:
            return self._list(context, interrupted=interrupted)
        answers = dict(context.guided_answers)
        question = self._walk.next(interview, answers)
        if question is None:
            # All answered but never finished: Rasa was stopped in between. Ask the last one again.
            context = replace(context, guided_answers=context.guided_answers[:-1])
            question = self._walk.next(interview, dict(context.guided_answers))
            assert question is not None
        # Said once: at the beginning, or when the consultation was just chosen from the list.
        begins = opening or (not answers and offers_choice(turn.context))
        parts = [*self._opening(interview)] if begins else []
        parts.append(text(question.ask, title=self._progress(interview, question)))
        parts.append(self._choices(interview, question, can_go_back=bool(answers)))
        return TurnReply(GUIDED, tuple(parts), context=None if interrupted else context)

    def resume(self, turn: Turn) -> TurnReply | None:
        """Ask the open question again after a person has helped; None if none is open."""
        context = turn.context
        if not context.guided and context.last_route == LAWYER:
            context = replace(context, guided=context.paused, guided_answers=context.paused_answers)
        if context.guided not in self._interviews:
            return None
        asked = self.ask(replace(turn, context=context))
        return replace(asked, parts=(notice(own_texts().say("resumed"), "info"), *asked.parts))

    def validate(self, turn: Turn) -> tuple[bool, TurnReply | None]:
        """Take the message as an answer; return whether it was the last, and an objection."""
        context = replace(turn.context, guided_at=turn.inbound_id)
        interview = self._interviews.get(context.guided)
        if interview is None:
            chosen = picked(self._interviews, turn)
            if chosen is None:
                return False, self._objection()
            self._remember(turn, replace(context, guided=chosen.id, guided_answers=()))
            return False, None
        answers = dict(context.guided_answers)
        question = self._walk.next(interview, answers)
        if question is None:
            return True, None
        if turn.inbound_id and turn.inbound_id <= turn.context.guided_at:
            # A form that Rasa forgot looks at the message that opened it again.
            return False, None
        value = answer_of(interview, question, turn.text, turn.option)
        if value is None:
            return False, self._objection(question)
        answers[question.id] = value
        self._remember(turn, replace(context, guided_answers=tuple(answers.items())))
        return self._walk.next(interview, answers) is None, None

    def finish(self, turn: Turn) -> TurnReply | None:
        """Say what the answers lead to; None if a question is still open."""
        context = turn.context
        interview = self._interviews.get(context.guided)
        answers = dict(context.guided_answers)
        if interview is None or self._walk.next(interview, answers) is not None:
            return None
        over = replace(context, guided="", guided_answers=())
        flow = self._walk.flows.get(interview.id)
        if flow is not None:
            ended = flow.end(interview, answers, china_date(self._clock.now()))
            return self._worked_out(interview, ended, over)
        outcome = outcome_of(interview, answers)
        said = self._said(outcome)
        full = self._reviewed(outcome, replace(turn, context=over))
        if full is not None:
            after = replace(full.context or over, guided="", guided_answers=())
            return replace(full, parts=(said, *full.parts), context=self._offering(outcome, after))
        parts: list[Part] = [said, *self._services(outcome)]
        parts.append(buttons(*(self._texts.button(key) for key in ("lawyer", "aid", "unsolved"))))
        if not over.labelled:
            parts.append(notice(self._texts.say("ai_label"), "ai_label"))
            over = replace(over, labelled=True)
        return TurnReply(GUIDED, tuple(parts), context=self._offering(outcome, over))

    def _worked_out(self, interview: Interview, ended: Ended, over: Context) -> TurnReply:
        again = (f"{PICK}{interview.id}", own_texts().say("again"))
        parts = [
            *ended.parts,
            buttons(*(self._texts.button(key) for key in ended.buttons), again),
        ]
        if not over.labelled:
            parts.append(notice(self._texts.say("ai_label"), "ai_label"))
            over = replace(over, labelled=True)
        return TurnReply(
            ended.route, tuple(parts), topic=ended.topic, items=ended.items, context=over
        )

    def correct_last(self, turn: Turn) -> TurnReply:
        """Forget the last answer."""
        if not turn.context.guided_answers:
            return TurnReply(GUIDED, (text(own_texts().say("nothing_to_correct")),))
        context = replace(turn.context, guided_answers=turn.context.guided_answers[:-1])
        self._remember(turn, context)
        return TurnReply(GUIDED, (text(own_texts().say("corrected")),), context=context)

    def cancel(self, turn: Turn) -> TurnReply | None:
        """Leave the consultation; None if none is open."""
        if not self.is_open(turn):
            return None
        return TurnReply(
            GUIDED,
            (text(self._texts.say("talk.nothing_to_cancel")),),
            context=replace(turn.context, guided="", guided_answers=()),
        )

    def leave(self, turn: Turn) -> TurnReply:
        """End the consultation without a word: another reply of this turn says why."""
        over = replace(turn.context, guided="", guided_answers=())
        return TurnReply(GUIDED, (), context=over)

    def _remember(self, turn: Turn, context: Context) -> None:
        if turn.inbound_id:
            self._conversations.remember(turn.conversation_id, context)

    def _list(self, context: Context, *, interrupted: bool) -> TurnReply:
        titles = [interview.title for interview in self._listed]
        items = [(f"{PICK}{i.id}", i.title) for i in self._listed]
        return TurnReply(
            GUIDED,
            (
                text(self._texts.say("guided.which", titles="、".join(titles))),
                buttons(*items, self._texts.button("cancel")),
            ),
            context=None if interrupted else context,
        )

    def _opening(self, interview: Interview) -> tuple[Part, ...]:
        count = len(interview.questions)
        start = self._texts.say("guided.start", title=interview.title, count=count)
        if interview.adapts:
            start = own_texts().say("starts", title=interview.title)
        intro = text(interview.intro) if interview.intro else None
        return (notice(start), intro) if intro is not None else (notice(start),)

    def _progress(self, interview: Interview, question: Question) -> str:
        if interview.adapts:
            return ""
        step, count = interview.questions.index(question) + 1, len(interview.questions)
        return own_texts().say("progress", step=step, count=count)

    def _choices(self, interview: Interview, question: Question, *, can_go_back: bool) -> Part:
        choices = [
            (option_id(interview, question, place), option.label)
            for place, option in enumerate(question.options)
        ]
        keys = ("back", "cancel") if can_go_back else ("cancel",)
        common = (self._texts.button(key) for key in keys)
        return buttons(*choices, *common, typed=question.free_text)

    def _objection(self, question: Question | None = None) -> TurnReply:
        said = self._texts.say("guided.invalid")
        if question is not None and question.field is not None and question.free_text:
            said = self._texts.get("typed")[question.field.kind]
        return TurnReply(GUIDED, (notice(said, "warning"),))

    def _said(self, outcome: Outcome) -> Part:
        if outcome.urgent:
            return notice(outcome.say, "warning")
        return text(outcome.say, title=self._texts.say("guided.done").rstrip("："))

    def _reviewed(self, outcome: Outcome, turn: Turn) -> TurnReply | None:
        if outcome.answer not in self._composer.kb.answers:
            return None
        try:
            return self._composer.reviewed(outcome.answer, turn)
        except IndexUnavailable:
            # Only its similar cases need the index: what the outcome says still holds.
            return None

    def _services(self, outcome: Outcome) -> tuple[Part, ...]:
        held = self._composer.kb.services
        items = [held[number] for number in outcome.services if number in held]
        return (service_cards(items[:2]),) if items else ()

    def _offering(self, outcome: Outcome, context: Context) -> Context:
        """Let a plain yes to an urgent outcome bring a person."""
        return replace(context, offered=HandoverReason.RISK) if outcome.urgent else context


def offers_choice(context: Context) -> bool:
    """Say whether the last reply listed the consultations to choose from."""
    return any(key.startswith(PICK) for key, _ in context.options)


def offered(context: Context, interviews: Mapping[str, Interview]) -> dict[str, str]:
    """Return the label under which the last reply offered each consultation."""
    return {
        key.removeprefix(PICK): label
        for key, label in context.options
        if key.startswith(PICK) and key.removeprefix(PICK) in interviews
    }


def picked(interviews: Mapping[str, Interview], turn: Turn) -> Interview | None:
    """Return the consultation chosen from those offered, by button, label, place or name."""
    if turn.option is not None:
        return interviews.get(turn.option.removeprefix(PICK))
    words = clean(turn.text)
    labels = offered(turn.context, interviews)
    listed = [interviews[id] for id in labels]
    named = [i for i in listed if words in (i.title, labels[i.id], *i.triggers)]
    if named:
        return named[0]
    # A lone offer is a button under an answer: only its own words take it up.
    if len(listed) < 2:
        return None
    plain = canonical(words)
    place = place_of(plain)
    if place is not None:
        return listed[place - 1] if 1 <= place <= len(listed) else None
    if len(words) > LONGEST_PICK or is_short_question(plain):
        return None
    return find(tuple(listed), words)
