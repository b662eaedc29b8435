"""Legal citations in Chinese text: find them and name the article each one means.

Understands 《…》 and bare names, everyday short names, any numerals, 之N, 款, 项, lists and
references back (同法, 该法). It does not decide which text held on a date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from knowledge_base.lawnames import LawNames, elsewhere, known_laws, short_name
from knowledge_base.numerals import to_chinese, to_int

__all__ = ["Citation", "article_title", "key_of", "key_parts", "parse", "short_name"]

_N = r"(?:[0-9０-９]{1,4}|[零〇○一二三四五六七八九十百千两]{1,9})"
_SMALL = r"(?:[0-9０-９]{1,2}|[一二三四五六七八九十]{1,3})"
_SUB = rf"(?:\s*之\s*{_SMALL}(?![0-9０-９一二三四五六七八九十百]))"
_JOIN = r"\s*(?:[、,~～]|[—－-]{1,2}|以及|或者|[和与及或至到])\s*"
_PART = rf"(?:[（(]\s*{_N}\s*[)）]|{_N})"
_REF = re.compile(
    rf"(?P<mark>第\s*)?(?<![0-9０-９零〇○一二三四五六七八九十百千.．])"
    # 第一条件, 第三条例 and 第一条款 are other words.
    rf"(?P<numbers>{_N}{_SUB}?(?:{_JOIN}(?:第\s*)?{_N}{_SUB}?)*)\s*条(?!件|例(?!外|如)|款|约(?!定)|目|街)"
    rf"(?P<sub>{_SUB}(?:{_JOIN}{_SUB})*)?"
    rf"(?P<paragraph>\s*的?\s*(?:第\s*{_N}|[0-9０-９]+)\s*款(?:{_JOIN}第?\s*{_N}\s*款)*)?"
    rf"(?P<item>\s*[的之]?\s*(?:第\s*{_PART}|[（(]\s*{_N}\s*[)）]|(?(paragraph){_N}|[0-9０-９]+))"
    rf"(?:{_JOIN}第?\s*{_PART})*\s*项)?"
)
_LISTED = re.compile(rf"(?P<join>{_JOIN})?(?:第\s*)?(?P<main>{_N})(?:\s*之\s*(?P<sub>{_N}))?")
_KEY_NUMBER = re.compile(r"[0-9]{1,4}(?:-[0-9]{1,2})?")
_FIRST_NUMBER = re.compile(_N)
_SUBS = re.compile(rf"(?P<join>{_JOIN})?之\s*(?P<sub>{_N})")
_RANGE = frozenset(("至", "到", "-", "－", "—", "~", "～", "--", "——", "－－"))
LONGEST_RANGE = 300
"""Articles named by one range; a longer one names its ends only."""
_EDITION_AFTER = re.compile(
    r"[（(【\[]\s*(?:[^（）()]{0,6}?)(?P<year>(?:19|20)\d{2})[^（）()]{0,16}[)）】\]]"
)
_EDITION_BARE = re.compile(r"(?P<year>(?:19|20)\d{2})\s*年?(?:版|修正|修订|修改)?的?\s*第?\s*$")
_EDITION_BEFORE = re.compile(
    r"(?:(?P<year>(?:19|20)\d{2})\s*年?(?:版|修正|修订|修改|施行|公布|通过|实施)?的?"
    r"|(?P<former>旧版?|老版?|原来?的?|(?:修订|修正|修改|改)之?前的?|已?(?:废止|失效)的))\s*《?$"
)
_FORMER_NAME = re.compile(r"[原旧]")
_PARTS_OF_CODE = (
    "总则编|总则|分则|通则|物权编|合同编|人格权编|婚姻家庭编|婚姻编|继承编|侵权责任编|侵权编|附则"
)
_FILLER = re.compile(
    r"(?:\s+|的|中的|中|里面的|里面|里头|里|规定的|第[一二三四五六七八九十]+[编章节]"
    rf"|{_PARTS_OF_CODE}|(?:19|20)\d{{2}}\s*年?(?:版|修正|修订|修改)?的?|[:：])$"
)
_NOTE = re.compile(
    r"[（(](?:[^（）()]*(?:修正|修订|修改|施行|公布|以下简称|下称)[^（）()]*"
    r"|\d{4}年?|\d{4}-\d\d-\d\d)[)）]$"
)
_BACK = re.compile(
    r"(?:同法|该法|该法律|该条例|该解释|该规定|该办法|此法|上述法律|前述法律|同一法律|同条例|同解释)$"
)
_SELF = re.compile(r"(?:本法|本条例|本解释|本规定|本办法|本细则|本法典|本规则)$")
_PRIVATE = re.compile(
    r"(?:合同|协议|合约|章程|公约|规约|约定|条款|手册|制度|租约|保单|遗嘱|通知|声明)(?:书)?$"
)
_AGREEMENT = re.compile(r"(?:合同|协议|合约|章程|规约|公约|手册|制度)书?$")
_LISTED_ON = re.compile(r"\s*(?:[、，,~—-]|以及|或者|还有|[和与及或至到])\s*$")
_NAME_END = re.compile(r"》|法典|法|条例|规定|解释|办法")
_COURT = re.compile(r"最高人民法院、最高人民检察院$|最高人民法院$|最高人民检察院$|最高法$")
_COURT_TITLE = re.compile(
    r"(?:最高人民法院|最高人民检察院)[^。；;\n]{2,90}?"
    r"(?:解释|规定|批复|意见|决定|纪要|办法|安排|规则|答复|通知)(?:[（(][^（）()]{1,4}[)）])?$"
)
_UNKNOWN = re.compile(
    r"[一-龥]{2,24}(?:法典|法|条例|规定|办法|细则|解释|规则|修正案|草案|意见|纪要)"
    r"(?:[（(][一二三四五六七八九十]+[)）]|[一二三四五六七八九十])?$"
)
_COUNTRY = "中华人民共和国"
_LEAD = re.compile(
    r".*(?:根据|依照|依据|按照|违反|适用|参照|援引|触犯|符合|规定于|以及|或者|还有|请问|我想问|想问"
    r"|想知道|什么是|我国|中国|现行|查一下|查查|看看|查询|解释一下|[和与及按依看查问据见])"
)
_ABOUT_IT = re.compile(
    r"》?的?(?:若干问题的(?:解释|意见|规定)|司法解释|修正案|草案|实施(?:细则|办法|条例))"
)
_TOO_GENERAL = re.compile(
    r"(?:法律|相关|有关|国家|暂行|若干)规定|相关法|地方法|司法解释|行政法规|实施(?:条例|细则|办法)"
    r"|管理(?:办法|条例)|法律|该办法|新法|旧法"
)


@dataclass(frozen=True)
class Citation:
    """One article cited in a text; ``start`` and ``end`` delimit it there, law name included."""

    written: str
    """The law as the text names it, without 《》; empty where the text only refers back."""
    law: str
    """Short law name, as in keys."""
    number: str
    """Arabic digits, ``-N`` for 之N."""
    paragraph: int | None
    """款, the first if several are cited."""
    item: int | None
    """项, the first if several are cited."""
    start: int
    end: int
    edition: str = ""
    """The year by which the text names a version (2018修正), ``former`` for 旧 and 原, or empty."""

    @property
    def key(self) -> str:
        return f"{self.law}/{self.number}"


def parse(text: str, *, laws: LawNames | None = None, this_law: str = "") -> list[Citation]:
    """Return the citations in reading order; ``this_law`` is what 本法 means, if anything."""
    names = laws if laws is not None else known_laws()
    found: list[Citation] = []
    law = ""
    previous_end = 0
    for match in _REF.finditer(text):
        start, end = match.span()
        edition = ""
        named = _law_before(text, start, previous_end, names, this_law)
        if named is None:
            # 三条 without 第 counts things, unless it continues a list.
            tight = bool(found and _LISTED_ON.match(text, previous_end, start))
            law = law if tight else _law_meant(text, previous_end, start, names, law)
            if not law or not (match["mark"] or tight):
                continue
            written, name_start = "", start
            if tight:
                # 旧公司法第20条、第21条 names two articles of the former text.
                edition = found[-1].edition
        elif named.start < 0:
            continue
        elif named.law:
            law, written, name_start = named.law, named.written, named.start
        else:
            law = _last_mention(text, previous_end, named.start, names) or law
            if not law:
                continue
            written, name_start = "", named.start
        if written:
            edition = _edition(text, name_start, start, written, law)
        cited = _articles(match, law, written, name_start, edition)
        if named is None and found and text[previous_end:start].strip() in _RANGE:
            found += _between(found[-1], cited[0])
        found += cited
        previous_end = end
    return found


def key_of(name: str) -> str | None:
    """Return the key of a name such as ``中华人民共和国刑法第一条``; None without an article."""
    found = list(_REF.finditer(name))
    match = found[-1] if found else None
    if match is None or not match["mark"] or match.start() == 0:
        return None
    law = name[: match.start()].strip()
    return f"{known_laws().short(law)}/{_numbers(match)[0]}" if law else None


def key_parts(key: str) -> tuple[str, str] | None:
    """Split an article key into short law name and number; None if it is not one.

    The law may be called by any of its names: ``民诉法/264`` is ``民事诉讼法/264``.
    """
    law, slash, number = key.strip().rpartition("/")
    if not slash or not law or not _KEY_NUMBER.fullmatch(number):
        return None
    main, dash, sub = number.partition("-")
    return known_laws().short(law), f"{int(main)}-{int(sub)}" if dash else str(int(main))


def article_title(key: str) -> str:
    """Write a key the way people read it: ``刑法/133-1`` is ``刑法第一百三十三条之一``.

    Raises ValueError if this is not an article key.
    """
    law, slash, number = key.rpartition("/")
    main, dash, sub = number.partition("-")
    if not slash or not main.isdecimal() or (dash and not sub.isdecimal()):
        raise ValueError(f"{key!r} is not an article key")
    return f"{law}第{to_chinese(int(main))}条" + (f"之{to_chinese(int(sub))}" if sub else "")


class _Named(NamedTuple):
    """A law's name before a reference; an empty ``law`` is the one mentioned last."""

    start: int
    written: str
    law: str


_NOT_A_LAW = _Named(-1, "", "")


def _law_before(text: str, start: int, floor: int, names: LawNames, this_law: str) -> _Named | None:
    """Find the law named right before a reference, or None if no name stands there."""
    end = _skip_back(text, start, floor, names)
    if end <= floor:
        return None
    if text[end - 1] == "》":
        opened = _opening(text, end, floor)
        if opened < 0:
            return None
        said = text[opened + 1 : end - 1]
        if _AGREEMENT.search(said):
            return _NOT_A_LAW
        if foreign := elsewhere(text[max(floor, opened - 6) : opened]):
            # 德国《民法典》 is not ours.
            return _Named(opened - len(foreign), foreign + said, foreign + said)
        court = _COURT.search(text[max(floor, opened - 20) : opened])
        if court and said.startswith("关于"):
            full = ("最高人民法院" if court[0] == "最高法" else court[0]) + said
            return _Named(opened - len(court[0]), full, names.short(full))
        return _Named(opened, said, names.short(said))
    if known := names.ending_at(text, end, floor):
        return _Named(known[0], text[known[0] : end], known[1])
    line = text[max(floor, end - 110) : end]
    if match := _SELF.search(line):
        return _Named(end - len(match[0]), "", this_law)
    if match := _BACK.search(line):
        return _Named(end - len(match[0]), "", "")
    if match := _COURT_TITLE.search(line):
        return _Named(end - len(match[0]), match[0], names.short(match[0]))
    if _PRIVATE.search(line):
        return _NOT_A_LAW
    # 和国网约车法 is no name: the country goes first.
    line = line.rpartition(_COUNTRY)[2] if _COUNTRY in line else line
    if match := _UNKNOWN.search(line):
        lead = _LEAD.match(match[0])
        said = match[0][lead.end() :] if lead else match[0]
        if len(said) > 2 and not _TOO_GENERAL.fullmatch(said):
            return _Named(end - len(said), said, names.short(said))
    return None


def _skip_back(text: str, start: int, floor: int, names: LawNames) -> int:
    """Step over what may stand between a law's name and 第…条: spaces, 的, 合同编, （2023修订）."""
    end = start
    while end > floor:
        tail = text[max(floor, end - 60) : end]
        match = _NOTE.search(tail) if tail[-1] in ")）" else _FILLER.search(tail[-8:])
        if match is None or names.ending_at(text, end, floor):
            break
        end -= len(match[0])
    return end


def _opening(text: str, end: int, floor: int) -> int:
    depth = 0
    for position in range(end - 1, max(floor, end - 160) - 1, -1):
        depth += (text[position] == "》") - (text[position] == "《")
        if depth == 0:
            return position
    return -1


def _law_meant(text: str, previous_end: int, start: int, names: LawNames, law: str) -> str:
    """Decide which law a bare 第…条 belongs to; a new line or a contract ends the reference."""
    between = text[previous_end:start]
    if _PRIVATE.search(between.rstrip("的中里 ")):
        return ""
    line_start = text.rfind("\n", previous_end, start) + 1
    mention = _last_mention(text, max(previous_end, line_start), start, names)
    return mention or ("" if line_start else law)


def _last_mention(text: str, floor: int, before: int, names: LawNames) -> str:
    """Return the short name of the law mentioned last in ``text[floor:before]``, or nothing."""
    for ending in reversed(list(_NAME_END.finditer(text, floor, before))):
        if _ABOUT_IT.match(text, ending.end(), before):
            # 《刑法》司法解释第3条 is an article of the interpretation.
            continue
        if ending[0] == "》":
            opened = _opening(text, ending.end(), floor)
            if opened >= 0 and not _AGREEMENT.search(text, opened, ending.start()):
                return names.short(text[opened + 1 : ending.start()])
        elif known := names.ending_at(text, ending.end(), floor):
            return known[1]
    return ""


def _articles(
    match: re.Match[str], law: str, written: str, start: int, edition: str
) -> list[Citation]:
    numbers = _numbers(match)
    paragraph, item = _first(match["paragraph"]), _first(match["item"])
    last = len(numbers) - 1
    return [
        Citation(
            written=written if i == 0 else "",
            law=law,
            number=number,
            paragraph=paragraph if i == last else None,
            item=item if i == last else None,
            start=start if i == 0 else match.start(),
            end=match.end(),
            edition=edition,
        )
        for i, number in enumerate(numbers)
    ]


def _between(first: Citation, last: Citation) -> list[Citation]:
    """Return the articles that 第577条至第580条 spans without naming them."""
    if first.law != last.law or "-" in first.number + last.number:
        return []
    low, high = int(first.number), int(last.number)
    if not low < high <= low + LONGEST_RANGE:
        return []
    return [
        replace(first, written="", number=str(n), start=last.start, end=last.end)
        for n in range(low + 1, high)
    ]


def _edition(text: str, name_start: int, number_start: int, written: str, law: str) -> str:
    """Return the version a name is given with: 《公司法》（2018修正）, 2018年公司法 or 旧公司法."""
    for pattern in (_EDITION_AFTER, _EDITION_BARE):
        if after := pattern.search(text, name_start, number_start):
            return after["year"]
    before = _EDITION_BEFORE.search(text, max(0, name_start - 12), name_start)
    if before is not None:
        return before["year"] or "former"
    # 原合同法 is itself a name of 合同法.
    return "former" if _FORMER_NAME.match(written) and not _FORMER_NAME.match(law) else ""


def _numbers(match: re.Match[str]) -> list[str]:
    """Return the article numbers of one reference; 第577、578条 holds two, 第133-1条 one."""
    numbers: list[str] = []
    for one in _LISTED.finditer(match["numbers"]):
        main = to_int(one["main"])
        join = (one["join"] or "").strip()
        dashed = join in {"-", "－", "—"} and "-" not in numbers[-1]
        if dashed and main < min(int(numbers[-1]), 30):
            numbers[-1] += f"-{main}"
            continue
        if join in _RANGE and "-" not in numbers[-1] and not one["sub"]:
            first = int(numbers[-1])
            if first < main <= first + LONGEST_RANGE:
                numbers += map(str, range(first + 1, main))
        numbers.append(f"{main}-{to_int(one['sub'])}" if one["sub"] else str(main))
    if match["sub"]:
        main_number, last = numbers.pop(), 0
        for one in _SUBS.finditer(match["sub"]):
            sub = to_int(one["sub"])
            if last and (one["join"] or "").strip() in _RANGE and last < sub <= last + 30:
                numbers += (f"{main_number}-{n}" for n in range(last + 1, sub))
            numbers.append(f"{main_number}-{sub}")
            last = sub
    return numbers


def _first(part: str | None) -> int | None:
    match = _FIRST_NUMBER.search(part) if part else None
    return to_int(match[0]) if match else None
