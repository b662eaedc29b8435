"""What is shown of an application's answers where the whole is not needed."""

from __future__ import annotations

from bot.redact import mask_personal

_NAMES = frozenset({"name", "agent_name"})


def masked_name(name: str) -> str:
    """Return the family name with a star for each further character, three at most."""
    return name[:1] + "*" * min(len(name) - 1, 3)


def masked_phone(phone: str) -> str:
    """Return the phone number as 138****1234."""
    return f"{phone[:3]}****{phone[-4:]}"


def masked_id_number(number: str) -> str:
    """Return the first six and the last four digits."""
    return f"{number[:6]}********{number[-4:]}"


def shown(key: str, value: str, *, names: bool = True) -> str:
    """Return an answer with its numbers masked; ``names`` says whether names stay whole."""
    if not value:
        return value
    if key == "id_number":
        return masked_id_number(value)
    if key == "phone":
        return masked_phone(value)
    if key in _NAMES:
        return value if names else masked_name(value)
    return mask_personal(value)
