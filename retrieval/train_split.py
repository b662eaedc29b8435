"""Which judged questions training may read: the split that makes the model card's scores honest."""

from __future__ import annotations

import hashlib


def fold_of(identifier: str, folds: int, seed: str) -> int:
    """Return a number below ``folds`` that depends on nothing but the identifier and the seed."""
    digest = hashlib.sha256(f"{seed}:{identifier}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % folds


def is_held_out(query_id: str) -> bool:
    """Tell whether a judged question belongs to the fifth that training never reads."""
    return fold_of(query_id, 5, "held-out") == 0
