"""Which matters 法律援助法 lists, by article and item."""

from __future__ import annotations

from knowledge_base.rules.facts import Matter

LISTED: dict[Matter, str] = {
    "state_compensation": "31(1)",
    "social_insurance": "31(2)",
    "social_assistance": "31(2)",
    "death_pension": "31(3)",
    "support": "31(4)",
    "wage_arrears": "31(5)",
    "labour_relation": "31(5)",
    "capacity": "31(6)",
    "work_injury": "31(7)",
    "traffic_injury": "31(7)",
    "food_drug_injury": "31(7)",
    "medical_injury": "31(7)",
    "pollution": "31(8)",
    "criminal_victim": "29",
}
"""Matters for which people of small means may apply (29, 31)."""
UNCONDITIONAL: dict[Matter, str] = {
    "hero_kin_honour": "32(1)",
    "good_samaritan": "32(2)",
    "acquittal_compensation": "32(3)",
    "domestic_violence": "32(4)",
    "abandonment": "32(4)",
}
"""Matters for which means do not count (32)."""
UNNAMED: frozenset[Matter] = frozenset({"criminal_defence", "duty_lawyer", "retrial", "other"})
"""What no region can add: it has articles of its own (24, 25, 30, 33), or names nothing."""
