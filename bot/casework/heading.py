"""What the head of an application's page says of the case, besides the period that runs."""

from __future__ import annotations

from bot.casework.closing import Report
from bot.casework.schemas import Showing, urgent_words
from bot.casework.words import moment, own_words
from bot.domain.aid import AidState, Application
from bot.domain.places import place_name
from knowledge_base.rules.aid_periods import FORMS, TERMINATION_HEADS, answer_objection_by


def facts_of(application: Application, showing: Showing) -> list[tuple[str, str]]:
    """Return what the head of the page says of the case besides its period."""
    words = own_words()
    by, is_waiting = application.decide_by, application.state is AidState.NEED_SUPPLEMENT
    lodged = showing.office(application.lodged_at)
    office = showing.office(application.office_id)
    told = {
        "submitted": moment(application.created_at),
        "decide_by": words.say("paused", day=by) if is_waiting else by,
        "waited": application.waited_days and words.say("days", days=application.waited_days),
        "place": place_name(application.place),
        "office": office or words.say("no_office"),
        "lodged": lodged if lodged != office else "",
        "urgent": urgent_words(application.urgent),
        "decided": application.decided_at and moment(application.decided_at),
        "lawyer": showing.lawyer(application.staff_id),
        "taken": application.taken_at and moment(application.taken_at),
        "ground": TERMINATION_HEADS.get(application.ground, ""),
        "objected": _objected(application),
    }
    facts = [(words.say(f"facts.{name}"), str(value)) for name, value in told.items() if value]
    # While it can be changed, the report stands in its form.
    is_over = application.state is not AidState.ASSIGNED
    return facts + _report(application) if is_over else facts


def _report(application: Application) -> list[tuple[str, str]]:
    if not application.closing:
        return []
    words, report = own_words(), Report.model_validate(application.closing)
    papers = words.say("and").join(words.say(f"documents.{key}") for key in report.documents)
    told = {
        "form": FORMS[report.form],
        "result": words.say(f"results.{report.result}"),
        "hearings": str(report.hearings),
        "days": f"{report.days:g}",
        "documents": papers,
        "summary": report.summary,
    }
    return [(words.say(f"report.{name}"), value) for name, value in told.items() if value]


def _objected(application: Application) -> str:
    filed = application.objected_on
    if filed is None:
        return ""
    return own_words().say("objected", day=filed, by=answer_objection_by(filed))
