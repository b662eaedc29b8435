"""Checking, the pledge, the submission, and what an applicant sees and hands in afterwards."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

import pytest
from docx import Document
from sqlalchemy import insert

from bot.aid.paperwork import PaperState, Paperwork, Wanted
from bot.domain.aid import AidState
from bot.store.tables import staff
from bot.store.unit import Store
from bot.web.http import FILE_LIMIT
from tests.conftest import FixedClock
from tests.integration.aid.conftest import ANSWERS
from tests.integration.apply.conftest import Browser
from tests.pictures import JPEG, PNG


def handed_in(browser: Browser, **other: str) -> str:
    browser.begin().fill(**other)
    browser.submit()
    assert browser.path == "/apply/done", browser.words
    return browser.made[0].number


def test_the_pledge_tells_what_follows_from_it(citizen: Browser) -> None:
    citizen.begin().fill(until="group")
    assert citizen.get("/apply/pledge").path == "/apply/q/group"
    citizen.fill()
    assert citizen.path == "/apply/check"
    citizen.get("/apply/pledge")
    for article in ("第四十一条", "第四十八条", "第六十四条", "三千元以下罚款"):
        assert article in citizen.words
    assert "不由机器人决定" in citizen.words


@pytest.mark.parametrize("option", ["", "aid.pledge.disagree", "aid.pledge.perhaps"])
def test_without_the_pledge_nothing_is_sent(citizen: Browser, option: str) -> None:
    citizen.begin().fill()
    citizen.post("/apply/submit", option=option)
    assert citizen.page.status_code == 422
    assert citizen.made == []
    assert citizen.draft.active


def test_the_receipt_says_number_day_and_what_comes_next(citizen: Browser) -> None:
    number = handed_in(citizen)
    words = citizen.words
    assert number in words
    assert "2026-11-23 09:00" in words
    assert "2026年11月30日" in words
    assert "由工作人员决定" in words
    assert "视为撤回" in words
    assert "身份证" in words
    made = citizen.made[0]
    assert {key: made.fields[key] for key in ANSWERS} == dict(ANSWERS)


def test_submitting_twice_gives_the_same_number(citizen: Browser) -> None:
    number = handed_in(citizen)
    for _ in range(2):
        # The second click, the form after the back button, the retry after a lost answer.
        citizen.submit()
        assert citizen.path == "/apply/done"
        assert number in citizen.words
    assert citizen.get("/apply/check").path == "/apply"
    assert citizen.get("/apply/q/name").path == "/apply"
    assert [a.number for a in citizen.made] == [number]


def test_an_unfinished_draft_is_not_sent(citizen: Browser) -> None:
    citizen.begin().fill(until="facts")
    citizen.submit()
    assert citizen.path == "/apply/q/facts"
    assert citizen.made == []


def test_a_draft_put_aside_in_the_chat_is_not_sent_and_can_be_taken_up(citizen: Browser) -> None:
    citizen.begin().fill()
    citizen.mine.service.close(citizen.mine.conversation_id)
    citizen.submit()
    assert citizen.path == "/apply"
    assert citizen.made == []
    assert "没填完的申请" in citizen.words
    citizen.post("/apply/begin")
    assert citizen.path == "/apply/check"


def test_the_same_matter_is_not_taken_twice(visiting: Callable[[], Browser]) -> None:
    first, same, other = visiting(), visiting(), visiting()
    number = handed_in(first)
    same.begin().fill().submit()
    assert same.page.status_code == 409
    assert number in same.words
    same.post("/apply/begin")
    assert same.path == "/apply/q/matter"
    # Who knows the identity number alone hears of no application.
    other.begin().fill(phone="13900139000").submit()
    assert other.page.status_code == 409
    assert number not in other.page.text
    assert "当面核对身份" in other.words
    assert other.made == []


def test_the_own_applicant_downloads_the_form_and_nobody_else(
    visiting: Callable[[], Browser],
) -> None:
    first, other = visiting(), visiting()
    number = handed_in(first)
    answer = first.client.get(f"/apply/letter/{number}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["cache-control"] == "no-store"
    assert number not in answer.headers.get("location", "")
    other.begin()
    assert other.get(f"/apply/letter/{number}").page.status_code == 404
    assert first.get("/apply/letter/FY20260101-0001-0").page.status_code == 404


def first_paper(browser: Browser, paperwork: Paperwork) -> tuple[int, str]:
    made = browser.made[0]
    item = paperwork.of(made.id)[0]
    return item.id, f"/apply/papers/{made.number}/{item.id}"


def test_an_uploaded_paper_is_received_with_its_receipt(
    citizen: Browser, paperwork: Paperwork
) -> None:
    number = handed_in(citizen)
    item_id, path = first_paper(citizen, paperwork)
    answer = citizen.upload(path, PNG)
    assert answer.status_code == 200
    item = paperwork.of(citizen.made[0].id)[0]
    assert item.state is PaperState.RECEIVED
    assert item.file_id
    files = citizen.client.get("/apply/export").json()["files"]
    stored = next(f for f in files if f["id"] == item.file_id)
    assert stored["sha256"] in answer.text
    if hashlib.sha256(PNG).hexdigest() != stored["sha256"]:
        assert hashlib.sha256(PNG).hexdigest() in answer.text
    # Sent again after a lost answer: the same file, and one notice.
    citizen.upload(path, PNG)
    assert paperwork.of(citizen.made[0].id)[0].file_id == item.file_id
    assert len(citizen.client.get("/apply/export").json()["files"]) == 1
    citizen.mine.deliver()
    news = [words for words in citizen.mine.told() if item.label in words and "上传" in words]
    assert len(news) == 1
    citizen.get("/apply/status")
    assert "已收到" in citizen.words
    assert stored["sha256"] in citizen.page.text
    assert citizen.words.count("收到您交来的材料") == 1
    assert number in citizen.words
    assert item_id


def test_what_staff_has_marked_as_received_is_not_replaced_and_nothing_is_lost(
    citizen: Browser, paperwork: Paperwork, store: Store
) -> None:
    number = handed_in(citizen)
    made = citizen.made[0]
    item_id, path = first_paper(citizen, paperwork)
    citizen.upload(path, PNG)
    own = paperwork.of(made.id)[0].file_id
    assert own
    with store.write() as connection:
        zhao = connection.execute(
            insert(staff).values(
                login="zhao", name="赵", licence="", role="officer", password_hash="-",
                active=True, created_at=made.created_at,
            )
        ).inserted_primary_key  # fmt: skip
        assert zhao is not None
        paperwork.settle(connection, made.id, item_id, PaperState.RECEIVED, own, staff_id=zhao[0])
        citizen.mine.repository.record(connection, "1:赵", "papers_received", number, "已收到")
    assert "另外再传一张" in citizen.get("/apply/status").words
    answer = citizen.upload(path, JPEG, client_id="u2")
    assert answer.status_code == 200
    for said in ("没有替换", "请联系工作人员", "SHA-256"):
        assert said in citizen.words
    assert citizen.upload(path, JPEG, client_id="u2").status_code == 200
    assert paperwork.of(made.id)[0].file_id == own
    assert len(citizen.client.get("/apply/export").json()["files"]) == 2
    assert paperwork.with_news([number]) == {number}
    citizen.mine.deliver()
    assert sum("原来收到的没有动" in words for words in citizen.mine.told()) == 1


@pytest.mark.parametrize(
    ("body", "name", "said"),
    [(b"", "", "还没有选文件"), (b"MZ" + b"x" * 4000, "病毒.exe", "只支持 10 MB 以内")],
)
def test_a_file_that_is_none_is_refused_beside_its_field(
    citizen: Browser, paperwork: Paperwork, body: bytes, name: str, said: str
) -> None:
    handed_in(citizen)
    _, path = first_paper(citizen, paperwork)
    citizen.upload(path, body, name=name or "empty.png")
    assert citizen.page.status_code == 422
    assert said in citizen.words
    assert paperwork.of(citizen.made[0].id)[0].state is PaperState.OPEN


def test_a_file_that_is_too_big_gets_a_page(citizen: Browser, paperwork: Paperwork) -> None:
    handed_in(citizen)
    _, path = first_paper(citizen, paperwork)
    citizen.upload(path, PNG + b"\0" * (10 * 1024 * 1024))
    assert citizen.page.status_code == 422
    assert "10 MB 以内" in citizen.words
    citizen.upload(path, b"\0" * (FILE_LIMIT + 1))
    assert citizen.page.status_code == 413
    assert "内容太大" in citizen.words
    assert "text/html" in citizen.page.headers["content-type"]
    # Other forms take no megabytes.
    citizen.post("/apply/q/facts", text="字" * 40_000)
    assert citizen.page.status_code == 413


def test_papers_of_ended_applications_and_unknown_ones_are_not_taken(
    citizen: Browser, paperwork: Paperwork, store: Store
) -> None:
    number = handed_in(citizen)
    made = citizen.made[0]
    item_id, path = first_paper(citizen, paperwork)
    for wrong in (f"/apply/papers/{number}/999999", f"/apply/papers/{number}/x"):
        assert citizen.upload(wrong, PNG).status_code == 404
    with store.write() as connection:
        paperwork.settle(connection, made.id, item_id, PaperState.WAIVED)
    assert "不用交了" in citizen.get("/apply/status").words
    assert citizen.upload(path, PNG).status_code == 422
    citizen.mine.move(number, AidState.REFUSED, "不属于法律援助范围")
    answer = citizen.upload(path, PNG)
    assert answer.status_code == 422
    assert "不再收材料" in citizen.words
    assert citizen.client.get("/apply/export").json()["files"] == []


def test_the_progress_is_told_in_words_with_its_warning(
    citizen: Browser, paperwork: Paperwork, store: Store, clock: FixedClock
) -> None:
    number = handed_in(citizen)
    clock.advance(days=1)
    made = citizen.made[0]
    repository = citizen.mine.repository
    with store.write() as connection:
        own = repository.application(connection, number, lock=True)
        assert own is not None
        due = clock.now().date()
        paperwork.ask(connection, own, [Wanted(asked="工资卡流水")], due)
        repository.record(connection, "1:王", "reveal", number)
        repository.record(connection, "1:王", "internal_note", number, "此人多次来访")
        repository.record(connection, "1:王", "progress", number, "已经联系用人单位")
    citizen.mine.move(number, AidState.NEED_SUPPLEMENT, "请补工资卡流水")
    citizen.get("/apply/status")
    words = citizen.words
    assert "待补正" in words
    assert "视为撤回" in words
    assert "请补工资卡流水" in words
    assert "已经联系用人单位" in words
    assert "此人多次来访" not in words
    assert "工资卡流水" in words
    assert "2026年11月24日" in words
    steps = re.findall(r"<time datetime=\"([^\"]+)\"", citizen.page.text)
    assert steps == sorted(steps)
    assert len(steps) == 3
    assert made.number in words


def test_the_rights_of_who_has_a_lawyer_are_told(citizen: Browser) -> None:
    number = handed_in(citizen)
    citizen.mine.move(number, AidState.APPROVED)
    citizen.mine.move(number, AidState.ASSIGNED)
    words = citizen.get("/apply/status").words
    assert "第五十五条" in words
    assert "换承办人" in words
    citizen.mine.move(number, AidState.TERMINATED, "不再需要")
    assert "第四十九条" in citizen.get("/apply/status").words


def test_an_application_is_found_by_number_and_phone_alone(
    visiting: Callable[[], Browser],
) -> None:
    first, stranger = visiting(), visiting()
    number = handed_in(first)
    stranger.get("/apply/status")
    assert number not in stranger.words
    stranger.post("/apply/status", number=number, phone="8000")
    assert stranger.page.status_code == 200
    assert "已提交" in stranger.words
    assert "还没交" in stranger.words
    # Who looks in from outside sees no personal data and hands nothing in.
    for secret in ("张小明", "13800138000", ANSWERS["id_number"], "城东建筑公司"):
        assert secret not in stranger.page.text
    assert 'type="file"' not in stranger.page.text
    assert "/apply/letter/" not in stranger.page.text
    stranger.post("/apply/status", number=number.lower().replace("-", " "), phone="13800138000")
    assert "已提交" in stranger.words


@pytest.mark.parametrize("number", ["FY20261123-0001-6", "FY20261123-0099-9"])
def test_a_wrong_guess_says_nothing_and_is_counted(
    visiting: Callable[[], Browser], number: str
) -> None:
    first, stranger = visiting(), visiting()
    assert handed_in(first) == "FY20261123-0001-6"
    body = number.rpartition("-")[0]
    said = []
    for _ in range(6):
        stranger.post("/apply/status", number=body, phone="0000")
        assert stranger.page.status_code == 422
        said.append(re.search(r'class="wrong" id="number-wrong">([^<]+)', stranger.page.text))
    words = [found[1] for found in said if found]
    assert words[:5] == [words[0]] * 5
    assert "对不上" in words[0]
    assert "一小时后" in words[5]


@pytest.mark.parametrize(
    ("number", "phone", "said"),
    [
        ("", "8000", "编号不对"),
        ("FY20261123-0001-7", "8000", "编号不对"),
        ("工单 12345", "8000", "编号不对"),
        ("FY20261123-0001-6", "", "后四位"),
        ("FY20261123-0001-6", "7999 8000 8001", "后四位"),
    ],
)
def test_a_look_up_that_cannot_be_one_says_what_to_fill_in(
    visiting: Callable[[], Browser], number: str, phone: str, said: str
) -> None:
    first, stranger = visiting(), visiting()
    handed_in(first)
    stranger.post("/apply/status", number=number, phone=phone)
    assert stranger.page.status_code == 422
    assert said in stranger.words
    assert "已提交" not in stranger.words


def test_a_document_is_what_is_downloaded(citizen: Browser) -> None:
    import io

    number = handed_in(citizen)
    body = citizen.client.get(f"/apply/letter/{number}").content
    text = "\n".join(
        [p.text for p in Document(io.BytesIO(body)).paragraphs]
        + [
            cell.text
            for table in Document(io.BytesIO(body)).tables
            for row in table.rows
            for cell in row.cells
        ]
    )
    assert "张小明" in text
    assert ANSWERS["id_number"] in text
