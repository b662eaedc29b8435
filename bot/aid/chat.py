"""The legal-aid application in the dialogue: one question a message, then the card with its number.

Personal data stays in the service: a reply repeats answers only in the recap before the pledge,
with its numbers masked, and travels through Rasa encrypted as every reply does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.aid.form import OPTION, Field, day_in_chinese
from bot.aid.masking import masked_phone, shown
from bot.aid.reading import Fits, check, corrects, reads_as_answer, refuses
from bot.aid.service import (
    AidService,
    AlreadyApplied,
    Incomplete,
    Lookup,
    Progress,
    PutAside,
    Rejected,
    Stopped,
)
from bot.dialogue.normalise import canonical, clean
from bot.dialogue.turn import Turn, TurnReply
from bot.domain.aid import ENDED, AidState, Application, Draft
from bot.domain.clock import china_date
from bot.errors import NotFound
from bot.texts import Texts
from connectors.messages import Part, buttons, notice, text

APPLY = "aid_apply"
STATUS = "aid_status"
LAWYER = "lawyer"
REFUSAL = f"{OPTION}.refusal."
LONGEST_RECAP = 160
"""Characters of one answer in the recap; a longer story is cut."""


class AidForm:
    """Decides whether a message answers the open question of an application."""

    def __init__(self, service: AidService, texts: Texts) -> None:
        self._service = service
        self._buttons = frozenset(b["text"] for b in texts.get("buttons").values())

    def takes(self, turn: Turn) -> bool:
        # A hand-over closes the form in Rasa; it opens again when the visitor asks for it.
        if turn.context.last_route == LAWYER or clean(turn.text) in self._buttons:
            return False
        draft = self._service.open_draft(turn.conversation_id)
        if draft is None:
            return False
        service = self._service
        if turn.option is None and corrects(service.fields(draft), turn.text) is not None:
            return True
        asked = service.form.refusal if is_refusing(turn) else service.asked(draft)
        return reads_as_answer(asked, turn.text, turn.option)


class AidChat:
    """What the actions about legal aid answer."""

    def __init__(self, service: AidService, texts: Texts) -> None:
        self._service = service
        self._texts = texts
        self._own = service.form.texts
        self.form = AidForm(service, texts)
        self._whether = re.compile(self._own.say("whether"))

    def is_open(self, conversation_id: str) -> bool:
        return self._service.open_draft(conversation_id) is not None

    def ask(self, turn: Turn, *, opening: bool = False, answered: bool = False) -> TurnReply:
        """Ask the open question; ``opening`` also says what is being filled in.

        ``answered``: the message was meant as an answer, so a refused pledge is asked about.
        """
        try:
            draft = self._service.open(turn.conversation_id)
        except NotFound:
            return TurnReply(APPLY, (text(self._own.say("reply.no_conversation")),))
        form = self._service.form
        asked = self._service.asked(draft)
        is_last = asked is form.fields[-1]
        if answered and is_last and (is_refusing(turn) or refuses(asked, turn.text, turn.option)):
            sure = form.refusal
            return TurnReply(
                APPLY, (text(sure.question.strip()), self._choices(sure, can_go_back=True))
            )
        step, count = form.step_of(asked, draft.values, self._service.today())
        progress = self._own.say("reply.progress", step=step, count=count)
        parts: list[Part] = []
        if opening and self._whether.search(canonical(turn.text)):
            parts.append(text(self._own.say("reply.whether")))
        if opening:
            intro = "reply.resumed" if draft.values else "reply.intro"
            parts.append(notice(self._own.say(intro, count=count), "aid"))
        if is_last:
            parts.append(self._recap(draft))
        parts.append(text(form.question(asked, draft.values), title=progress))
        parts.append(self._choices(asked, can_go_back=bool(draft.values)))
        context = None
        if opening:
            context = replace(
                turn.context,
                question=self._own.say("about.question"),
                answer_id=self._own.say("about.answer"),
                guided="",
                guided_answers=(),
            )
        return TurnReply(APPLY, tuple(parts), context=context)

    def resume(self, turn: Turn) -> TurnReply | None:
        """Ask the open question again after a person has helped; None if none is open."""
        return self.ask(turn, opening=True) if self.is_open(turn.conversation_id) else None

    def validate(self, turn: Turn) -> tuple[bool, TurnReply | None]:
        """Take the message as an answer; return whether all is filled in, and an objection."""
        words, option = turn.text, turn.option
        draft = self._service.open_draft(turn.conversation_id)
        if draft is None:
            return False, None
        form = self._service.form
        asked = self._service.asked(draft)
        correction = None if option else corrects(self._service.fields(draft), words)
        if correction is not None and turn.inbound_id > draft.inbound_id:
            self._service.correct(turn.conversation_id, correction.key, inbound_id=turn.inbound_id)
            return False, None
        if is_refusing(turn):
            sure = form.refusal
            if refuses(sure, words, option):
                # Complete as far as Rasa is concerned: submit then says that nothing was sent.
                return self._service.close(turn.conversation_id), None
            result = check(sure, words, option, self._service.today())
            if not isinstance(result, Fits):
                return False, TurnReply(APPLY, (notice(result.sentence, "warning"),))
            words, option = asked.options[0].label, asked.option_id(asked.options[0])
        elif asked is form.fields[-1] and refuses(asked, words, option):
            return False, None
        return self._take(turn, words, option)

    def _take(self, turn: Turn, words: str, option: str | None) -> tuple[bool, TurnReply | None]:
        try:
            result = self._service.answer(
                turn.conversation_id, words, option, inbound_id=turn.inbound_id
            )
        except NotFound:
            return False, None
        if isinstance(result, Rejected):
            return False, TurnReply(APPLY, (notice(result.sentence, "warning"),))
        if isinstance(result, Stopped):
            # Complete as far as Rasa is concerned: submit then says why nothing was sent.
            return True, None
        return result.is_complete, None

    def submit(self, turn: Turn) -> TurnReply | None:
        """Submit and show the number; None if a question is still open.

        Says so when nothing was submitted: the pledge was refused, or there is one already.
        """
        say = self._own.say
        try:
            application = self._service.submit(turn.conversation_id, in_chat=True)
        except (Incomplete, NotFound):
            return None
        except PutAside:
            return self._not_submitted(turn.conversation_id)
        except AlreadyApplied as twice:
            return self._already(twice.known)
        rows = [
            *self._rows(application),
            [say("reply.rows.phone"), masked_phone(application.fields["phone"])],
        ]
        return TurnReply(
            APPLY,
            (
                Part("card", {"title": say("reply.submitted_title"), "rows": rows}),
                text(say("reply.submitted")),
                *self._papers(application),
                self._buttons("aid_status", "lawyer"),
            ),
        )

    def _papers(self, application: Application) -> tuple[Part, ...]:
        """Name what is still to be handed in; without it the application is taken all the same."""
        items = self._service.papers_wanted(application)
        title = self._own.say("reply.papers_title")
        return (text(self._own.say("reply.papers", items=items), title=title),) if items else ()

    def _not_submitted(self, conversation_id: str) -> TurnReply:
        stop = self._service.stop_of(conversation_id)
        if stop:
            told = (text(stop), notice(self._own.say("reply.stopped"), "aid"))
            return TurnReply(APPLY, (*told, self._buttons("lawyer", "aid_check", "help")))
        said = text(self._own.say("reply.not_submitted"))
        return TurnReply(APPLY, (said, self._buttons("aid", "lawyer", "help")))

    def status(self, turn: Turn) -> TurnReply:
        found = self._service.status(turn.conversation_id, turn.text)
        if found.result is not Lookup.FOUND:
            known = found.result is Lookup.NONE
            return TurnReply(
                STATUS,
                (
                    text(self._own.say(f"status.{found.result}")),
                    self._buttons(*(("aid", "lawyer") if known else ("lawyer",))),
                ),
            )
        parts = [
            part
            for progress in found.progress
            for part in (self._card(progress), *self._wanted(progress.application))
        ]
        return TurnReply(STATUS, (*parts, self._buttons("lawyer")))

    def _wanted(self, application: Application) -> tuple[Part, ...]:
        return () if application.state in ENDED else self._papers(application)

    def correct_last(self, turn: Turn) -> TurnReply:
        field = self._service.correct_last(turn.conversation_id)
        if field is None:
            return TurnReply(APPLY, (text(self._own.say("reply.nothing_to_correct")),))
        return TurnReply(APPLY, (text(self._own.say("reply.corrected", label=field.label)),))

    def cancel(self, turn: Turn) -> TurnReply | None:
        """Put the draft aside; None if none was being filled in."""
        if not self._service.close(turn.conversation_id):
            return None
        return TurnReply(
            APPLY,
            (text(self._texts.say("talk.cancelled")), self._buttons("aid", "lawyer", "help")),
        )

    def park(self, turn: Turn) -> TurnReply | None:
        """Put the draft aside because the visitor began something else."""
        if not self._service.close(turn.conversation_id):
            return None
        return TurnReply(APPLY, (notice(self._own.say("reply.parked"), "aid"),))

    def nothing_to_correct(self, turn: Turn) -> TurnReply:
        return TurnReply("smalltalk", (text(self._texts.say("talk.nothing_to_correct")),))

    def nothing_to_cancel(self, turn: Turn) -> TurnReply:
        return TurnReply("smalltalk", (text(self._texts.say("talk.nothing_to_cancel")),))

    def discard(self, turn: Turn) -> None:
        self._service.discard(turn.conversation_id)

    def _already(self, known: Application | None) -> TurnReply:
        say = self._own.say
        if known is None:
            said = notice(say("reply.needs_checking"), "warning")
            return TurnReply(APPLY, (said, self._buttons("lawyer", "aid")))
        rows = self._rows(known)
        return TurnReply(
            APPLY,
            (
                Part("card", {"title": say("reply.duplicate_title"), "rows": rows}),
                text(say("reply.duplicate")),
                self._buttons("aid_status", "lawyer", "aid"),
            ),
        )

    def _recap(self, draft: Draft) -> Part:
        """Return what was filled in, for checking; whole numbers are not repeated."""
        rows = [
            [asked.label, _recalled(asked.key, draft.values[asked.key])]
            for asked in self._service.fields(draft)[:-1]
            if asked.key in draft.values
        ]
        say = self._own.say
        rows.append([say("reply.rows.note"), say("reply.recap_hint")])
        return Part("card", {"title": say("reply.recap_title"), "rows": rows})

    def _choices(self, asked: Field, *, can_go_back: bool) -> Part:
        choices = [(asked.option_id(option), option.label) for option in asked.options]
        # Before the first answer somebody may wish to know whether it is worth the trouble.
        keys = ("back", "cancel") if can_go_back else ("aid_check", "cancel")
        common = (self._texts.button(key) for key in keys)
        return buttons(*choices, *common, typed=asked.kind != "choice")

    def _card(self, progress: Progress) -> Part:
        say, application = self._own.say, progress.application
        rows: list[Sequence[str]] = list(self._rows(application))
        rows.append([say("reply.rows.note"), say(f"states.{application.state}.says")])
        if progress.history:
            last = progress.history[-1]
            told = f"{day_in_chinese(china_date(last.at))} {last.title}\n{last.says}"
            rows.append([say("reply.rows.last"), told])
        return Part("card", {"title": say("status.title"), "rows": rows})

    def _rows(self, application: Application) -> list[Sequence[str]]:
        say = self._own.say
        rows: list[Sequence[str]] = [
            [say("reply.rows.number"), application.number],
            [say("reply.rows.matter"), application.matter],
            [say("reply.rows.state"), say(f"states.{application.state}.label")],
        ]
        if application.days_left(self._service.today()) is not None:
            last = say("reply.decide_by", day=day_in_chinese(application.decide_by))
            rows.append([say("reply.rows.decide_by"), last])
        if application.state is AidState.NEED_SUPPLEMENT and application.supplement_by is not None:
            rows.append(
                [say("reply.rows.supplement_by"), day_in_chinese(application.supplement_by)]
            )
        return rows

    def _buttons(self, *keys: str) -> Part:
        return buttons(*(self._texts.button(key) for key in keys))


def is_refusing(turn: Turn) -> bool:
    """Say whether the message answers the question whether nothing is to be submitted."""
    if turn.option is not None:
        return turn.option.startswith(REFUSAL)
    return any(key.startswith(REFUSAL) for key, _ in turn.context.options)


def _recalled(key: str, value: str) -> str:
    masked = shown(key, value)
    return masked if len(masked) <= LONGEST_RECAP else f"{masked[:LONGEST_RECAP]}…"
