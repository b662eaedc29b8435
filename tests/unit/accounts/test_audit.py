"""The audit trail: append-only in the database, untouched by the product, readable in words."""

from __future__ import annotations

import ast
import re

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from bot.accounts.trail.schemas import Filter, Line
from bot.accounts.trail.service import PAGE
from bot.accounts.wording import load_wording
from bot.domain.aid import AidState
from bot.domain.people import Role, Staff
from bot.errors import BadInput, Forbidden
from bot.privacy.repository import PrivacyRepository
from bot.store.tables import audit
from bot.store.unit import Store
from tests.conftest import ROOT, FixedClock
from tests.unit.accounts.conftest import PASSWORD, Bureau

REFUSAL = "the audit trail is append-only"


def write(
    bureau: Bureau,
    actor: str,
    action: str,
    subject: str,
    note: str = "",
    context: str = "audit.note",
) -> None:
    with bureau.store.write() as connection:
        sealed = bureau.store.cipher.encrypt(context, note) if note else None
        connection.execute(
            insert(audit).values(
                at=bureau.clock.now(),
                actor=actor,
                action=action,
                subject=subject,
                note_enc=sealed,
            )
        )


def lines(bureau: Bureau, **wanted: str) -> tuple[Line, ...]:
    return bureau.trail.page(bureau.admin, Filter(**wanted)).lines


# Append-only


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'somebody else'",
        "UPDATE audit SET note_enc = NULL WHERE action = 'account_added'",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE action = 'account_added'",
    ],
)
def test_the_database_refuses_to_change_or_remove_a_row(bureau: Bureau, statement: str) -> None:
    before = bureau.actions()
    assert before
    with pytest.raises(DBAPIError, match=REFUSAL), bureau.store.write() as connection:
        connection.execute(text(statement))
    assert bureau.actions() == before


def test_sqlite_refuses_to_replace_a_row(sqlite_store: Store, clock: FixedClock) -> None:
    PrivacyRepository(sqlite_store, clock).note("c", "data_erased")
    with sqlite_store.read() as connection:
        (before,) = connection.execute(select(audit)).all()
    replace = (
        "INSERT OR REPLACE INTO audit (id, at, actor, action, subject)"
        f" VALUES ({before.id}, '2026-01-01', 'nobody', 'nothing', 'c')"
    )
    with pytest.raises(DBAPIError, match=REFUSAL), sqlite_store.write() as connection:
        connection.execute(text(replace))
    with sqlite_store.read() as connection:
        assert connection.execute(select(audit)).all() == [before]


def test_postgresql_refuses_to_empty_the_table(postgres_store: Store, clock: FixedClock) -> None:
    PrivacyRepository(postgres_store, clock).note("c", "data_erased")
    with pytest.raises(DBAPIError, match=REFUSAL), postgres_store.write() as connection:
        connection.execute(text("TRUNCATE audit"))
    with postgres_store.read() as connection:
        assert len(connection.execute(select(audit)).all()) == 1


def test_an_erased_conversation_keeps_its_audit(store: Store, clock: FixedClock) -> None:
    from bot.dialogue.repository import ConversationRepository

    conversations = ConversationRepository(store, clock)
    conversation, _ = conversations.create("web", "v1")
    rights = PrivacyRepository(store, clock)
    rights.note(conversation.id, "data_exported")
    conversations.erase(conversation.id)
    rights.note(conversation.id, "data_erased")
    with store.read() as connection:
        kept = connection.execute(select(audit.c.action).order_by(audit.c.id)).scalars().all()
    assert kept == ["data_exported", "data_erased"]


def test_nothing_in_the_product_updates_or_deletes_audit_rows() -> None:
    statement = re.compile(r"(?:update|delete from|truncate|drop table)\s+audit\b", re.I)
    found, writes = [], 0
    for path in sorted((ROOT / "bot").rglob("*.py")):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _is_about_audit(node):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                writes += name == "insert"
                if name in ("update", "delete", "drop"):
                    found.append(f"{path}:{node.lineno}")
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found += [f"{path}:{node.lineno}"] if statement.search(node.value) else []
    assert writes > 3
    assert found == []


def _is_about_audit(call: ast.Call) -> bool:
    of = call.func.value if isinstance(call.func, ast.Attribute) else None
    return any(isinstance(node, ast.Name) and node.id == "audit" for node in (*call.args[:1], of))


# Reading


@pytest.mark.parametrize("role", [Role.LAWYER, Role.MEDIATOR, Role.OFFICER])
def test_only_administrator_and_supervisor_read_it(bureau: Bureau, role: Role) -> None:
    reader = Staff(bureau.wang.id, "wang", "王敏", "", role)
    with pytest.raises(Forbidden):
        bureau.trail.page(reader, Filter())
    supervisor = Staff(bureau.wang.id, "wang", "王敏", "", Role.SUPERVISOR)
    assert bureau.trail.page(supervisor, Filter()).lines


def test_it_is_shown_newest_first_in_words(bureau: Bureau) -> None:
    bureau.clock.advance(hours=1)
    bureau.accounts.authenticate("wang", PASSWORD)
    newest, *_ = lines(bureau)
    assert newest == Line("2026-11-23 10:00:00", "王敏（wang）", "登录", "王敏（wang）", "")
    oldest = lines(bureau)[-1]
    assert (oldest.actor, oldest.action) == ("服务器上的命令", "添加账号")


def test_a_person_written_by_number_is_named_too(bureau: Bureau) -> None:
    write(bureau, "chen", "roster_away", f"staff:{bureau.wang.id}")
    write(bureau, "chen", "roster_away", "staff:999999")
    gone, line = lines(bureau)[:2]
    assert (line.action, line.subject) == ("暂停接新的来访者", "王敏（wang）")
    assert gone.subject == "staff:999999"


def test_a_role_is_named_in_words(bureau: Bureau) -> None:
    bureau.people.set_role(bureau.admin, bureau.wang.id, "mediator")
    assert lines(bureau)[0].action == "角色改为调解员"


def test_only_the_reason_of_a_reveal_is_shown(bureau: Bureau) -> None:
    write(bureau, "wang", "desk_reveal", "conversation:abc", "要给法院打电话")
    write(bureau, "7:王敏", "state.refused", "FY20261123-1", "收入超过标准")
    write(bureau, "7:王敏", "file", "FY20261123-1", "张小明的身份证.jpg")
    shown = {line.action: line.why for line in lines(bureau)[:3]}
    assert shown == {
        "显示会话里的完整号码": "要给法院打电话",
        "决定不予援助": "",
        "下载申请材料": "",
    }


def test_a_reason_that_cannot_be_read_does_not_break_the_page(bureau: Bureau) -> None:
    write(bureau, "wang", "desk_reveal", "conversation:abc", "要给法院打电话", "messages.parts")
    assert "读不出来" in lines(bureau)[0].why


def test_an_action_without_words_is_shown_as_it_is(bureau: Bureau) -> None:
    write(bureau, "ghost", "something_new", "thing:1")
    line = lines(bureau)[0]
    assert (line.actor, line.action, line.subject) == ("ghost", "something_new", "thing:1")


def test_one_persons_acts_are_found_however_the_rooms_write_them(bureau: Bureau) -> None:
    write(bureau, "wang", "desk_claim", "conversation:abc")
    write(bureau, f"{bureau.wang.id}:王敏", "reveal", "FY20261123-1")
    write(bureau, f"{bureau.wang.id}9:别人", "reveal", "FY20261123-1")
    write(bureau, "chen", "desk_claim", "conversation:def")
    for typed in ("wang", " Wang ", "王敏"):
        found = lines(bureau, actor=typed)
        assert [line.subject for line in found] == ["FY20261123-1", "会话 abc"]
    assert lines(bureau, actor="nobody") == ()


def test_the_visitors_acts_are_found_by_word(bureau: Bureau) -> None:
    write(bureau, "visitor", "data_exported", "abc")
    assert [line.actor for line in lines(bureau, actor="来访者")] == ["来访者"]


def test_a_subject_is_found_with_and_without_its_kind(bureau: Bureau) -> None:
    write(bureau, "wang", "desk_claim", "conversation:abc")
    write(bureau, "visitor", "data_erased", "abc")
    write(bureau, "wang", "desk_claim", "conversation:xabc")
    assert len(lines(bureau, subject="abc")) == 2
    assert len(lines(bureau, subject="conversation:abc")) == 1
    assert lines(bureau, subject="%") == ()


def test_a_day_is_a_day_in_china(bureau: Bureau, clock: FixedClock) -> None:
    clock.moment = clock.moment.replace(hour=15, minute=59)
    write(bureau, "wang", "desk_claim", "conversation:late")
    clock.advance(minutes=1)
    write(bureau, "wang", "desk_claim", "conversation:next")
    first = [line.subject for line in lines(bureau, day="2026-11-23", actor="wang")]
    second = [line.subject for line in lines(bureau, day="2026-11-24")]
    assert (first, second) == (["会话 late"], ["会话 next"])


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "0001-01-01", "9999-12-31", "2026年"])
def test_a_day_that_is_none_is_said_in_words(bureau: Bureau, day: str) -> None:
    with pytest.raises(BadInput, match="2026-11-23"):
        lines(bureau, day=day)


def test_a_long_trail_comes_in_pages_without_gap_or_repeat(bureau: Bureau) -> None:
    for number in range(PAGE + 20):
        write(bureau, "wang", "desk_claim", f"conversation:{number}")
    first = bureau.trail.page(bureau.admin, Filter(actor="wang"))
    assert first.older is not None
    rest = bureau.trail.page(bureau.admin, Filter(actor="wang"), first.older)
    assert rest.older is None
    seen = [line.subject for line in (*first.lines, *rest.lines)]
    assert seen == [f"会话 {number}" for number in reversed(range(PAGE + 20))]


def test_every_act_on_accounts_and_every_state_of_aid_has_words() -> None:
    wording = load_wording()
    acts = {"password_reset", "password_changed", *(f"role_set.{role}" for role in Role)}
    acts |= {f"state.{state}" for state in AidState}
    for path in (ROOT / "bot" / "accounts").rglob("repository.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("_log", "_end"):
                acts |= {
                    argument.value
                    for argument in node.args
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                }
    assert {"login", "session_ended", "codes_cleared", "account_deactivated"} <= acts
    assert {act for act in acts if wording.action(act) == act} == set()


def test_every_role_has_a_name() -> None:
    wording = load_wording()
    assert [code for code, _, _ in wording.roles()] == list(Role)
    assert len({name for _, name, _ in wording.roles()}) == len(Role)
