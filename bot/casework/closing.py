"""While a lawyer acts and at the end: progress, internal notes, the report, the close (46, 50)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bot.aid.rows import CLOSING
from bot.casework.stepping import Stepping, handles, written
from bot.casework.words import own_words, refusal
from bot.dialogue.normalise import clean
from bot.domain.aid import AidState, Application
from bot.domain.people import Staff
from bot.errors import BadInput, Forbidden
from knowledge_base.rules.aid_periods import FORMS

LONGEST_SUMMARY = 2000
PROGRESS = "progress"
TWICE = dt.timedelta(minutes=10)


class Report(BaseModel):
    """How a case was handled: what the subsidy is worked out from."""

    model_config = ConfigDict(frozen=True)

    form: str
    """Of the seven forms of aid (法律援助法 22), by article and item."""
    result: str
    """A key of ``results`` in words.yml."""
    hearings: Annotated[int, Field(ge=0, le=99)]
    days: Annotated[float, Field(ge=0, le=999, multiple_of=0.5)]
    """Days worked, in halves."""
    documents: tuple[str, ...] = ()
    """Keys of ``documents`` in words.yml."""
    summary: Annotated[str, Field(max_length=LONGEST_SUMMARY)] = ""

    @field_validator("form")
    @classmethod
    def is_a_form(cls, value: str) -> str:
        return _one_of(value, FORMS)

    @field_validator("result")
    @classmethod
    def is_a_result(cls, value: str) -> str:
        return _one_of(value, own_words().get("results"))

    @field_validator("documents")
    @classmethod
    def are_documents(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_one_of(each, own_words().get("documents")) for each in value)

    @field_validator("summary")
    @classmethod
    def is_clean(cls, value: str) -> str:
        return clean(value)


def read_report(typed: dict[str, Any]) -> Report:
    """Read a report as it was typed.

    Raises:
        BadInput: a part of it is missing or not allowed; the sentence names the first.
    """
    try:
        return Report.model_validate(typed)
    except ValidationError as error:
        part = str(error.errors()[0]["loc"][0])
        raise BadInput(refusal(f"report.{part}")) from error


def _one_of(value: str, known: Any) -> str:
    if value not in known:
        raise ValueError(value)
    return value


class Closing:
    def __init__(self, stepping: Stepping) -> None:
        self._stepping = stepping

    def progress(self, number: str, person: Staff, words: str, seen: str = "") -> None:
        """Tell the recipient how far the case is (46(2)), as its lawyer or as an officer.

        The same words again within minutes are a second tap, and are not told twice.

        Raises:
            Forbidden, NotFound, IllegalMove: as for ``Stepping.step``, or the lawyer has not
                accepted the case.
            BadInput: nothing was written.
        """
        said = written(words, "progress_empty")
        with self._stepping.step(number, person, seen, own=not handles(person)) as (
            connection,
            application,
        ):
            self._require_taken(application, by_lawyer=not handles(person))
            last = self._stepping.repository.last(connection, number, PROGRESS)
            if last and last.note == said and self._stepping.now() - last.at < TWICE:
                return
            self._stepping.apply(
                connection,
                application,
                person,
                PROGRESS,
                note=said,
                news=own_words().say("news.progress", number=number, words=said),
            )

    def note(self, number: str, person: Staff, words: str) -> None:
        """Write something down that only the staff reads.

        Raises:
            Forbidden, NotFound: as for ``Stepping.step``.
            BadInput: nothing was written.
        """
        said = written(words, "note_empty")
        with self._stepping.step(number, person, own=not handles(person)) as (
            connection,
            application,
        ):
            self._stepping.apply(connection, application, person, "internal_note", note=said)

    def report(self, number: str, person: Staff, report: Report, seen: str = "") -> None:
        """Hand in the report on a case (50), as its lawyer; an officer closes the case.

        Raises:
            Forbidden, NotFound, IllegalMove: as for ``Stepping.step``, or it was not accepted.
        """
        with self._stepping.step(number, person, seen, own=True) as (connection, application):
            self._require_taken(application)
            self._stepping.apply(
                connection, application, person, "report", values=self._kept(report)
            )

    def close(self, number: str, person: Staff, report: Report, seen: str = "") -> None:
        """Close a case with its report; it is not opened again.

        Raises:
            Forbidden, NotFound, IllegalMove: as for ``Stepping.step``.
        """
        stepping = self._stepping
        with stepping.step(number, person, seen) as (connection, application):
            stepping.move(
                connection,
                application,
                person,
                AidState.CLOSED,
                note=own_words().say("closed", result=own_words().say(f"results.{report.result}")),
                values={**self._kept(report), "closed_at": stepping.now()},
            )

    def _kept(self, report: Report) -> dict[str, Any]:
        closing = report.model_dump(mode="json")
        return {"closing_enc": self._stepping.store.cipher.encrypt_json(CLOSING, closing)}

    def _require_taken(self, application: Application, *, by_lawyer: bool = True) -> None:
        if application.state is not AidState.ASSIGNED:
            raise self._stepping.impossible(application)
        # An officer also writes for lawyers who never sign in.
        if by_lawyer and application.taken_at is None:
            raise Forbidden(refusal("not_taken"))
