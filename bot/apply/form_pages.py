"""The questions one page each, the answers for checking, the pledge and the submission."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from bot.aid.form import OPTION, Field
from bot.aid.service import AlreadyApplied, Incomplete, PutAside, Rejected, Stopped
from bot.apply.pages import Pages
from bot.apply.views import (
    groups_of,
    keeps_stored,
    nothing_given,
    pledge_parts,
    question_of,
    sentence_of,
)
from bot.domain.aid import Draft
from bot.errors import NotFound, StorageUnavailable

CHECK = "check"
"""Where a question was opened from the page on which the answers are checked."""

Typed = Annotated[str, Form()]


def add_question_pages(router: APIRouter, pages: Pages) -> None:
    """Add a page for each question, and what keeps half-written answers."""
    service, words = pages.service, pages.words
    aid = service.aid
    visit, change = Depends(pages.door.visit), Depends(pages.door.change)
    autosave = Depends(pages.door.autosave)

    def question_page(
        request: Request,
        draft: Draft,
        asked: Field,
        back: str,
        wrong: str = "",
        typed: dict[str, str] | None = None,
    ) -> Response:
        shown = question_of(asked, draft, service.questions(draft), aid.form, words, typed)
        status = 422 if wrong else 200
        return pages.show(request, "question", status, question=shown, wrong=wrong, back=back)

    def after(draft: Draft, key: str, back: str) -> Response:
        """Go on: to the next question, or back to the checking where it was corrected."""
        questions = service.questions(draft)
        missing = service.first_open(draft)
        if back == CHECK:
            return pages.go(f"/q/{missing.key}?back={CHECK}" if missing else "/check")
        place = [f.key for f in questions].index(key) + 1
        if place < len(questions):
            return pages.go(f"/q/{questions[place].key}")
        return pages.go(f"/q/{missing.key}" if missing else "/check")

    @router.get("/apply/fill")
    def fill(conversation_id: str = visit) -> Response:
        """Go to where the visitor left off."""
        draft = aid.open_draft(conversation_id)
        if draft is None:
            return pages.go()
        missing = service.first_open(draft)
        return pages.go(f"/q/{missing.key}" if missing else "/check")

    @router.get("/apply/q/{key}")
    def question(
        request: Request, key: str, back: str = "", conversation_id: str = visit
    ) -> Response:
        draft = aid.open_draft(conversation_id)
        asked = _named(service.questions(draft), key) if draft else None
        if draft is None or asked is None:
            # Handed in, put aside, or no longer asked after another answer was changed.
            return pages.go("/fill")
        return question_page(request, draft, asked, CHECK if back == CHECK else "")

    @router.post("/apply/q/{key}")
    def answer(
        request: Request,
        key: str,
        text: Typed = "",
        option: Typed = "",
        back: Typed = "",
        conversation_id: str = change,
    ) -> Response:
        draft = aid.open_draft(conversation_id)
        asked = _named(service.questions(draft), key) if draft else None
        if draft is None or asked is None:
            return pages.go("/fill")
        typed = {"text": text, "option": option}
        is_option = option.startswith(f"{OPTION}.")
        if not is_option and not text.strip():
            if keeps_stored(asked, draft):
                return after(draft, key, back)
            return question_page(request, draft, asked, back, nothing_given(asked, words), typed)
        try:
            taken = aid.set(
                conversation_id, key, "" if is_option else text, option if is_option else None
            )
            if isinstance(taken, Rejected) and text:
                aid.keep_typed(conversation_id, key, text)
        except NotFound:
            return pages.go("/fill")
        except StorageUnavailable as error:
            return question_page(request, draft, asked, back, error.detail, typed)
        if isinstance(taken, Rejected):
            wrong = sentence_of(asked, taken.sentence, words)
            return question_page(request, draft, asked, back, wrong, typed)
        if isinstance(taken, Stopped):
            return pages.go("/stopped")
        return after(taken.draft, key, back)

    @router.post("/apply/typed", status_code=204, response_class=Response)
    def keep_typed(key: Typed, text: Typed = "", conversation_id: str = autosave) -> Response:
        """Keep what stands half written; called by the page's script while somebody types."""
        aid.keep_typed(conversation_id, key, text)
        return Response(status_code=204)


def add_submission_pages(router: APIRouter, pages: Pages) -> None:
    """Add the checking, the pledge, the submission, and where it does not come to that."""
    service, words = pages.service, pages.words
    aid = service.aid
    visit, change = Depends(pages.door.visit), Depends(pages.door.change)

    def pledge_page(request: Request, wrong: str = "") -> Response:
        lines, last = pledge_parts(service.pledge)
        return pages.show(
            request,
            "pledge",
            422 if wrong else 200,
            lines=lines,
            last=last,
            options=[(service.pledge.option_id(o), o.label) for o in service.pledge.options],
            wrong=wrong,
        )

    @router.get("/apply/check")
    def check(request: Request, conversation_id: str = visit) -> Response:
        draft = aid.open_draft(conversation_id)
        if draft is None:
            return pages.go("/fill")
        questions = service.questions(draft)
        return pages.show(
            request,
            "check",
            groups=groups_of(draft, questions, words),
            missing=service.first_open(draft),
            step=len(questions) + 1,
            previous=questions[-1].key,
        )

    @router.get("/apply/pledge")
    def pledge(request: Request, conversation_id: str = visit) -> Response:
        draft = aid.open_draft(conversation_id)
        if draft is None or service.first_open(draft) is not None:
            return pages.go("/fill")
        return pledge_page(request)

    @router.post("/apply/submit")
    def submit(request: Request, option: Typed = "", conversation_id: str = change) -> Response:
        try:
            made = service.submit(conversation_id, option)
        except AlreadyApplied as twice:
            return pages.show(request, "twice", 409, known=twice.known)
        except (Incomplete, PutAside, NotFound):
            # Another tab or the chat changed the draft meanwhile: it is all on the next page.
            return pages.go("/fill")
        if isinstance(made, Stopped):
            return pages.go("/stopped")
        if isinstance(made, Rejected):
            return pledge_page(request, sentence_of(service.pledge, made.sentence, words))
        return pages.go("/done")

    @router.get("/apply/stopped")
    def stopped(request: Request, conversation_id: str = visit) -> Response:
        standing = service.standing(conversation_id)
        if not standing.stop:
            return pages.go("/fill")
        return pages.show(request, "stopped", sentence=standing.stop)


def _named(questions: tuple[Field, ...], key: str) -> Field | None:
    return next((asked for asked in questions if asked.key == key), None)
