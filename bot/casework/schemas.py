"""What the staff pages show of an application: masked unless it was revealed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.aid.form import AidForm, day_in_chinese
from bot.aid.masking import masked_name, shown
from bot.aid.repository import AuditEntry
from bot.casework.assigning import Candidate
from bot.casework.clocks import Clock, clock_of
from bot.casework.relations import Tied
from bot.casework.repository import Colleague, Office
from bot.casework.service import DOWNLOADED
from bot.casework.stepping import action_label
from bot.casework.words import moment, own_words
from bot.domain.aid import ENDED, AidState, Application
from bot.redact import mask_personal
from bot.uploads.repository import FileRecord


@dataclass(frozen=True)
class Row:
    """One line of the list."""

    number: str
    matter: str
    state: str
    state_label: str
    name: str
    submitted: str
    office: str
    lawyer: str
    urgent: str
    clock: Clock
    papers_due: str
    has_news: bool


@dataclass(frozen=True)
class Choice:
    """Something to choose; ``hint`` says more about it, ``off`` that it cannot be chosen."""

    value: str
    label: str
    hint: str = ""
    off: bool = False


@dataclass(frozen=True)
class Entry:
    at: str
    actor: str
    action: str
    note: str


@dataclass(frozen=True)
class File:
    """An uploaded file on the page; ``size`` in kilobytes, at least 1."""

    id: str
    name: str
    at: str
    size: int


@dataclass(frozen=True)
class Group:
    """Answers that belong together."""

    title: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TiedShown:
    says: str
    number: str
    matter: str
    state_label: str
    conflict: bool


class Showing:
    """Puts names to offices and people; reads them once."""

    def __init__(
        self,
        form: AidForm,
        today: dt.date,
        offices: Sequence[Office],
        people: Sequence[Colleague],
    ) -> None:
        self._form = form
        self._today = today
        self._offices = {office.id: office.name for office in offices}
        self._people = {person.id: person.name for person in people}

    def row(
        self,
        application: Application,
        *,
        papers_due: dt.date | None = None,
        has_news: bool = False,
        replaced: bool = False,
    ) -> Row:
        """Return one line; ``replaced``: its lawyer was replaced, so no period runs."""
        waits = application.state not in ENDED and application.state is not AidState.NEED_SUPPLEMENT
        due = papers_due if waits else None
        return Row(
            application.number,
            application.matter,
            application.state,
            self.label(application.state),
            masked_name(application.fields["name"]),
            moment(application.created_at),
            self._offices.get(application.office_id or 0, ""),
            self._people.get(application.staff_id or 0, ""),
            urgent_words(application.urgent),
            clock_of(application, self._today, replaced=replaced),
            "" if due is None else own_words().say("clock.due", day=day_in_chinese(due)),
            has_news,
        )

    def office(self, office_id: int | None) -> str:
        return self._offices.get(office_id or 0, "")

    def lawyer(self, staff_id: int | None) -> str:
        return self._people.get(staff_id or 0, "")

    def label(self, state: AidState) -> str:
        return self._form.texts.say(f"states.{state}.label")

    def states(self, counts: Mapping[AidState, int]) -> tuple[Choice, ...]:
        return tuple(Choice(s, f"{self.label(s)} {counts.get(s, 0)}") for s in AidState)

    def groups(
        self, application: Application, *, revealed: bool, handles: bool, may_read: bool
    ) -> tuple[Group, ...]:
        """Return the answers in groups; who does not handle it sees nothing of the number.

        Without ``may_read`` only what a lawyer needs to accept or decline.
        """
        values = dict(application.fields)
        if not handles and not revealed:
            values["id_number"] = "*" * len(values["id_number"])
        known = [f for f in self._form.fields if f.key in values]
        words = own_words()
        if not may_read:
            known = [field for field in known if field.key in words.get("before_taking")]
        wanted = [(each["title"], each["keys"]) for each in words.get("groups")]
        placed = {key for _, keys in wanted for key in keys}
        wanted.append((words.say("other_group"), [f.key for f in known if f.key not in placed]))
        labels = {f.key: f.label for f in known}
        groups = (
            Group(
                title,
                tuple(
                    (labels[key], values[key] if revealed else shown(key, values[key], names=False))
                    for key in keys
                    if key in labels
                ),
            )
            for title, keys in wanted
        )
        return tuple(group for group in groups if group.fields)

    def who_applies(self, application: Application, *, revealed: bool) -> str:
        """Return who applies for whom, and what is to be checked (法律援助法 40)."""
        words, values = own_words(), application.fields
        option = self._form.field_of("for_whom").chosen(values.get("for_whom", ""))
        known = words.get("for_whom")
        key = option.id if option is not None else "self"
        agent = values.get("agent_name", "")
        return words.say(
            f"for_whom.{key if key in known else 'other'}",
            agent=(agent if revealed else masked_name(agent)) or words.say("unknown_agent"),
            relation=values.get("agent_relation", "") or words.say("unknown_relation"),
        )

    def entries(
        self, trail: Sequence[AuditEntry], *, without: frozenset[str], noted: bool
    ) -> tuple[Entry, ...]:
        """Return the lines of the trail, newest first, with their notes or without."""
        return tuple(
            Entry(
                moment(e.at),
                _actor(e.actor),
                action_label(self._form, e),
                _note(e) if noted else "",
            )
            for e in reversed(trail)
            if e.action not in without
        )

    def tied(self, found: Sequence[Tied]) -> tuple[TiedShown, ...]:
        words = own_words()
        return tuple(
            TiedShown(
                words.say(f"ties.{each.tie}"),
                each.number,
                each.matter,
                self.label(each.state),
                each.tie.is_conflict,
            )
            for each in found
        )

    def candidates(self, found: Sequence[Candidate]) -> tuple[Choice, ...]:
        """Return the lawyers to choose from, each with what speaks for and against."""
        return tuple(
            Choice(str(c.person.id), c.person.name, self._reasons(c), c.conflict) for c in found
        )

    def _reasons(self, candidate: Candidate) -> str:
        words = own_words()
        where = "same_office" if candidate.same_office else "other_office"
        if candidate.person.office_id is None:
            where = "no_office"
        field = "knows_field" if candidate.knows_field else "other_field"
        says = [
            words.say(f"candidate.{field}"),
            words.say(f"candidate.{where}"),
            words.say("candidate.load", count=candidate.load),
        ]
        if candidate.declined:
            says.append(words.say("candidate.declined"))
        if candidate.conflict:
            says = [words.say("candidate.conflict")]
        return words.say("between").join(says)


def urgent_words(item: str) -> str:
    """Return an item of article 44 in words, empty where none is marked."""
    words = own_words()
    return str(words.get("urgent.items").get(item, words.say("urgent.unknown"))) if item else ""


def file_of(kept: FileRecord) -> File:
    """Show an uploaded file; numbers that name a person are masked in its name."""
    size = max(1, round(kept.size / 1024))
    return File(kept.id, mask_personal(kept.name), moment(kept.created_at), size)


def choices(name: str) -> tuple[Choice, ...]:
    """Return a group of words.yml to choose from."""
    return tuple(Choice(str(key), str(label)) for key, label in own_words().get(name).items())


def _note(entry: AuditEntry) -> str:
    return mask_personal(entry.note) if entry.action == DOWNLOADED else entry.note


def _actor(actor: str) -> str:
    """Return a person's name; the number in front of it is for the audit page."""
    words: Mapping[str, str] = own_words().get("actors")
    who, _, name = actor.partition(":")
    return words.get(who) or name or who
