"""Statute texts in the database: staged unseen, published at once, read one article at a time."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.domain.clock import Clock
from bot.errors import ImportCollision
from bot.store.tables import law_articles, law_ledger, law_versions
from bot.store.unit import Store
from knowledge_base.models import Article, Version
from knowledge_base.numbers import Numbers
from knowledge_base.sources import Law
from knowledge_base.versions import SAME_TEXT, Dated

_PARAMETERS = 500
"""Values in one IN list: SQLite and PostgreSQL both take more, their planners do not care."""


@dataclass(frozen=True)
class Staged:
    """One version ready to be written, with the digest by which an unchanged one is known."""

    law: Law
    digest: str


@dataclass(frozen=True)
class StoredVersion:
    """One published version: where it came from and which articles it has."""

    id: int
    file: str
    dated: Dated

    @property
    def version(self) -> Version:
        return self.dated.version


@dataclass(frozen=True)
class KeptLedger:
    """A ledger of freshness as it was drawn."""

    drawn_at: dt.datetime
    as_of: dt.date
    lines: tuple[Mapping[str, str], ...]


class LawRepository:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def digests(self, source: str) -> Mapping[str, int]:
        """Return the versions of a source by digest, those of a broken import included."""
        with self._store.read() as connection:
            rows = connection.execute(
                select(law_versions.c.digest, law_versions.c.id).where(
                    law_versions.c.source == source
                )
            )
            return {row.digest: row.id for row in rows}

    def stage(self, source: str, batch: Sequence[Staged], retrieved_on: dt.date) -> list[int]:
        """Write versions that nobody sees yet, in one transaction; return their ids.

        Raises:
            ImportCollision: another import is writing the same versions.
        """
        try:
            with self._store.write() as connection:
                return [self._insert(connection, source, one, retrieved_on) for one in batch]
        except IntegrityError as error:
            raise ImportCollision from error

    def _insert(
        self, connection: Connection, source: str, staged: Staged, retrieved_on: dt.date
    ) -> int:
        law, version = staged.law, staged.law.version
        made = connection.execute(
            insert(law_versions).values(
                source=source,
                digest=staged.digest,
                published=False,
                law=version.law,
                title=version.title,
                level=version.level,
                passed=version.passed,
                in_force_from=version.in_force_from,
                in_force_until=version.in_force_until,
                superseded_by=version.superseded_by,
                retrieved_on=retrieved_on,
                file=law.file,
                numbers=str(Numbers.of(a.number for a in law.articles)),
                preamble=law.preamble,
                annex=law.annex,
            )
        )
        (identity,) = made.inserted_primary_key or (0,)
        if law.articles:
            connection.execute(
                insert(law_articles),
                [
                    {
                        "version_id": identity,
                        "number": article.number,
                        "place": place,
                        "path": "\n".join(article.path),
                        "text": article.text or "",
                    }
                    for place, article in enumerate(law.articles)
                ],
            )
        return int(identity)

    def publish(self, source: str, ids: Collection[int], *, whole: bool) -> int:
        """Make these versions the source's present ones, in one transaction; return how many left.

        ``whole``: the ids are all the source has. Otherwise only other texts of the same version
        of the same law give way to them. What was staged and never published is dropped.

        Raises:
            ImportCollision: another import has dropped what this one staged.
        """
        kept = set(ids)
        with self._store.write() as connection:
            rows = connection.execute(
                select(
                    law_versions.c.id,
                    law_versions.c.law,
                    law_versions.c.passed,
                    law_versions.c.published,
                ).where(law_versions.c.source == source)
            ).all()
            if kept - {row.id for row in rows}:
                # Another import has published meanwhile and dropped what was staged here.
                raise ImportCollision
            replaced = {(row.law, row.passed) for row in rows if row.id in kept}
            gone = [
                row
                for row in rows
                if row.id not in kept
                and (whole or not row.published or (row.law, row.passed) in replaced)
            ]
            for chunk in _chunks([row.id for row in gone]):
                connection.execute(delete(law_articles).where(law_articles.c.version_id.in_(chunk)))
                connection.execute(delete(law_versions).where(law_versions.c.id.in_(chunk)))
            for chunk in _chunks(kept):
                connection.execute(
                    update(law_versions).where(law_versions.c.id.in_(chunk)).values(published=True)
                )
        return sum(1 for row in gone if row.published)

    def write_ends(self, ends: Mapping[int, tuple[dt.date | None, str]]) -> None:
        """Note until when versions held and what took their place, by id."""
        with self._store.write() as connection:
            for identity, (until, by) in ends.items():
                connection.execute(
                    update(law_versions)
                    .where(law_versions.c.id == identity)
                    .values(in_force_until=until, superseded_by=by)
                )

    def versions(self) -> list[StoredVersion]:
        """Return every published version, without texts."""
        with self._store.read() as connection:
            return [_stored(row) for row in connection.execute(_published())]

    def articles(self, version_id: int) -> tuple[Article, ...]:
        """Return the articles of one published version in the order of the text."""
        with self._store.read() as connection:
            found = connection.execute(_published().where(law_versions.c.id == version_id)).first()
            if found is None:
                return ()
            version = _stored(found).version
            rows = connection.execute(
                select(law_articles)
                .where(law_articles.c.version_id == version_id)
                .order_by(law_articles.c.place)
            )
            return tuple(_article(version, row) for row in rows)

    def article(self, law: str, passed: dt.date | None, number: str) -> Article | None:
        """Return one article of the version passed on a day; any source that holds it will do.

        Sources date a version by its passing or its publication, some days apart.
        """
        near = (
            law_versions.c.passed.is_(None)
            if passed is None
            else law_versions.c.passed.between(passed - SAME_TEXT, passed + SAME_TEXT)
        )
        with self._store.read() as connection:
            row = connection.execute(
                _published()
                .add_columns(law_articles.c.number, law_articles.c.path, law_articles.c.text)
                .join(law_articles, law_articles.c.version_id == law_versions.c.id)
                .where(
                    law_versions.c.law == law,
                    near,
                    law_articles.c.number == number,
                )
                # just-laws is the better kept of the two.
                .order_by(law_versions.c.source)
            ).first()
            return None if row is None else _article(_stored(row).version, row)

    def keep_ledger(self, as_of: dt.date, lines: Iterable[Mapping[str, str]]) -> None:
        """Store a drawn ledger of freshness."""
        with self._store.write() as connection:
            connection.execute(
                insert(law_ledger).values(
                    drawn_at=self._clock.now(),
                    as_of=as_of,
                    lines=json.dumps(list(lines), ensure_ascii=False),
                )
            )

    def last_ledger(self) -> KeptLedger | None:
        """Return the ledger drawn last, if one was."""
        newest = select(func.max(law_ledger.c.id)).scalar_subquery()
        with self._store.read() as connection:
            row = connection.execute(select(law_ledger).where(law_ledger.c.id == newest)).first()
            if row is None:
                return None
            return KeptLedger(row.drawn_at, row.as_of, tuple(json.loads(row.lines)))


def _published() -> Select[tuple[object, ...]]:
    columns = [column for column in law_versions.c if column.name not in ("preamble", "annex")]
    return select(*columns).where(law_versions.c.published)


def _stored(row: Row[tuple[object, ...]]) -> StoredVersion:
    found = row._mapping
    version = Version(
        law=found["law"],
        title=found["title"],
        level=found["level"],
        passed=found["passed"],
        in_force_from=found["in_force_from"],
        in_force_until=found["in_force_until"],
        superseded_by=found["superseded_by"],
        source=found["source"],
        retrieved_on=found["retrieved_on"],
    )
    numbers = Numbers.read(found["numbers"])
    return StoredVersion(
        found["id"], found["file"], Dated(version, numbers if len(numbers) else None)
    )


def _article(version: Version, row: Row[tuple[object, ...]]) -> Article:
    found = row._mapping
    path = tuple(filter(None, found["path"].split("\n")))
    return Article(number=found["number"], version=version, text=found["text"], path=path)


def _chunks(ids: Collection[int]) -> Iterable[list[int]]:
    ordered = sorted(ids)
    return (ordered[i : i + _PARAMETERS] for i in range(0, len(ordered), _PARAMETERS))
