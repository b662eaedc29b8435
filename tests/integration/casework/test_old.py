"""Applications from before the whole procedure was kept: few answers, no papers, no day."""

from __future__ import annotations

import pytest

from bot.aid.rows import FIELDS
from bot.aid.timeline import timeline
from bot.domain.aid import AidState
from bot.store.tables import aid_papers
from tests.conftest import FixedClock
from tests.integration.casework.conftest import Bureau, Pages, china_days

KEPT = ("name", "id_number", "phone", "matter", "facts", "group", "pledge")


def made_old(bureau: Bureau, **values: object) -> str:
    """Hand in an application and leave what one of the first version had."""
    number = bureau.hand_in()
    found = bureau.get(number)
    fields = {key: found.fields[key] for key in KEPT}
    with bureau.store.write() as connection:
        connection.execute(aid_papers.delete().where(aid_papers.c.application_id == found.id))
    bureau.set(
        number,
        fields_enc=bureau.store.cipher.encrypt_json(FIELDS, fields),
        **{"name_index": "", "opponent_index": "", "place": "", "office_id": None, **values},
    )
    return number


def test_one_of_the_first_version_is_read_and_decided(pages: Pages) -> None:
    bureau = pages.bureau
    number = made_old(bureau)
    page = pages.read("zhao", number)
    for says in ("张**", "讨要工资", "本人申请", "没有要交的材料"):
        assert says in page
    assert "张小明" in pages.of("zhao").post(f"/desk/aid/{number}/reveal").text
    for kind in ("application",):
        assert pages.of("zhao").get(f"/desk/aid/{number}/letters/{kind}").status_code == 200
    assert pages.step("zhao", number, "approve").status_code == 303
    li = bureau.person("li")
    assert pages.step("zhao", number, "assign", {"lawyer": str(li.id)}).status_code == 303
    assert pages.of("zhao").get(f"/desk/aid/{number}/letters/assignment").status_code == 200
    assert "讨要工资" in pages.read("li", number)
    assert [step.title for step in timeline(bureau.trail(number), bureau.casework.form)] == [
        "已提交", "决定给予", "已指派",
    ]  # fmt: skip


def test_one_that_waited_for_papers_goes_on_or_counts_as_withdrawn(
    bureau: Bureau, clock: FixedClock
) -> None:
    reviewing, zhao = bureau.casework.reviewing, bureau.person("zhao")
    waits = {
        "state": AidState.NEED_SUPPLEMENT,
        "waiting_since": clock.now(),
        "supplement_by": china_days(clock, 15),
    }
    going, gone = made_old(bureau, **waits), made_old(bureau, **waits)
    clock.advance(days=16)
    reviewing.resume(going, zhao)
    found = bureau.get(going)
    assert (found.state, found.waited_days) == (AidState.ACCEPTED, 16)
    assert found.decide_by == china_days(clock, 7)
    reviewing.withdraw(gone, zhao, warned=True)
    assert bureau.state(gone) is AidState.WITHDRAWN


@pytest.mark.parametrize("own", ["", "房东的证明"])
def test_one_that_has_no_list_of_papers_is_asked_in_own_words(bureau: Bureau, own: str) -> None:
    number, zhao = made_old(bureau), bureau.person("zhao")
    due = china_days(bureau.clock, 9)
    bureau.casework.reviewing.ask(number, zhao, (), own or "身份证", due)
    assert [item.label for item in bureau.items(number)] == [own or "身份证"]
