"""Keyed hashes of people's and firms' names: they can be compared, not read."""

from __future__ import annotations

from bot.dialogue.normalise import canonical
from bot.domain.roster import name_key
from bot.store.crypto import Cipher

NAME_HASH = "represented.name"
"""One context for clients, opponents and applicants, or their hashes could not be compared."""


def name_index(cipher: Cipher, name: str) -> str:
    """Return the hash of a name however it was written."""
    return cipher.blind_index(NAME_HASH, name_key(canonical(name)))
