"""The materials of an application: put down, asked for once, handed in, on both databases."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.aid.form import load_form
from bot.aid.paperwork import PaperItem, PaperState, Paperwork, Wanted, default_due, missing
from bot.domain.aid import AidState, Application
from bot.errors import NotFound
from bot.store.tables import aid_applications, aid_papers, audit, files
from bot.store.unit import Store
from bot.uploads.repository import UploadRepository
from tests.conftest import FixedClock
from tests.integration.aid.conftest import Applicant

DUE = dt.date(2026, 12, 8)


@pytest.fixture
def paperwork(store: Store, clock: FixedClock) -> Paperwork:
    return Paperwork(store, clock, load_form())


def ask(
    paperwork: Paperwork, store: Store, application: Application, *wanted: Wanted
) -> tuple[PaperItem, ...]:
    with store.write() as connection:
        return paperwork.ask(connection, application, wanted, DUE)


def states(paperwork: Paperwork, application: Application) -> dict[str, str]:
    return {item.key: item.state for item in paperwork.of(application.id)}


def trail(store: Store, number: str) -> list[str]:
    with store.read() as connection:
        query = select(audit.c.action).where(audit.c.subject == number).order_by(audit.c.id)
        return list(connection.execute(query).scalars())


def test_a_submission_puts_down_what_it_needs(applicant: Applicant, paperwork: Paperwork) -> None:
    application = applicant.apply()
    items = paperwork.of(application.id)
    assert [item.key for item in items] == ["identity", "migrant", "employer", "wages"]
    assert [item.deferrable for item in items] == [False, True, True, True]
    assert {item.state for item in items} == {PaperState.OPEN}
    assert {(item.due_on, item.file_id) for item in items} == {(None, None)}
    assert all(item.label and item.where for item in items)


def test_a_submission_that_is_repeated_puts_them_down_once(
    applicant: Applicant, paperwork: Paperwork
) -> None:
    application = applicant.apply()
    again = applicant.service.submit(applicant.conversation_id)
    assert again.number == application.number
    assert len(paperwork.of(application.id)) == 4


def test_everything_is_asked_for_at_once(
    applicant: Applicant, paperwork: Paperwork, store: Store
) -> None:
    application = applicant.apply()
    wanted = (
        Wanted(asked="工头  的电话"),
        Wanted(key="wages"),
        Wanted(key="identity"),
        Wanted(key="accident"),
        Wanted(key="wages"),
        Wanted(),
    )
    items = ask(paperwork, store, application, *wanted)
    assert [item.key for item in items] == ["identity", "wages", "accident", "own.1"]
    assert {item.due_on for item in items} == {DUE}
    assert items[-1].label == "工头 的电话"
    assert not items[-1].deferrable
    others = [i for i in paperwork.of(application.id) if i.key in ("migrant", "employer")]
    assert [item.due_on for item in others] == [None, None]


def test_own_words_are_encrypted(applicant: Applicant, paperwork: Paperwork, store: Store) -> None:
    ask(paperwork, store, applicant.apply(), Wanted(asked="工头张三的电话"))
    with store.read() as connection:
        stored = connection.execute(select(aid_papers.c.asked_enc)).scalars().all()
    kept = [value for value in stored if value is not None]
    assert len(kept) == 1
    assert "张三".encode() not in kept[0]


def test_the_same_words_again_are_the_same_paper(
    applicant: Applicant, paperwork: Paperwork, store: Store
) -> None:
    application = applicant.apply()
    first = ask(paperwork, store, application, Wanted(asked="工头的电话"), Wanted(asked="照片"))
    again = ask(paperwork, store, application, Wanted(asked="照片"), Wanted(asked="户口簿"))
    assert [item.key for item in first] == ["own.1", "own.2"]
    assert [item.key for item in again] == ["own.2", "own.3"]


def test_asking_again_opens_what_came(
    applicant: Applicant, paperwork: Paperwork, store: Store
) -> None:
    application = applicant.apply()
    item = paperwork.of(application.id)[0]
    with store.write() as connection:
        settled = paperwork.settle(connection, application.id, item.id, PaperState.RECEIVED)
    assert settled.state is PaperState.RECEIVED
    assert item.id not in {each.id for each in missing(paperwork.of(application.id))}
    (again,) = ask(paperwork, store, application, Wanted(key="identity"))
    assert (again.id, again.state, again.due_on) == (item.id, PaperState.OPEN, DUE)


def test_a_key_that_is_none_is_refused_and_changes_nothing(
    applicant: Applicant, paperwork: Paperwork, store: Store
) -> None:
    application = applicant.apply()
    before = paperwork.of(application.id)
    with pytest.raises(NotFound):
        ask(paperwork, store, application, Wanted(key="wages"), Wanted(key="horoscope"))
    assert paperwork.of(application.id) == before


def test_a_paper_of_another_application_cannot_be_settled(
    applicant: Applicant, paperwork: Paperwork, store: Store
) -> None:
    application = applicant.apply()
    item = paperwork.of(application.id)[0]
    with pytest.raises(NotFound), store.write() as connection:
        paperwork.settle(connection, application.id + 1, item.id, PaperState.WAIVED)
    assert set(states(paperwork, application).values()) == {"open"}


def test_a_paper_whose_kind_is_gone_is_still_shown(
    applicant: Applicant, paperwork: Paperwork, store: Store
) -> None:
    application = applicant.apply()
    with store.write() as connection:
        change = update(aid_papers).where(aid_papers.c.key == "wages")
        connection.execute(change.values(key="no_longer"))
    last = paperwork.of(application.id)[-1]
    assert last.key == "no_longer"
    assert last.label


def test_the_notice_names_everything_and_never_a_refusal(
    applicant: Applicant, paperwork: Paperwork, store: Store
) -> None:
    application = applicant.apply()
    items = ask(
        paperwork, store, application, Wanted(key="identity"), Wanted(asked="写明{大括号}的纸")
    )
    told = paperwork.notice_text(application, items, DUE)
    assert application.number in told
    assert "2026年12月8日前" in told
    assert "1. 申请人身份证明：身份证正反面拍照就行" in told
    assert "2. 写明{大括号}的纸\n" in told
    for words in ("回形针", "12348", "多给几天", "视为撤回申请", "第四十三条", "重新申请"):
        assert words in told
    for words in ("驳回", "拒绝", "不予"):
        assert words not in told


def test_the_default_day_is_a_working_day() -> None:
    assert default_due(dt.date(2026, 11, 20)) == dt.date(2026, 12, 7)


# --- uploads ----------------------------------------------------------------------------------


@pytest.fixture
def uploads(store: Store, clock: FixedClock, paperwork: Paperwork) -> UploadRepository:
    return UploadRepository(store, clock, (paperwork.note_upload,))


def upload(uploads: UploadRepository, conversation_id: str, client_id: str) -> None:
    file_id = uploads.file_id(conversation_id, client_id)
    uploads.add(conversation_id, file_id, "工资条.jpg", "image/jpeg", b"picture")


def test_an_upload_is_news_until_somebody_looks(
    applicant: Applicant, paperwork: Paperwork, uploads: UploadRepository, store: Store
) -> None:
    application = applicant.apply()
    number = application.number
    assert paperwork.with_news([number]) == frozenset()
    upload(uploads, applicant.conversation_id, "a")
    upload(uploads, applicant.conversation_id, "b")
    upload(uploads, applicant.conversation_id, "b")
    assert trail(store, number) == ["state.submitted", "papers_received"]
    assert paperwork.with_news([number, "FY20261123-0099-9"]) == {number}
    with store.write() as connection:
        applicant.repository.record(connection, "1:王", "file", number)
    assert paperwork.with_news([number]) == frozenset()
    upload(uploads, applicant.conversation_id, "c")
    assert paperwork.with_news([number]) == {number}
    assert set(states(paperwork, application).values()) == {"open"}


def test_an_upload_elsewhere_or_after_the_end_is_no_news(
    applicant: Applicant, paperwork: Paperwork, uploads: UploadRepository, store: Store
) -> None:
    application = applicant.apply()
    other = applicant.conversations.create("web", "v1")[0].id
    upload(uploads, other, "a")
    with store.write() as connection:
        change = update(aid_applications).values(state=AidState.WITHDRAWN)
        connection.execute(change.where(aid_applications.c.id == application.id))
    upload(uploads, applicant.conversation_id, "b")
    assert "papers_received" not in trail(store, application.number)
    assert paperwork.with_news([application.number]) == frozenset()


def test_a_file_that_is_erased_leaves_its_paper(
    applicant: Applicant, paperwork: Paperwork, uploads: UploadRepository, store: Store
) -> None:
    application = applicant.apply()
    upload(uploads, applicant.conversation_id, "a")
    file_id = uploads.file_id(applicant.conversation_id, "a")
    item = paperwork.of(application.id)[0]
    with store.write() as connection:
        paperwork.settle(connection, application.id, item.id, PaperState.RECEIVED, file_id)
    assert paperwork.of(application.id)[0].file_id == file_id
    with store.write() as connection:
        connection.execute(files.delete().where(files.c.id == file_id))
    kept = paperwork.of(application.id)[0]
    assert (kept.file_id, kept.state) == (None, PaperState.RECEIVED)


def test_the_same_paper_is_never_stored_twice(applicant: Applicant, store: Store) -> None:
    application = applicant.apply()
    row = {"application_id": application.id, "key": "wages", "deferrable": True, "state": "open"}
    with pytest.raises(IntegrityError), store.write() as connection:
        connection.execute(insert(aid_papers).values(row))


def test_a_file_is_not_stored_without_what_follows_it(
    applicant: Applicant, store: Store, clock: FixedClock
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    uploads = UploadRepository(store, clock, (fail,))
    with pytest.raises(RuntimeError):
        upload(uploads, applicant.conversation_id, "a")
    file_id = uploads.file_id(applicant.conversation_id, "a")
    assert uploads.find(applicant.conversation_id, file_id) is None
