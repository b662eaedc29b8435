"""The wiring: an upload in the chat is news for the office, and the job's reminder is heard."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

from sqlalchemy import update

from bot.aid.paperwork import Wanted
from bot.aid.repository import AidRepository
from bot.app import housekeeping
from bot.domain.aid import AidState
from bot.store.tables import aid_applications
from tests.integration.aid.conftest import Applicant
from tests.integration.desk.whole import open_whole
from tests.live import until
from tests.pictures import JPEG

DUE = dt.date(2026, 12, 8)


def test_an_applicant_is_reminded_and_an_upload_is_noticed(tmp_path: Path) -> None:
    with open_whole(tmp_path) as whole:
        core, citizen = whole.core, whole.citizen()
        repository = AidRepository(core.store, whole.clock)
        applicant = Applicant(
            core.aid, core.conversations, citizen.session, repository, core.aid_changes, whole.clock
        )
        application = applicant.apply()
        number = application.number
        with core.store.write() as connection:
            core.paperwork.ask(connection, application, (Wanted(key="wages"),), DUE)
            connection.execute(
                update(aid_applications).values(
                    state=AidState.NEED_SUPPLEMENT,
                    supplement_by=DUE,
                    waiting_since=whole.clock.now(),
                )
            )
        sent = {"file": ("工资条.jpg", io.BytesIO(JPEG), "image/jpeg")}
        assert citizen.post("/files", data={"id": "f1"}, files=sent).status_code == 200
        assert core.paperwork.with_news([number]) == {number}

        whole.clock.moment = dt.datetime(2026, 12, 7, 1, tzinfo=dt.UTC)
        job = housekeeping(core)
        assert job.remind() == 1
        assert job.remind() == 0

        def heard_of_it() -> list[str]:
            return [words for words in citizen.heard_from("system") if "提醒您" in words]

        # The application delivers as well, and may be quicker.
        applicant.deliver()
        heard = until(heard_of_it)
        assert len(heard) == 1
        assert "欠薪的材料" in heard[0]
        assert "您后来上传的文件工作人员正在核对" in heard[0]
