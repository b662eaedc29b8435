"""The interface that the desk's scripts call."""

from __future__ import annotations

from bot.domain.matter import Outcome, Referral, next_number, spoken
from bot.matters.referral_repository import ReferralRepository
from tests.integration.matters.conftest import Building

NOBODY = "0" * 32


def test_a_conversations_matter_comes_with_number_state_term_and_every_move(
    building: Building,
) -> None:
    house = building.house
    conversation_id, matter = house.queued()
    house.clock.advance(hours=1)
    house.claim(conversation_id, house.wang)
    answer = building.browser("wang").get(f"/api/desk/matters/of/{conversation_id}")
    assert answer.status_code == 200
    found = answer.json()
    assert (found["number"], found["spoken"]) == (matter.number, spoken(matter.number))
    assert (found["state"], found["state_label"]) == ("in_progress", "办理中")
    assert (found["overdue"], found["mine"], found["holder"]) == (False, True, "王敏")
    assert found["due_at"].startswith("2026-11-26T02:00:00")
    assert [(move["action"], move["label"], move["actor"]) for move in found["moves"]] == [
        ("opened", "开单", "来访者"),
        ("taken", "接手", "王敏"),
    ]
    assert "13812345678" not in answer.text


def test_a_conversation_that_only_the_bot_had_has_no_matter(building: Building) -> None:
    lawyer = building.browser("wang")
    for conversation_id in (building.house.talk(), NOBODY):
        answer = lawyer.get(f"/api/desk/matters/of/{conversation_id}")
        assert (answer.status_code, answer.json()) == (200, None)
    assert lawyer.get("/api/desk/matters/of/nonsense").status_code == 422


def test_the_list_has_counts_and_the_same_filters_as_the_page(building: Building) -> None:
    house = building.house
    _, waiting = house.queued()
    conversation_id, _ = house.queued()
    taken = house.claim(conversation_id, house.wang)
    house.clock.advance(hours=1)
    lawyer = building.browser("wang")

    def listed(**query: str) -> list[str]:
        answer = lawyer.get("/api/desk/matters", params=query)
        assert answer.status_code == 200
        return [matter["number"] for matter in answer.json()["matters"]]

    assert listed() == [waiting.number, taken.number]
    assert listed(mine="true") == [taken.number]
    assert listed(overdue="true") == [waiting.number]
    assert listed(q=spoken(taken.number)) == [taken.number]
    assert listed(q=next_number(26, 900)) == []
    counts = lawyer.get("/api/desk/matters").json()["counts"]
    assert counts == {
        "states": {"waiting": 1, "in_progress": 1},
        "open": 2,
        "overdue": 1,
        "mine": 1,
    }
    assert lawyer.get("/api/desk/matters", params={"q": "12"}).status_code == 422


def test_another_offices_matter_is_refused(building: Building) -> None:
    house = building.house
    conversation_id, _ = house.queued()
    house.claim(conversation_id, house.wang)
    mediator = building.browser("li")
    assert mediator.get(f"/api/desk/matters/of/{conversation_id}").status_code == 403
    assert mediator.get("/api/desk/matters").json()["matters"] == []


def test_every_outcome_is_offered_with_its_chinese_name(building: Building) -> None:
    found = building.browser("wang").get("/api/desk/outcomes").json()
    assert {choice["value"] for choice in found} == set(Outcome)
    assert {"value": "referred_aid", "label": "转法律援助"} in found


def test_only_those_who_receive_visitors_are_answered(building: Building) -> None:
    for path in ("matters", f"matters/of/{NOBODY}", "outcomes"):
        assert building.browser().get(f"/api/desk/{path}").status_code == 401
        assert building.browser("sun").get(f"/api/desk/{path}").status_code == 403


def test_what_is_to_be_passed_on_is_marked_and_can_be_listed_alone(building: Building) -> None:
    house = building.house
    conversation_id, own = house.queued()
    repository = ReferralRepository(house.ledger, house.clock)
    found = repository.register(conversation_id, Referral.COURT_FEES, "", "想免交诉讼费")
    lawyer = building.browser("wang")
    (listed,) = lawyer.get("/api/desk/matters", params={"referral": "true"}).json()["matters"]
    assert (listed["number"], listed["referral"]) == (found.number, True)
    assert listed["reason"] == "转办：诉讼费缓交、减交、免交（司法救助）"
    # The conversation is about its own matter.
    of = lawyer.get(f"/api/desk/matters/of/{conversation_id}").json()
    assert (of["number"], of["referral"]) == (own.number, False)
