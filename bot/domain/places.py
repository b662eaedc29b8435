"""Administrative divisions: the place that somebody names, with its code (GB/T 2260)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_PROVINCE = re.compile(r'^(\d\d) province="([^"]+)"')
_COUNTY = re.compile(r'^ +(\d{4}) county="([^"]+)"')
_IN_USE = re.compile(r"(?:\[\d*-\])?([^\[\]]+)")
"""A name with the years of its use; one without a last year is used now."""
_NO_PLACE = frozenset(
    {"市辖区", "县"}
    | {f"{of}直辖县级行政{kind}" for of in ("省", "自治区") for kind in ("区划", "单位")}
)
_SUFFIX = re.compile(
    r"(?:特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|自治州|自治县|地区|省|市|区|县|盟|旗)$"
)
_PEOPLES = re.compile(
    r"(?:(?:满|回|蒙古|维吾尔|苗|彝|壮|布依|朝鲜|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|水|东乡|纳西|景颇|柯尔克孜"
    r"|土|达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|鄂温克|德昂|保安|裕固|独龙|鄂伦春|门巴|珞巴|基诺|藏)"
    r"族|蒙古|哈萨克|柯尔克孜|各族)+(?=自治[州县]$)"
)
_BETWEEN = re.compile(r"[\s,，、。·-]+")


@dataclass(frozen=True)
class Place:
    """A province, prefecture or county; ``code`` has six digits, ``name`` begins at the top."""

    code: str
    name: str
    words: tuple[str, ...]
    """What people write for its own part of the name."""

    @property
    def level(self) -> int:
        """Return 1 for a province, 2 for a prefecture, 3 for a county."""
        return 1 if self.code.endswith("0000") else 2 if self.code.endswith("00") else 3


def find_places(said: str) -> tuple[Place, ...]:
    """Return the places that a text may mean: the narrowest level named, within what is above it.

    One place is an answer, several are to be told apart, none is none.
    """
    text = _BETWEEN.sub("", said)
    wider: list[Place] = []
    found: tuple[Place, ...] = ()
    for level in (1, 2, 3):
        here = _narrowed([p for p in _all() if p.level == level], text, wider)
        if not here:
            continue
        found = here
        wider.extend(here)
        for place in here:
            # What is written in full is used up: 中山市 names no 中山区.
            text = next((text.replace(w, "") for w in place.words[:-1] if w in text), text)
    return found


def _narrowed(places: list[Place], text: str, wider: list[Place]) -> tuple[Place, ...]:
    """Return those of one level that are named, in full rather than short, inside a wider one."""
    named = [place for place in places if any(word in text for word in place.words)]
    written = [p for p in named if p.words[0] in text] or named
    # 城西区 holds no 西区: of names inside one another the longest was written.
    longest = max((len(p.words[0]) for p in written), default=0)
    in_full = [p for p in written if p.words[0] in text and len(p.words[0]) == longest]
    meant = in_full or written
    inside = [p for p in meant if _above(p, wider)]
    return tuple(inside or (in_full if in_full or wider else meant))


def place_name(code: str) -> str:
    """Return the name of a code, empty for one that is none."""
    return next((place.name for place in _all() if place.code == code), "")


def _above(place: Place, wider: list[Place]) -> bool:
    """Say whether a wider place that holds this one was named as well."""
    return any(place.code.startswith(each.code[: 2 * each.level]) for each in wider)


@cache
def _all() -> tuple[Place, ...]:
    """Read the present divisions from the table of python-stdnum."""
    lines = files("stdnum.cn").joinpath("loc.dat").read_text(encoding="utf-8").splitlines()
    places: list[Place] = []
    province = prefecture = ""
    head = ""
    for line in lines:
        if found := _PROVINCE.match(line):
            head, province = found[1], found[2]
            places.append(Place(f"{head}0000", province, _words(province)))
        elif (found := _COUNTY.match(line)) and (name := _in_use(found[2])):
            digits = found[1]
            if digits == "0000":
                continue
            if digits.endswith("00"):
                prefecture = "" if name in _NO_PLACE else name
                if prefecture:
                    places.append(Place(head + digits, province + name, _words(name)))
            elif name not in _NO_PLACE:
                # A municipality's county stands under 市辖区, which nobody says.
                whole = f"{province}{prefecture}{name}"
                places.append(Place(head + digits, whole, _words(name)))
    return tuple(places)


def _in_use(names: str) -> str:
    """Return the present one of a division's names, empty if it is no more."""
    present = (_IN_USE.fullmatch(name) for name in names.split(","))
    return next((found[1] for found in present if found), "")


def _words(name: str) -> tuple[str, ...]:
    """Return the name, and what it is called for short: 石林县 and 石林 for 石林彝族自治县."""
    plain = _PEOPLES.sub("", name)
    short = _SUFFIX.sub("", plain)
    called = [name, short + name[-1] if plain != name else "", short]
    return tuple(dict.fromkeys(word for word in called if len(word) > 1))
