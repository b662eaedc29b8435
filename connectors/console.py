"""Messages as plain text: the terminal channel, and what WeChat shows of a card."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from connectors.messages import Part

Body = Mapping[str, Any]


def render(parts: Iterable[Part], *, folded: bool = True) -> str:
    """Return the parts as text, one blank line between them.

    ``folded`` false leaves out what a visitor would have to open first.
    """
    blocks = (_RENDER[part.type](part.body, folded) for part in parts)
    return "\n\n".join(block for block in blocks if block)


def _text(body: Body, folded: bool) -> str:
    if body.get("collapsed") and not folded:
        return ""
    title = body.get("title")
    return f"【{title}】\n{body['text']}" if title else str(body["text"])


def _citations(body: Body, folded: bool) -> str:
    items = [item for item in body["items"] if folded or not item.get("folded")]
    lines = [f"· {item['title']}（{_held(item)}）：{item['gist']}{_change(item)}" for item in items]
    if not lines:
        return ""
    dated = [f"（法律库截至 {body['as_of']}）"] if body.get("as_of") else []
    return "\n".join([f"【{body.get('title', '法律依据')}】", *lines, *dated])


def _held(item: Body) -> str:
    """Name the version and the days between which it held."""
    until = f"，{item['in_force_until']} 前有效" if item.get("in_force_until") else ""
    return f"{item['version']} 版，{item['in_force_from']} 起施行{until}"


def _change(item: Body) -> str:
    return f"\n  {item['changed']}" if item.get("changed") else ""


def _cases(body: Body, _folded: bool) -> str:
    lines = [
        f"· {item['title']}（{item['source']}）\n  {item['holding']}\n  要旨：{item['point']}"
        for item in body["items"]
    ]
    return "【相似案例】\n" + "\n".join(lines)


def _services(body: Body, _folded: bool) -> str:
    lines = [f"· {item['number']}. {item['name']}：{item['content']}" for item in body["items"]]
    return "【可办理的服务】\n" + "\n".join(lines)


def _buttons(body: Body, _folded: bool) -> str:
    return " ".join(f"[{item['label']}]" for item in body["items"])


def _card(body: Body, _folded: bool) -> str:
    rows = "\n".join(f"{label}：{value}" for label, value in body["rows"])
    return f"【{body['title']}】\n{rows}"


def _file(body: Body, _folded: bool) -> str:
    return f"[文件] {body['name']}"


def _notice(body: Body, _folded: bool) -> str:
    return f"（{body['text']}）"


_RENDER: Mapping[str, Callable[[Body, bool], str]] = {
    "text": _text,
    "citations": _citations,
    "cases": _cases,
    "services": _services,
    "buttons": _buttons,
    "card": _card,
    "file": _file,
    "notice": _notice,
}
