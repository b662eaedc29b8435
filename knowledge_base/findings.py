"""What a check of the curated knowledge reports, and the words no entry may use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning"]

_WIN = "赢|胜诉|打赢|要回|拿到|获赔|成功|赔到"
_PROMISE = re.compile(
    rf"(?:一定|肯定|绝对|百分之百|100%|必定|必然)(?:能够?|会|可以)?(?:{_WIN})"
    rf"|保证(?:能够?|会|可以)?(?:让?[你您])?(?:{_WIN})|包赢|包打赢|包胜诉|稳赢|必胜|必赢"
)
# 不能保证胜诉 and 并非一定能赢 are the opposite of a promise.
_DENIED = re.compile(
    r"(?:不|无法|不能|没有人能|没人能|并非|不要轻信|谁也|轻信|承诺|声称|自称|宣称)[^，。；]{0,8}$"
)


@dataclass(frozen=True)
class Finding:
    """One mistake, told so that the writer of the entry can mend it."""

    file: str
    entry: str
    problem: str
    level: Level = "error"


def promise_in(text: str) -> str | None:
    """Return the first promise of an outcome in a text, if it makes one."""
    for promise in _PROMISE.finditer(text):
        if not _DENIED.search(text, max(0, promise.start() - 16), promise.start()):
            return promise[0]
    return None
