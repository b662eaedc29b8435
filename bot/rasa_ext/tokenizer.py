"""Tokenizer for Chinese as people type it: full-width forms, invisible characters, any numeral.

Numbers become one class each, because 第八十二条, 第82条 and 第８２条 are the same wish.
"""

import re
import unicodedata
from typing import List

import jieba
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.jieba_tokenizer import JiebaTokenizer
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.shared.nlu.training_data.message import Message

_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe0e\ufe0f\ufeff\u00ad]")
# 一 alone is left as it is: it is part of ordinary words (一下, 一直) far more often than a number.
_CHINESE_NUMBER = re.compile("[〇零一二三四五六七八九十百千万两]*[十百千万][〇零一二三四五六七八九十百千万]*")
_ARTICLE = re.compile("第[〇零一二三四五六七八九十百千0-9]+(?=[条款项章节])")
_DIGITS = re.compile(r"[0-9]+(?:[.,:/-][0-9]+)*")
# Not a digit: CountVectorsFeaturizer would spell it __NUMBER__ and litter character n-grams.
_NUMBER = "〇"
_SPACE = re.compile(r"\s+")
_REPEATED = re.compile(r"([^0-9a-z])\1{2,}")


def unify(text: str) -> str:
    """Return the text in NFKC and lower case, without invisible marks; numbers stay."""
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).lower()


def normalise(text: str) -> str:
    """Return the form that n-grams are taken from: unified, and every number as `〇`."""
    text = unify(text)
    text = _ARTICLE.sub("第" + _NUMBER, text)
    text = _DIGITS.sub(_NUMBER, text)
    text = _CHINESE_NUMBER.sub(_NUMBER, text)
    # Three marks or more of one kind (!!!, 啊啊啊啊) say nothing that two do not.
    text = _REPEATED.sub(r"\1\1", text)
    return _SPACE.sub(" ", text).strip()


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=True
)
class ChineseTokenizer(JiebaTokenizer):
    """Jieba over the normalised text; the message itself is left as the visitor wrote it."""

    def tokenize(self, message: Message, attribute: str) -> List[Token]:
        """Return the words of one attribute; offsets count in the normalised text."""
        words = jieba.tokenize(normalise(message.get(attribute)))
        return self._apply_token_pattern(
            [Token(word, start) for word, start, _ in words if not word.isspace()]
        )
