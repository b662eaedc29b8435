"""One JSON object a line, as the commands for measuring read them (docs/measuring.md)."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ValidationError

Row = dict[str, Any]
C = TypeVar("C", bound=BaseModel)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_ALWAYS = {"id": "要是字符串或整数", "on": "要写成 2026-11-23"}


def _iso(value: object) -> object:
    if not isinstance(value, str) or _ISO.fullmatch(value) is None:
        raise ValueError("no day")
    return value


Day = Annotated[dt.date, BeforeValidator(_iso)]


def read_line(shape: type[C], line: str, written: Mapping[str, str]) -> C | Row:
    """Return the case of one line, or the row that says what is wrong with it.

    ``written`` tells for each field how it is written.
    """
    try:
        raw = json.loads(line)
        json.dumps(raw, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return {"id": None, "error": "这一行不是 JSON，或含有不成字的编码"}
    if not isinstance(raw, dict):
        return {"id": None, "error": "每行要是一个 {…}"}
    try:
        return shape.model_validate(raw)
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        how = written.get(field) or _ALWAYS.get(field, "写法不对")
        return {"id": raw.get("id"), "error": f"{field} {how}"}
