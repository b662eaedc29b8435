"""What lawyers do with colleagues: notes, transfers, guests, finding, conflicts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, select

from bot.dialogue.moves import Move
from bot.domain.conversation import Mode
from bot.domain.people import Role
from bot.errors import BadFile, BadInput, Forbidden, IllegalMove, NotFound
from bot.store.tables import audit
from bot.store.unit import Store
from connectors.messages import Outbound
from tests.conftest import FixedClock
from tests.office import Office, furnish
from tests.pictures import PNG


def test_a_note_is_for_colleagues_and_never_a_message(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    before = office.words(conversation_id)
    office.desk.note(conversation_id, office.wang, "当事人情绪激动，慢慢说")
    view = office.desk.open(conversation_id, office.wang)
    assert [(note.author, note.text) for note in view.notes] == [("王敏", "当事人情绪激动，慢慢说")]
    assert office.words(conversation_id) == before


@pytest.mark.parametrize("words", ["", "  ", "长" * 1001])
def test_an_empty_or_endless_note_is_refused(office: Office, words: str) -> None:
    conversation_id = office.queued()
    with pytest.raises(BadInput):
        office.desk.note(conversation_id, office.wang, words)


def test_a_transfer_keeps_the_place_and_tells_the_colleague_why(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    office.clock.advance(minutes=1)
    waiting = office.queued("后来的")
    office.desk.transfer(conversation_id, office.wang, office.li.id, "涉及工伤，请李律师接着谈")
    view = office.desk.queue(office.li)
    assert [entry.id for entry in view.queue] == [conversation_id, waiting]
    assert [entry.offered for entry in view.queue] == [True, False]
    assert [entry.offered for entry in office.desk.queue(office.wang).queue] == [False, False]
    assert office.desk.open(conversation_id, office.li).notes[0].text == "涉及工伤，请李律师接着谈"
    assert "不用重复" in office.words(conversation_id)[-1][1]
    with pytest.raises(Forbidden):
        office.desk.say(conversation_id, office.wang, "late", "我再补一句")


def test_a_transfer_needs_a_note_and_a_colleague_who_receives_visitors(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    with pytest.raises(BadInput, match="请写上内容"):
        office.desk.transfer(conversation_id, office.wang, office.li.id, " ")
    with pytest.raises(NotFound):
        office.desk.transfer(conversation_id, office.wang, 99, "请接着谈")
    assert office.conversations.get(conversation_id).mode is Mode.HUMAN


def test_an_invited_colleague_writes_too_but_cannot_end_it(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    with pytest.raises(Forbidden):
        office.desk.open(conversation_id, office.li)
    office.desk.invite(conversation_id, office.wang, office.li.id)
    assert office.desk.invite(conversation_id, office.wang, office.li.id) is None
    view = office.desk.open(conversation_id, office.li)
    assert (view.mine, view.owner) == (True, False)
    assert [guest.name for guest in view.guests] == ["李强"]
    office.desk.say(conversation_id, office.li, "a", "我补充一点。")
    assert [entry.id for entry in office.desk.queue(office.li).mine] == [conversation_id]
    with pytest.raises(Forbidden):
        office.desk.close(conversation_id, office.li)
    office.desk.uninvite(conversation_id, office.li, office.li.id)
    with pytest.raises(Forbidden):
        office.desk.say(conversation_id, office.li, "b", "还有一句。")


def test_guests_leave_with_the_conversation(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    office.desk.invite(conversation_id, office.wang, office.li.id)
    office.desk.give_back(conversation_id, office.wang)
    with pytest.raises(Forbidden):
        office.desk.say(conversation_id, office.li, "a", "我还在吗")


def test_a_lawyer_finds_his_own_past_conversations_and_the_supervisor_all(office: Office) -> None:
    conversation_id = office.queued("房东不退押金两千元")
    office.desk.claim(conversation_id, office.wang)
    office.desk.close(conversation_id, office.wang)
    chief = office.hire("zhou", "周主任", Role.SUPERVISOR)
    assert [entry.id for entry in office.desk.find(office.wang, "押金")] == [conversation_id]
    assert office.desk.find(office.wang, "离婚") == ()
    assert office.desk.find(office.li, "押金") == ()
    assert [entry.id for entry in office.desk.find(chief, "")] == [conversation_id]
    assert office.desk.open(conversation_id, chief).mine is False


def test_nobody_finds_what_only_the_bot_heard(office: Office) -> None:
    conversation, _ = office.conversations.create("web", "v1")
    office.visitor_says(conversation.id, "押金不退")
    chief = office.hire("zhou", "周主任", Role.SUPERVISOR)
    assert office.desk.find(chief, "") == ()
    with pytest.raises(Forbidden):
        office.desk.open(conversation.id, chief)


def test_numbers_are_shown_only_for_a_reason_that_is_kept(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    with pytest.raises(BadInput):
        office.desk.reveal(conversation_id, office.wang, " ")
    office.desk.reveal(conversation_id, office.wang, "回电联系")
    with office.store.read() as connection:
        sealed = connection.execute(
            select(audit.c.note_enc).where(audit.c.action == "desk_reveal")
        ).scalars()
        assert [office.store.cipher.decrypt("audit.note", note) for note in sealed] == ["回电联系"]


def test_a_mediator_receives_visitors_but_sees_no_whole_numbers(office: Office) -> None:
    mediator = office.hire("wu", "吴调解", Role.MEDIATOR)
    conversation_id = office.queued()
    office.desk.claim(conversation_id, mediator)
    with pytest.raises(Forbidden):
        office.desk.reveal(conversation_id, mediator, "回电联系")


def test_a_file_of_the_lawyer_reaches_the_visitor_once(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    for _ in range(2):
        office.desk.send_file(conversation_id, office.wang, "f1", "仲裁申请书.png", PNG)
    files = [
        part.body["name"]
        for message in office.conversations.after(conversation_id, 0)
        for part in message.parts
        if part.type == "file"
    ]
    assert files == ["仲裁申请书.png"]
    with pytest.raises(BadFile):
        office.desk.send_file(conversation_id, office.wang, "f2", "病毒.png", b"MZ\x90\x00")


class Represents:
    """Says who represents the other side of which conversation."""

    def __init__(self) -> None:
        self.of: dict[int, set[str]] = {}

    def seen(self, staff_id: int) -> None:
        pass

    def barred(self, staff_id: int) -> set[str]:
        return self.of.get(staff_id, set())

    def answer_by(self, conversation_ids: object) -> dict[str, dt.datetime]:
        return {}

    def office_name(self, person: object) -> str:
        return ""


def test_a_lawyer_of_the_other_side_neither_sees_nor_takes_it(
    sqlite_store: Store, clock: FixedClock
) -> None:
    conflicts = Represents()
    office = furnish(sqlite_store, clock, conflicts)
    conversation_id = office.queued()
    conflicts.of[office.li.id] = {conversation_id}
    assert office.desk.queue(office.li).queue == ()
    for attempt in (
        lambda: office.desk.open(conversation_id, office.li),
        lambda: office.desk.claim(conversation_id, office.li),
    ):
        with pytest.raises(Forbidden, match="利益冲突"):
            attempt()
    office.desk.claim(conversation_id, office.wang)
    for attempt in (
        lambda: office.desk.transfer(conversation_id, office.wang, office.li.id, "请接"),
        lambda: office.desk.invite(conversation_id, office.wang, office.li.id),
    ):
        with pytest.raises(Forbidden, match="利益冲突"):
            attempt()


def test_other_rooms_follow_every_move_in_its_transaction(
    sqlite_store: Store, clock: FixedClock
) -> None:
    followed: list[tuple[str, str, str, str]] = []

    class Follower:
        def said(self, connection: Connection, message: Outbound, in_reply_to: int | None) -> None:
            pass

        def moved(self, connection: Connection, move: Move) -> None:
            followed.append((move.actor, move.came_from, move.to, move.outcome or move.note))

        def forget(self, connection: Connection, ids: Sequence[str], now: dt.datetime) -> None:
            raise AssertionError("nothing is erased here")

    office = furnish(sqlite_store, clock, followers=[Follower()])
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    office.desk.transfer(conversation_id, office.wang, None, "专业不对口")
    office.desk.claim(conversation_id, office.li)
    office.desk.close(conversation_id, office.li, "advised", "先申请仲裁")
    office.visitor_says(conversation_id, "又有新情况")
    assert followed == [
        ("visitor", "bot", "queued", ""),
        ("wang", "queued", "human", ""),
        ("wang", "human", "queued", "专业不对口"),
        ("li", "queued", "human", ""),
        ("li", "human", "closed", "advised"),
        ("visitor", "closed", "bot", ""),
    ]


def test_a_follower_that_fails_undoes_the_move(sqlite_store: Store, clock: FixedClock) -> None:
    class Broken:
        def said(self, connection: Connection, message: Outbound, in_reply_to: int | None) -> None:
            pass

        def moved(self, connection: Connection, move: Move) -> None:
            if move.to is Mode.HUMAN:
                raise IllegalMove

        def forget(self, connection: Connection, ids: Sequence[str], now: dt.datetime) -> None:
            raise AssertionError("nothing is erased here")

    office = furnish(sqlite_store, clock, followers=[Broken()])
    conversation_id = office.queued()
    with pytest.raises(IllegalMove):
        office.desk.claim(conversation_id, office.wang)
    assert office.conversations.get(conversation_id).mode is Mode.QUEUED


def test_reading_is_remembered_and_only_grows(office: Office) -> None:
    conversation_id = office.queued()
    office.desk.claim(conversation_id, office.wang)
    assert office.desk.saw(conversation_id, office.wang, 5)
    assert not office.desk.saw(conversation_id, office.wang, 3)
    with pytest.raises(Forbidden):
        office.desk.saw(conversation_id, office.li, 9)
