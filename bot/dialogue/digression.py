"""Tell an answer to an open question from a command, a greeting or a question of one's own.

Forms use it to leave such messages to the dialogue; it knows nothing about any form.
"""

from __future__ import annotations

import re

LONGEST_COMMAND = 14
LONGEST_QUESTION = 25

_COMMAND = re.compile(
    # stop
    r"算了(?!一下)|算啦|(?:不|别|甭)(?:想|要|再|用)?(?:填|办|弄|申请|做|搞|问|答|继续|写|玩)了?"
    r"|取消|退出|放弃|停止|终止|中止|先停|下次再|以后再|改天再|先这样|结束填写|关掉"
    r"|^(?:quit|exit|cancel|stop|help)$"
    # correct
    r"|(?:改|返回|退回|回到|更改|修改).{0,4}(?:上|前)|^(?:上|前)(?:一|个|面)?(?:个|步|题|项|条)"
    r"|(?:刚才|刚刚|刚|上一|前面).{0,6}(?:错|改|重填)|(?:填|写|选|点|按|输|说|答|打)错|更正|手滑"
    # start over
    r"|重新?(?:开始|来|填|问|咨询|置)|从头|清空|主菜单|首页"
    # a person
    r"|人工|真人|客服|(?:转|找|要|叫|换|请|联系)(?:个|一个|一下|值班|你们)*律师|律师(?:呢|在吗)"
    # more of the last answer
    r"|全文|展开|没解决|没用|说详细|具体点"
    # other services
    r"|^帮助$|能做什么|进度|申请.{0,3}(?:到|批|审|受理)|投诉|隐私|(?:删除?|导出|查看|撤回).{0,6}(?:数据|信息|记录|同意)"
    r"|评价|^\d分$|(?:法律援助|法援|援助)|引导|一步一步"
)
_SMALLTALK = re.compile(
    r"(?:您好|你好|好的?|嗯+|哦+|是的?|对的?|行|可以|在吗|有人吗|再见|拜拜|ok|哈+"
    r"|(?:(?:好的?|嗯+|ok)[，, ]*)?(?:(?:非常|太|十分|真是|真的)?(?:谢谢|多谢|感谢|谢[了啦您你])"
    r"[^，。]{0,4}|(?:您|你|律师)?辛苦(?:您|你|啦|了)+|麻烦(?:您|你)了|thx|thanks?|thank you)"
    r"|继续|不是|不对|不用了?|没有了?)",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"(?:吗|呢|么|[?？]|怎么办|咋办|怎么.{1,4}|如何.{1,4}|多久|多少|多少钱|几天|找谁|归谁|谁[出赔管]"
    r"|什么意思|是什么|干什么|有哪些|哪[^，。]{0,4}|什么材料|为什么|为啥)$"
    r"|是不是|能不能|要不要|可不可以|有没有必要|^(?:为什么|为啥|怎么|如何|什么是|请问|什么叫)|第[\d零一二三四五六七八九十百]+条"
)
_PLACE = re.compile(
    # 三个 is a quantity, 第三个 a place.
    r"(?:(?:我?选择?第?|第)\s*(\d{1,2}|[一二三四五六七八九])\s*(?:个|项|种|号|条)?"
    r"|(\d{1,2}|[一二三四五六七八九])\s*号?)(?:吧|啊|呀)?"
)
_PLACES = "一二三四五六七八九"
_EDGES = re.compile(r"^[\s，,。.!！~～、]+|[\s，,。.!！~～、]+$")


def bare(text: str) -> str:
    """Return the text without punctuation and spaces at its ends; a question mark stays."""
    return _EDGES.sub("", text)


def place_of(text: str) -> int | None:
    """Return which option a canonical text such as 2, 选2 or 第二个 names, counted from 1."""
    found = _PLACE.fullmatch(bare(text).rstrip("、,，)）"))
    if found is None:
        return None
    written = found[1] or found[2]
    return _PLACES.index(written) + 1 if written in _PLACES else int(written)


def is_command(text: str) -> bool:
    """Say whether a short canonical text steers the dialogue: stop, correct, a person, more."""
    words = bare(text)
    return len(words) <= LONGEST_COMMAND and bool(_COMMAND.search(words))


def is_small_talk(text: str) -> bool:
    """Say whether the canonical text is a greeting, thanks or a bare yes or no."""
    return bool(_SMALLTALK.fullmatch(bare(text)))


def is_short_question(text: str) -> bool:
    """Say whether a short canonical text asks something."""
    words = bare(text)
    return len(words) < LONGEST_QUESTION and bool(_ASKS.search(words))


def digresses(text: str) -> bool:
    """Say whether the message is anything but an answer to an open question."""
    return is_command(text) or is_small_talk(text) or is_short_question(text)
