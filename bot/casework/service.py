"""What the staff of a legal-aid office reads of an application, and the rooms for its steps."""

from __future__ import annotations

import datetime as dt

from bot.aid.changes import AidChanges
from bot.aid.form import AidForm
from bot.aid.paperwork import PaperItem, Paperwork
from bot.aid.repository import AuditEntry
from bot.casework.assigning import Assigning
from bot.casework.closing import Closing
from bot.casework.deciding import Deciding
from bot.casework.listing import Counts, Found, Listing, Wanted
from bot.casework.passing import Passing
from bot.casework.relations import Relations, Tied
from bot.casework.repository import CaseworkRepository, Colleague, Office
from bot.casework.reviewing import Reviewing
from bot.casework.stepping import Stepping, actor_of, handles
from bot.casework.words import refusal
from bot.dialogue.normalise import canonical
from bot.domain.aid import Application, WrongNumber, find_number
from bot.domain.clock import Clock
from bot.domain.people import Staff
from bot.errors import BadInput, Forbidden, NotFound
from bot.uploads.repository import FileRecord, UploadRepository

REVEALED = "reveal"
DOWNLOADED = "file"
SHORTEST_SEARCH = 2


class CaseworkService:
    """Reading; ``reviewing``, ``deciding``, ``passing``, ``assigning``, ``closing`` change."""

    def __init__(
        self,
        repository: CaseworkRepository,
        changes: AidChanges,
        paperwork: Paperwork,
        clock: Clock,
    ) -> None:
        self._repository = repository
        self._store = repository.store
        self._files = UploadRepository(repository.store, clock)
        self._paperwork = paperwork
        self._listing = Listing(repository.store)
        self._relations = Relations(repository.store)
        self._stepping = Stepping(repository, changes, clock)
        self.form: AidForm = self._stepping.form
        self.reviewing = Reviewing(self._stepping, paperwork)
        self.deciding = Deciding(self._stepping, paperwork)
        self.passing = Passing(self._stepping)
        self.assigning = Assigning(self._stepping, self._relations)
        self.closing = Closing(self._stepping)

    def today(self) -> dt.date:
        return self._stepping.today()

    # --- lists --------------------------------------------------------------------------------

    def listing(self, person: Staff, wanted: Wanted) -> Found:
        return self._listing.page(person, wanted, self.today())

    def counts(self, person: Staff, wanted: Wanted) -> Counts:
        return self._listing.counts(person, wanted, self.today())

    def search(self, person: Staff, typed: str) -> Found:
        """Find by application number, or exactly by telephone, identity number or name.

        Raises:
            BadInput: nothing to look for was typed, or the number is wrong.
        """
        said = canonical(typed)
        try:
            number = find_number(said)
        except WrongNumber as error:
            raise BadInput(refusal("number_wrong")) from error
        if number is None:
            number = said.replace(" ", "").replace("-", "").upper()
        if len(number) < SHORTEST_SEARCH:
            raise BadInput(refusal("search_empty"))
        return self._listing.search(person, number)

    def with_news(self, found: Found) -> frozenset[str]:
        """Return those to which the applicant added files that nobody has looked at."""
        return self._paperwork.with_news(a.number for a in found.applications)

    # --- one application ----------------------------------------------------------------------

    def get(self, number: str, person: Staff) -> Application:
        """Return one application.

        Raises:
            NotFound: there is none with this number that this person may see.
        """
        found = self._repository.find(number, person)
        if found is None:
            raise NotFound(refusal("gone"))
        return found

    def trail(self, number: str, person: Staff) -> list[AuditEntry]:
        self.get(number, person)
        return self._repository.aid.trail(number)

    def items(self, application: Application) -> tuple[PaperItem, ...]:
        """Return the papers that an application needs."""
        return self._paperwork.of(application.id)

    def tied(self, application: Application, person: Staff) -> list[Tied]:
        """Return what else there is of the same people and of the other side."""
        return self._relations.tied(application, person) if handles(person) else []

    def offices(self) -> list[Office]:
        return self._repository.offices()

    def colleagues(self) -> list[Colleague]:
        return self._repository.colleagues()

    def reveals(self, application: Application, person: Staff) -> bool:
        """Say whether a person may read names, numbers and files: it is needed for the work.

        Officers, and the lawyer who has accepted the case; others see masked answers.
        """
        is_own = application.staff_id == person.id and application.taken_at is not None
        return handles(person) or is_own

    def reveal(self, number: str, person: Staff) -> Application:
        """Return an application for reading in full, and record who read it.

        Raises:
            NotFound: there is none with this number that this person may see.
            Forbidden: this person may not.
        """
        with self._store.write() as connection:
            found = self._repository.locked(connection, number, person)
            if found is None:
                raise NotFound(refusal("gone"))
            self._require_reveal(found, person)
            self._repository.aid.record(connection, actor_of(person), REVEALED, number)
            return found

    def files(self, application: Application, person: Staff) -> list[FileRecord]:
        """Return the files that a person may read, newest first.

        Officers read every file of the application's conversation, which may be about other
        things as well; the lawyer those that an officer or the applicant tied to its papers.
        """
        if application.conversation_id is None:
            return []
        found = self._files.of_conversation(application.conversation_id)
        if handles(person):
            return found
        tied = {item.file_id for item in self.items(application)}
        # What came after the application belongs to it, unless the same talk holds another one.
        others = len(self._repository.aid.of_conversation(application.conversation_id)) > 1
        return [
            file
            for file in found
            if file.id in tied or (not others and file.created_at >= application.created_at)
        ]

    def file(self, number: str, file_id: str, person: Staff) -> tuple[FileRecord, bytes]:
        """Return an uploaded file with its contents, and record who read it.

        Raises:
            NotFound: there is no such application, or no such file of it that this person may see.
            Forbidden: this person may not.
        """
        application = self.get(number, person)
        self._require_reveal(application, person)
        found = next((f for f in self.files(application, person) if f.id == file_id), None)
        if found is None or application.conversation_id is None:
            raise NotFound
        body = self._files.body(application.conversation_id, file_id)
        self.record(number, person, DOWNLOADED, found.name)
        return found, body

    def record(self, number: str, person: Staff, action: str, note: str = "") -> None:
        """Write down that somebody took a copy."""
        with self._store.write() as connection:
            self._repository.aid.record(connection, actor_of(person), action, number, note)

    def _require_reveal(self, application: Application, person: Staff) -> None:
        if not self.reveals(application, person):
            raise Forbidden(refusal("not_allowed"))
