"""What of the settings of official accounts is refused at the start."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bot.settings import Settings, WeChatSettings


def test_two_accounts_with_one_app_id_are_refused_by_name() -> None:
    one = WeChatSettings(app_id="wx0000000000000001")
    with pytest.raises(ValidationError, match="同一个 AppID：wx0000000000000001"):
        Settings(wechat=one, wechat_more={"guandu": one})


def test_accounts_without_an_app_id_yet_are_no_pair() -> None:
    given = Settings(wechat=WeChatSettings(), wechat_more={"guandu": WeChatSettings()})
    assert set(given.wechat_more) == {"guandu"}
