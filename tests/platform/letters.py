"""Writes the XML of what a follower sends, as the platform writes it."""

from __future__ import annotations

import re

Fields = list[tuple[str, "str | int | float | Fields"]]

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def envelope(to: str, openid: str, created_at: int, kind: str, fields: Fields) -> str:
    head: Fields = [("ToUserName", to), ("FromUserName", openid), ("CreateTime", created_at)]
    return f"<xml>{_written([*head, ('MsgType', kind), *fields])}</xml>"


def _written(fields: Fields) -> str:
    return "".join(f"<{name}>{_value(value)}</{name}>" for name, value in fields)


def _value(value: str | int | float | Fields) -> str:
    if isinstance(value, list):
        return _written(value)
    if isinstance(value, str):
        kept = _NOT_XML.sub("", value).replace("]]>", "]]]]><![CDATA[>")
        return f"<![CDATA[{kept}]]>"
    return str(value)
