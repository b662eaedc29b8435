"""Importing statute texts: the same base after every accident, on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from bot.errors import ImportCollision, StorageUnavailable, TooMuchWithdrawn
from bot.lawbase.corpus import every_version
from bot.lawbase.repository import LawRepository
from bot.lawbase.service import PATIENCE, LawImport
from bot.store.engine import make_engine
from bot.store.unit import Store
from knowledge_base.loader import ROOT as KB_ROOT
from knowledge_base.loader import load
from knowledge_base.sources import SOURCES, NotASource
from knowledge_base.versions import load_register
from tests.conftest import ROOT, FixedClock
from tests.integration.lawbase.conftest import write_law

read = SOURCES["lawrefbook"]
D = dt.date


def held(repository: LawRepository) -> dict[tuple[str, D | None], str]:
    """Return the third article of every published version."""
    found = {}
    for stored in repository.versions():
        article = repository.article(stored.version.law, stored.version.passed, "3")
        found[stored.version.law, stored.version.passed] = (article.text or "") if article else ""
    return found


def test_versions_articles_paths_and_items_are_kept(
    importing: LawImport, repository: LawRepository, book: Path
) -> None:
    result = importing.run("lawrefbook", read(book))
    assert (result.versions, result.articles, result.new, result.gone) == (3, 12, 3, 0)
    assert set(held(repository)) == {
        ("果园法", D(2020, 1, 2)), ("鱼塘法", D(2010, 1, 2)), ("鱼塘法", D(2022, 1, 2)),
    }  # fmt: skip
    second = repository.article("果园法", D(2020, 1, 2), "2")
    assert second is not None
    assert second.text == "本法所称的事情包括：\n（一）大事；\n（二）小事。"
    assert second.path == ("第一章 总则",)
    assert second.version.in_force_from == D(2020, 6, 1)
    assert second.version.retrieved_on == D(2026, 11, 23)
    assert second.version.source == "lawrefbook"


def test_a_version_is_stored_with_its_end_and_what_took_its_place(
    importing: LawImport, repository: LawRepository, book: Path
) -> None:
    importing.run("lawrefbook", read(book))
    ends = {
        (v.version.law, v.version.passed): (v.version.in_force_until, v.version.superseded_by)
        for v in repository.versions()
    }
    assert ends["鱼塘法", D(2010, 1, 2)] == (D(2022, 6, 1), "鱼塘法")
    assert ends["鱼塘法", D(2022, 1, 2)] == (None, "")
    write_law(book, "鱼塘法", "2024年1月2日", "2024年6月1日")
    importing.run("lawrefbook", read(book))
    later = {v.version.passed: v.version.in_force_until for v in repository.versions()}
    assert later[D(2022, 1, 2)] == D(2024, 6, 1)


def test_importing_again_writes_nothing(importing: LawImport, book: Path) -> None:
    importing.run("lawrefbook", read(book))
    again = importing.run("lawrefbook", read(book))
    assert (again.new, again.unchanged, again.gone) == (0, 3, 0)


def test_a_changed_text_replaces_the_old_and_a_removed_one_is_withdrawn(
    importing: LawImport, repository: LawRepository, book: Path
) -> None:
    importing.run("lawrefbook", read(book))
    write_law(book, "果园法", fine="九百")
    next(book.rglob("鱼塘法(2010*")).unlink()
    result = importing.run("lawrefbook", read(book))
    assert (result.new, result.unchanged, result.gone) == (1, 1, 2)
    assert "九百元" in held(repository)["果园法", D(2020, 1, 2)]
    assert ("鱼塘法", D(2010, 1, 2)) not in held(repository)


def test_single_files_add_to_their_source_and_leave_the_rest(
    importing: LawImport, repository: LawRepository, book: Path, tmp_path: Path
) -> None:
    importing.run("docx", read(book), whole=False)
    other = tmp_path / "other"
    write_law(other, "果园法", fine="八百")
    write_law(other, "蜂场法")
    result = importing.run("docx", read(other), whole=False)
    assert (result.new, result.gone) == (2, 1)
    assert len(held(repository)) == 4
    assert "八百元" in held(repository)["果园法", D(2020, 1, 2)]


def test_two_files_of_one_version_are_reported_and_one_is_kept(
    importing: LawImport, repository: LawRepository, book: Path
) -> None:
    write_law(book, "果园法", fine="五百五十", stem="果园法副本")
    result = importing.run("lawrefbook", read(book))
    assert result.versions == 3
    told = [p.problem for p in result.problems if "同一版本" in p.problem]
    assert told == ["与 社会法/果园法副本(2020-01-02).md 是同一版本，内容不同，取较全的一份"]


def test_a_gbk_file_is_read_and_reported_by_file_and_line(importing: LawImport, book: Path) -> None:
    write_law(book, "茶园法", encoding="gbk")
    result = importing.run("lawrefbook", read(book))
    assert result.versions == 4
    (told,) = [p for p in result.problems if "GBK" in p.problem]
    assert (told.file, told.line) == ("社会法/茶园法(2020-01-02).md", 1)


def test_a_truncated_file_is_reported_and_what_is_there_is_kept(
    importing: LawImport, book: Path
) -> None:
    path = write_law(book, "牧场法")
    text = path.read_text(encoding="utf-8")
    cut = text[: text.index("第四条")].rstrip().removesuffix("处五百元以下罚款。")
    path.write_text(cut + "应当由县级以上人民政府的有关主管部门", encoding="utf-8")
    result = importing.run("lawrefbook", read(book))
    assert result.versions == 4
    assert any("可能被截断" in p.problem and "牧场法" in p.file for p in result.problems)


def test_a_file_cut_inside_a_character_is_reported_and_the_others_are_kept(
    importing: LawImport, book: Path
) -> None:
    path = write_law(book, "牧场法")
    path.write_bytes(path.read_bytes()[:-5] + b"\xff\xfe\xff")
    result = importing.run("lawrefbook", read(book))
    assert any("没有读入" in p.problem for p in result.problems)
    assert result.articles == 12


def test_a_law_without_articles_is_kept_as_text_and_reported(
    importing: LawImport, repository: LawRepository, book: Path
) -> None:
    plain = "# 某批复\n\n<!-- INFO END -->\n\n一、可以。\n\n二、不可以。\n"
    (book / "司法解释").mkdir()
    (book / "司法解释" / "某批复(2000-01-02).md").write_text(plain, encoding="utf-8")
    result = importing.run("lawrefbook", read(book))
    assert result.versions == 4
    assert any("没有第…条" in p.problem for p in result.problems)
    stored = next(v for v in repository.versions() if v.version.law == "某批复")
    assert stored.dated.numbers is None
    assert repository.articles(stored.id) == ()


@pytest.mark.parametrize("source", ["lawrefbook", "just-laws"])
def test_a_folder_that_is_no_source_is_refused_in_words(source: str, tmp_path: Path) -> None:
    (tmp_path / "readme.md").write_text("# 你好\n\n随便写写。\n", encoding="utf-8")
    with pytest.raises(NotASource, match="不像"):
        SOURCES[source](tmp_path)


def test_sources_that_disagree_on_a_version_are_listed(
    importing: LawImport, book: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    write_law(other, "果园法", fine="六百")
    importing.run("lawrefbook", read(book))
    importing.run("just-laws", read(other))
    (found,) = importing.differences()
    assert (found.law, found.passed, found.number) == ("果园法", D(2020, 1, 2), "3")
    assert "六百元" in found.problem
    assert "五百元" in found.problem


def test_the_index_holds_every_version_between_its_days(
    importing: LawImport, repository: LawRepository, book: Path
) -> None:
    importing.run("lawrefbook", read(book))
    register = load_register().with_versions(v.dated for v in repository.versions())
    corpus = every_version(load(KB_ROOT), repository, register, D(2026, 11, 23))
    days = {
        (p.in_force_from, p.in_force_until) for p in corpus if p.key == "鱼塘法/3"
    }  # fmt: skip
    assert days == {(D(2010, 6, 1), D(2022, 6, 1)), (D(2022, 6, 1), None)}


KILLED = """
import os, signal, sys
from pathlib import Path
from bot.lawbase.repository import LawRepository
from bot.lawbase import service
from bot.store.engine import make_engine
from bot.store.unit import Store
from bot.domain.clock import SystemClock
from knowledge_base.sources import SOURCES

service.BATCH = 2
store = Store(make_engine(sys.argv[1]), None)
clock = SystemClock()

def die(done, total):
    if done >= 4:
        os.kill(os.getpid(), signal.SIGKILL)

report = SOURCES["lawrefbook"](Path(sys.argv[2]))
service.LawImport(LawRepository(store, clock), clock).run("lawrefbook", report, advance=die)
"""


def test_an_import_killed_halfway_leaves_the_old_base_and_goes_on_later(
    store: Store, importing: LawImport, repository: LawRepository, book: Path
) -> None:
    importing.run("lawrefbook", read(book))
    before = held(repository)
    for path in list(book.rglob("*.md")):
        path.unlink()
    for number in range(9):
        write_law(book, f"新法{number}")
    url = store.engine.url.render_as_string(hide_password=False)
    process = subprocess.run(
        [sys.executable, "-c", KILLED, url, str(book)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()
    assert held(repository) == before
    result = importing.run("lawrefbook", read(book))
    assert (result.new, result.unchanged, result.gone) == (5, 4, 3)
    assert len(held(repository)) == 9


def test_an_import_that_another_one_overtook_fails_and_changes_nothing(
    repository: LawRepository, book: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    write_law(other, "蜂场法")
    service = LawImport(repository, FixedClock())

    def overtake(_done: int, _all: int) -> None:
        LawImport(repository, FixedClock()).run("lawrefbook", read(other))

    with pytest.raises(ImportCollision):
        service.run("lawrefbook", read(book), advance=overtake)
    assert set(held(repository)) == {("蜂场法", D(2020, 1, 2))}
    assert service.run("lawrefbook", read(book)).new == 3


def test_a_folder_that_would_empty_the_base_needs_a_second_word(
    importing: LawImport, repository: LawRepository, book: Path, tmp_path: Path
) -> None:
    for number in range(30):
        write_law(book, f"某法{number}")
    importing.run("lawrefbook", read(book))
    other = tmp_path / "other"
    write_law(other, "蜂场法")
    with pytest.raises(TooMuchWithdrawn, match="33 个版本中的 33 个"):
        importing.run("lawrefbook", read(other))
    assert len(repository.versions()) == 33
    importing.run("lawrefbook", read(other), force=True)
    assert len(repository.versions()) == 1


def test_the_folder_of_one_source_is_no_folder_of_the_other(corpora: Path) -> None:
    with pytest.raises(NotASource, match="不像 LawRefBook"):
        read(corpora / "just-laws")
    with pytest.raises(NotASource, match="不像 just-laws"):
        SOURCES["just-laws"](corpora / "lawrefbook")
    with pytest.raises(NotASource, match="不像 LawRefBook"):
        read(corpora / "lawrefbook" / "民法典")
    with pytest.raises(NotASource, match="不像 LawRefBook"):
        read(corpora)


@pytest.fixture
def hasty(sqlite_store: Store) -> Iterator[Store]:
    """The same database through an engine that waits for no lock."""
    engine = make_engine(sqlite_store.engine.url.render_as_string(hide_password=False))

    def at_once(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA busy_timeout=10")

    event.listen(engine, "connect", at_once)
    yield Store(engine, sqlite_store.cipher)
    engine.dispose()


def test_a_locked_database_is_waited_for(hasty: Store, book: Path) -> None:
    blocker = sqlite3.connect(str(hasty.engine.url.database), isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    said: list[str] = []

    def pause(_seconds: float) -> None:
        if len(said) == 3 and blocker.in_transaction:
            blocker.execute("ROLLBACK")

    repository = LawRepository(hasty, FixedClock())
    service = LawImport(
        repository, FixedClock(), pause=pause, waiting=lambda: said.append("数据库正忙")
    )
    assert service.run("lawrefbook", read(book)).new == 3
    assert len(said) == 3
    blocker.close()


def test_a_database_locked_for_good_is_said_to_be_and_nothing_is_half_written(
    hasty: Store, book: Path
) -> None:
    blocker = sqlite3.connect(str(hasty.engine.url.database), isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    pauses: list[float] = []
    repository = LawRepository(hasty, FixedClock())
    service = LawImport(repository, FixedClock(), pause=pauses.append)
    with pytest.raises(StorageUnavailable):
        service.run("lawrefbook", read(book))
    assert len(pauses) == PATIENCE
    blocker.execute("ROLLBACK")
    blocker.close()
    assert repository.versions() == []
    assert service.run("lawrefbook", read(book)).new == 3


def test_the_real_collections_are_imported_whole(sqlite_store: Store, corpora: Path) -> None:
    repository = LawRepository(sqlite_store, FixedClock())
    service = LawImport(repository, FixedClock())
    book = service.run("lawrefbook", read(corpora / "lawrefbook"))
    just = service.run("just-laws", SOURCES["just-laws"](corpora / "just-laws"))
    stored = repository.versions()
    assert len({v.version.law for v in stored if v.version.source == "lawrefbook"}) >= 1390
    assert book.articles >= 59_000
    assert just.versions >= 310
    assert len(stored) == book.versions + just.versions
    former = repository.article("治安管理处罚法", D(2012, 10, 26), "43")
    assert former is not None
    assert "殴打他人" in (former.text or "")
