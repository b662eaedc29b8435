"""Administrative divisions: the place that somebody names, with its code (GB/T 2260)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_PROVINCE = re.compile(r'^(\d\d) province="([^"]+)"')
_COUNTY = re.compile(r'^ +(\d{4}) county="([^"]+)"')
_IN_USE = re.compile(r"(?:\[\d*-(?:20[2-9]\d)?\])?([^\[\]]+)")
"""A name with the years of its use; one that was given up a few years ago is still said."""
_MUNICIPALITIES = frozenset({"11", "12", "31", "50"})
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

    @property
    def is_narrow(self) -> bool:
        """Say whether it is a prefecture, a county, or a municipality under the state."""
        return self.level > 1 or self.code[:2] in _MUNICIPALITIES


def find_places(said: str) -> tuple[Place, ...]:
    """Return the places that a text may mean: the narrowest level named, within what is above it.

    One place is an answer, several are to be told apart, none is none.
    """
    named = _named(_BETWEEN.sub("", said))
    wider: list[_Named] = []
    found: list[_Named] = []
    for level in (1, 2, 3):
        # The same word names the wider place: 长沙 is the city and not its county.
        used = {(each.start, each.end) for each in wider}
        of_level = [e for e in named if e.place.level == level and (e.start, e.end) not in used]
        here = _narrowed(of_level, [each.place for each in wider])
        if here:
            found = here
            wider.extend(here)
    return tuple(dict.fromkeys(each.place for each in found))


@dataclass(frozen=True)
class _Named:
    """A place with where its name stands in a text, and whether it was written in full."""

    place: Place
    start: int
    end: int
    in_full: bool


def _named(text: str) -> list[_Named]:
    """Return what is named; a name inside a longer one names nothing: no 眉山市 in 峨眉山市."""
    found = [
        _Named(place, start, start + len(word), word == place.words[0])
        for place in _all()
        for word in place.words
        if (start := text.find(word)) >= 0
    ]
    spans = {(each.start, each.end) for each in found}
    whole = {
        span
        for span in spans
        if not any(o != span and o[0] <= span[0] and span[1] <= o[1] for o in spans)
    }
    return [each for each in found if (each.start, each.end) in whole]


def _narrowed(named: list[_Named], wider: list[Place]) -> list[_Named]:
    """Return those of one level that are meant: in full rather than short, inside a wider one."""
    # The narrower of the wider names decides: all three 桥西区 of 河北省 lie in the province.
    for level in (2, 1):
        scope = [each for each in wider if each.level == level]
        inside = [each for each in named if _is_in(each.place, scope)]
        if inside:
            named = inside
            break
    else:
        if wider:
            # What is only like the short name of somewhere else: 东莞市长安镇.
            named = [each for each in named if each.in_full]
    in_full = [each for each in named if each.in_full]
    return in_full or named


def place_name(code: str) -> str:
    """Return the name of a code, empty for one that is none."""
    return next((place.name for place in _all() if place.code == code), "")


def place_code(name: str) -> str:
    """Return the code of a whole name as ``Place`` writes it, empty for one that is none."""
    return next((place.code for place in _all() if place.name == name), "")


def _is_in(place: Place, wider: list[Place]) -> bool:
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
    # A name that moved to another code a few years ago stands twice.
    first: dict[str, Place] = {}
    for place in places:
        first.setdefault(place.name, place)
    return tuple(first.values())


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
