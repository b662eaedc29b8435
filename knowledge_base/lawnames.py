"""Names of laws: from the title as printed or as people say it to the short name in keys.

A short name has no 中华人民共和国, no date and no 《》; a judicial interpretation keeps its
full title. Colloquial names come from ``lexicon/law_names.yml``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

LEXICON = Path(__file__).parent / "lexicon" / "law_names.yml"

_COUNTRY = "中华人民共和国"
_EDITION = re.compile(
    r"\s*[（(【\[]\s*(?:\d{4}\s*-\s*\d{1,2}\s*-\s*\d{1,2}|(?:19|20)\d{2}\s*年?\s*"
    r"(?:第[一二三四五六七八九十]+次)?(?:修正|修订|修改)?(?:版|本|文本)?|[\d\s年月日]*(?:修正|修订|修改|施行|新版))"
    r"\s*[）)】\]]\s*$"
)
_INNER = re.compile(r"《(?!中华人民共和国)([^《》]{1,20}?(?:法|法典))》")
_FOLDED_AWAY = re.compile(rf"[\s《》〈〉<>＜＞“”\"]|{_COUNTRY}")
_BEFORE_A_NAME = frozenset(
    "据照按依反犯用和与及或国行看查问说是的了下把从对像合于在由有新旧老原懂守以让给你我他她们里中个讲指称叫到过着为而想去年版"
)
_LONGEST_PLACE = 4
_LONGEST_WRITTEN = 140
"""Characters a law's name can take in a text, brackets and 中华人民共和国 included."""
_ELSEWHERE = re.compile(
    r"(?:日本|德国|法国|美国|英国|韩国|朝鲜|俄罗斯|加拿大|澳大利亚|新加坡|越南|缅甸|泰国|印度|欧盟|瑞士|意大利"
    r"|台湾|香港|澳门|北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北"
    r"|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|内蒙古|广西|西藏|宁夏|新疆|深圳|[省市县州]|自治区|特区"
    r"|军人|行政|城镇|国际)$"
)
"""What before a law's name makes it another law: of a country, a place, or of a special kind."""
_BRACKETS = str.maketrans({"(": "（", ")": "）", "〈": "《", "〉": "》", "＜": "《", "＞": "》",
                           "<": "《", ">": "》"})  # fmt: skip


def short_name(title: str) -> str:
    """Return the name used in article keys: ``中华人民共和国公司法（2023修订）`` is ``公司法``."""
    name = re.sub(r"\s+", "", title).translate(_BRACKETS)
    if name.startswith("《") and _closes_at(name) == len(name) - 1:
        name = name[1:-1]
    while (match := _EDITION.search(name)) and not name[: match.start()].endswith("修正案"):
        name = name[: match.start()]
    if name.startswith("最高人民"):
        # Official titles name the law in full; file names and citations often do not.
        return _INNER.sub(rf"《{_COUNTRY}\1》", name)
    return name.removeprefix(_COUNTRY)


def _closes_at(name: str) -> int:
    depth = 0
    for position, c in enumerate(name):
        depth += (c == "《") - (c == "》")
        if depth == 0:
            return position
    return -1


@functools.lru_cache(maxsize=8192)
def folded(name: str) -> str:
    """Return the form under which two spellings of one law's name are equal."""
    return _FOLDED_AWAY.sub("", short_name(name))


class LawNames:
    """The laws known by name, so that a citation without 《》 can be told from its sentence."""

    def __init__(self, aliases: Mapping[str, str], names: Iterable[str] = ()) -> None:
        """``aliases`` maps what people say to short names; ``names`` are further short names."""
        laws = {folded(name): short_name(name) for name in (*names, *aliases.values()) if name}
        for alias, name in aliases.items():
            laws.setdefault(folded(alias), short_name(name))
        self._laws = laws
        # Short nicknames are also the ends of other laws' names.
        self._nicknames = {n for n, law in laws.items() if len(n) < 5 and folded(law) != n}
        self._lengths = _lengths_by_ending(laws)
        self._last_characters = frozenset(name[-1] for name in laws) | {"》"}

    def with_names(self, names: Iterable[str]) -> LawNames:
        """Return a copy that also knows these short names."""
        return LawNames(self._laws, (*self._laws.values(), *names))

    def __len__(self) -> int:
        return len(self._laws)

    def short(self, name: str) -> str:
        """Return the short name of a law however it is called; an unknown one is only trimmed."""
        key = folded(name)
        # 《关于审理…的解释》 is how an interpretation is cited once its court has been named.
        issued = self._laws.get(f"最高人民法院{key}") if key.startswith("关于") else None
        return self._laws.get(key) or issued or short_name(name)

    def knows(self, name: str) -> bool:
        """Say whether this is the name or alias of a law in the lexicon."""
        return folded(name) in self._laws

    def ending_at(self, text: str, end: int, floor: int = 0) -> tuple[int, str] | None:
        """Find the longest known name that ends at ``end``: its start and its short name."""
        if end <= floor or text[end - 1] not in self._last_characters:
            return None
        start = max(floor, end - _LONGEST_WRITTEN)
        tail = text[start:end].translate(_BRACKETS)
        lengths: tuple[int, ...] = ()
        kept: list[str] = []
        places: list[int] = []
        place = len(tail)
        while place:
            if tail.endswith(_COUNTRY, 0, place):
                place -= len(_COUNTRY)
                if places:
                    places[-1] = place
                continue
            place -= 1
            if tail[place] in "，。；！？：\n,;!?:":
                break
            if tail[place] not in "《》 \t\u3000":
                kept.append(tail[place])
                places.append(place)
            # Two characters tell how long a name can be at all, which spares most of the way back.
            if len(kept) == 2:
                lengths = self._lengths.get(kept[1] + kept[0], ())
            if len(kept) > 1 and (not lengths or len(kept) > lengths[0] + _LONGEST_PLACE):
                break
        name = "".join(reversed(kept))
        for length in lengths:
            if length > len(name):
                continue
            law = self._laws.get(name[-length:])
            if law is None or _ELSEWHERE.search(name[:-length]):
                continue
            if name[-length:] not in self._nicknames or _stands_alone(name, length):
                return start + places[length - 1], law
        return None


def elsewhere(before: str) -> str:
    """Return the place or kind before a law's name that makes it another law, or nothing."""
    match = _ELSEWHERE.search(before.rstrip())
    return match[0] if match else ""


def _lengths_by_ending(names: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Return the lengths that names with each last pair of characters have, longest first."""
    found: dict[str, set[int]] = {}
    for name in names:
        found.setdefault(name[-2:], set()).add(len(name))
    return {ending: tuple(sorted(lengths, reverse=True)) for ending, lengths in found.items()}


def _stands_alone(text: str, length: int) -> bool:
    """Say whether the last characters are a word: 移民法 does not end with 民法."""
    if len(text) == length:
        return True
    before = text[-length - 1]
    return before in _BEFORE_A_NAME or not "一" <= before <= "龥"


@functools.cache
def known_laws() -> LawNames:
    """Return the names in the committed lexicon, read once.

    Raises FileNotFoundError if the lexicon is missing.
    """
    with LEXICON.open(encoding="utf-8") as file:
        lexicon = yaml.load(file, Loader=yaml.CSafeLoader)
    aliases = {alias: law for law, said in lexicon["aliases"].items() for alias in said}
    return LawNames(aliases, (*lexicon["aliases"], *lexicon["names"]))
