"""Every endpoint of the application, tried by those who have no business with what it is about.

Somebody's application, file, conversation and matter are asked for by nobody in particular, by
another citizen, by an officer of another office and by a lawyer to whom nothing is assigned. None
of them learns anything, and nothing of it is changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import select, update

from bot.app import make_accounts, make_links
from bot.apply.session import COOKIE as APPLY_COOKIE
from bot.h5.session import COOKIE as H5_COOKIE
from bot.official import make_followers
from bot.settings import WeChatSettings
from bot.store.tables import (
    aid_applications,
    aid_papers,
    conversations,
    files,
    matters,
    messages,
    offices,
    staff,
)
from bot.web.staff import COOKIE as STAFF_COOKIE
from tests.integration.aid.conftest import ANSWERS
from tests.integration.desk.whole import PASSWORD, Citizen, Whole, open_whole
from tests.pictures import PNG

STORY = "去年三月到六月在城东工地干活，老板拖欠工资两万元。"
SECRETS = ("张小明", "11010519491231002X", "13800138000", "城东建筑公司", STORY, "暗号三叶草")

OPEN = {
    "/", "/services", "/services.json", "/docs", "/openapi.json", "/healthz", "/readyz", "/metrics",
    "/calculate", "/calculate/{name}", "/widget.js", "/widget/frame", "/widget/static/{path}",
    "/api/web/sessions", "/api/web/continuations/redeem",
    "/desk", "/desk/login", "/desk/login/code",
    "/apply", "/apply/begin", "/apply/enter", "/apply/resume", "/apply/large", "/apply/status",
    "/apply/leave",
    "/wechat", "/wechat/{name}", "/MP_verify_{code}.txt",
    "/m/{token}", "/m/oauth", "/m/notified", "/m/services", "/m/calculate", "/m/large", "/m/erased",
}  # fmt: skip
"""What anybody may ask for; a new endpoint that is none of these must know who is asking."""
OFFICIAL = WeChatSettings(
    app_id="wx0000000000000001", token=SecretStr("token1"), aes_key=SecretStr("a" * 43)
)
"""An official account, so that its callback and the pages of its followers are there."""
REFUSED = (303, 401, 403, 404, 405)


@dataclass
class Owned:
    """What belongs to one citizen, one office and one lawyer."""

    whole: Whole
    owner: Citizen
    ids: dict[str, str]

    def snapshot(self) -> list[Any]:
        """Return every row that is the owner's."""
        mine = self.owner.session
        held: list[Any] = []
        with self.whole.core.store.read() as connection:
            for table, column in (
                (aid_applications, aid_applications.c.conversation_id),
                (conversations, conversations.c.id),
                (files, files.c.conversation_id),
                (messages, messages.c.conversation_id),
                (matters, matters.c.conversation_id),
            ):
                held.extend(connection.execute(select(table).where(column == mine)).all())
            held.extend(connection.execute(select(aid_papers)).all())
        return held

    def path(self, template: str) -> str:
        """Return a path with the owner's ids in it."""
        number = self.ids["matter" if "/matters" in template else "number"]
        filled = {**self.ids, "number": number}
        return re.sub(r"\{(\w+)(?::\w+)?\}", lambda m: filled.get(m[1], "1"), template)


@pytest.fixture(scope="module")
def owned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    given = {"wechat": OFFICIAL, "public_url": "https://12348.example.cn"}
    folder = tmp_path_factory.mktemp("a")
    with pytest.MonkeyPatch.context() as patch, open_whole(folder, **given) as whole:
        patch.setenv("NO_PROXY", "*")
        accounts = make_accounts(whole.core)
        for login, role in (("here", "officer"), ("there", "officer"), ("alone", "lawyer")):
            accounts.add(login, login, "", role, PASSWORD)
        with whole.core.store.write() as connection:
            for number, name in ((1, "官渡"), (2, "盘龙")):
                connection.execute(
                    offices.insert().values(
                        id=number, name=name, phone="", hours='{"weekly": {}}', active=True,
                        areas="530111" if number == 1 else "530103",
                    )
                )  # fmt: skip
            for login, number in (("here", 1), ("there", 2), ("alone", 2)):
                connection.execute(
                    update(staff).where(staff.c.login == login).values(office_id=number)
                )
        owner = whole.citizen()
        owner.tell("老板拖欠我工资，暗号三叶草")
        owner.tell("转人工")
        kept = owner.client.post(
            "/api/web/files",
            headers={"Authorization": f"Bearer {owner.token}"},
            data={"id": "up1"},
            files={"file": ("暗号三叶草.png", PNG, "image/png")},
        )
        assert kept.status_code == 200, kept.text
        aid = whole.core.aid
        draft = aid.open(owner.session)
        while not aid.form.is_complete(draft.values, aid.today()):
            aid.answer(owner.session, ANSWERS[aid.asked(draft).key])
            found = aid.draft(owner.session)
            assert found is not None
            draft = found
        number = aid.submit(owner.session).number
        # Now, so that the outbox has nothing left to say while the rows are watched.
        aid.notify_submitted({"number": number, "conversation_id": owner.session})
        with whole.core.store.read() as connection:
            matter = connection.execute(
                select(matters.c.number).where(matters.c.conversation_id == owner.session)
            ).scalar_one()
            paper = connection.execute(select(aid_papers.c.id)).scalars().first()
        ids = {
            "number": number,
            "matter": str(matter),
            "conversation_id": owner.session,
            "file_id": str(kept.json()["file"]["id"]),
            "item": str(paper),
            "kind": "application",
            "step": "approve",
            "key": "name",
            "what": "cases",
            "ending": "csv",
            "name": "severance",
        }
        yield Owned(whole, owner, ids)


def routes_of(routes: Any) -> Iterator[tuple[str, str]]:
    """Yield the method and path of every route, those of included routers too."""
    for route in routes:
        if hasattr(route, "effective_candidates"):
            yield from routes_of(route.effective_candidates())
        for method in sorted(getattr(route, "methods", None) or ()):
            if method not in ("HEAD", "OPTIONS"):
                yield method, route.path


def ask(owned: Owned, client: TestClient, method: str, template: str, **headers: str) -> Any:
    path = owned.path(template)
    body = {
        "number": owned.ids["number"], "phone": "0000", "q": "13800138001", "text": "x",
        "key": "name", "option": "", "id": "z1", "to": "approved", "note": "理由", "reason": "理由",
        "reasons": "理由", "lawyer": "1", "token": "0" * 43, "code": "00000000", "device": "d1",
    }  # fmt: skip
    if method == "GET":
        return client.get(path, headers=headers)
    if path.startswith("/api/"):
        return client.request(method, path, headers=headers, content=json.dumps(body))
    return client.request(method, path, headers=headers, data=body)


def assert_nothing_told(owned: Owned, answer: Any, what: str) -> None:
    assert answer.status_code != 500, what
    told = [secret for secret in SECRETS if secret in answer.text]
    assert told == [], f"{what} tells {told}"


def all_routes(owned: Owned) -> list[tuple[str, str]]:
    found = sorted(set(routes_of(owned.whole.app.router.routes)))
    assert len(found) > 100
    return found


def signed_in(owned: Owned, login: str) -> TestClient:
    client = owned.whole.browser()
    answer = client.post("/desk/login", data={"login": login, "password": PASSWORD})
    assert answer.status_code == 303
    client.headers["X-Lawbridge"] = "desk"
    return client


def test_whoever_is_nobody_gets_only_what_is_for_everybody(owned: Owned) -> None:
    before = owned.snapshot()
    for method, path in all_routes(owned):
        answer = ask(owned, owned.whole.browser(), method, path)
        assert_nothing_told(owned, answer, f"{method} {path}")
        if path not in OPEN:
            assert answer.status_code in REFUSED, f"{method} {path}: {answer.status_code}"
    assert owned.snapshot() == before


def test_no_citizen_sees_or_changes_what_is_another_s(owned: Owned) -> None:
    before = owned.snapshot()
    for method, path in all_routes(owned):
        other = owned.whole.citizen()
        client = owned.whole.browser()
        client.cookies.set(APPLY_COOKIE, other.token)
        client.cookies.set(STAFF_COOKIE, other.token)
        answer = ask(owned, client, method, path, Authorization=f"Bearer {other.token}")
        assert_nothing_told(owned, answer, f"{method} {path}")
    assert owned.snapshot() == before


def test_no_follower_of_the_account_sees_or_changes_what_is_another_s(owned: Owned) -> None:
    core = owned.whole.core
    before = owned.snapshot()
    for place, (method, path) in enumerate(all_routes(owned)):
        follower = make_followers(core).meet(OFFICIAL.app_id, f"oSomebody{place}")
        assert follower.conversation_id is not None
        links = make_links(core)
        link = links.link(follower.id, follower.conversation_id, "me")
        key = links.open(link.rpartition("/")[2], "0" * 32)
        client = owned.whole.browser()
        client.cookies.set(H5_COOKIE, key)
        client.cookies.set(APPLY_COOKIE, key)
        answer = ask(owned, client, method, path, Authorization=f"Bearer {key}")
        assert_nothing_told(owned, answer, f"{method} {path}")
    assert owned.snapshot() == before


def test_no_officer_of_another_office_sees_or_changes_an_application(owned: Owned) -> None:
    before = owned.snapshot()
    client = signed_in(owned, "there")
    for method, path in all_routes(owned):
        if "logout" in path:
            continue
        answer = ask(owned, client, method, path)
        assert_nothing_told(owned, answer, f"{method} {path}")
        if path.startswith("/desk/aid/{number}"):
            assert answer.status_code == 404, f"{method} {path}: {answer.status_code}"
    assert owned.snapshot() == before
    assert owned.ids["number"] not in client.get("/desk/aid").text
    assert owned.ids["number"] in signed_in(owned, "here").get("/desk/aid").text


def test_no_lawyer_sees_an_application_that_is_not_assigned_to_her(owned: Owned) -> None:
    before = owned.snapshot()
    client = signed_in(owned, "alone")
    for method, path in all_routes(owned):
        if path.startswith(("/desk/aid", "/desk/statistics")):
            answer = ask(owned, client, method, path)
            assert_nothing_told(owned, answer, f"{method} {path}")
            assert owned.ids["number"] not in answer.text or method == "POST"
    assert owned.snapshot() == before


def test_the_owner_and_the_office_do_see_it(owned: Owned) -> None:
    """Or the tests above would pass over an application that nobody can open."""
    client = owned.whole.browser()
    client.cookies.set(APPLY_COOKIE, owned.owner.token)
    assert owned.ids["number"] in client.get("/apply/status").text
    shown = signed_in(owned, "here").get(f"/desk/aid/{owned.ids['number']}")
    assert STORY in shown.text
    assert "张小明" not in shown.text
