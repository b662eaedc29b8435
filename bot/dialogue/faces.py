"""Emoji and the codes that WeChat puts into a text for its own faces: nothing of them is meant.

A face is left out for models and rules only; what is stored and shown keeps it.
"""

from __future__ import annotations

import re

_NAMES = """
微笑 撇嘴 色 发呆 得意 流泪 害羞 闭嘴 睡 大哭 尴尬 发怒 调皮 呲牙 惊讶 难过 酷 冷汗 抓狂 吐 偷笑
可爱 愉快 白眼 傲慢 饥饿 困 惊恐 流汗 憨笑 悠闲 大兵 奋斗 咒骂 疑问 嘘 晕 折磨 疯了 衰 骷髅 敲打
再见 擦汗 抠鼻 鼓掌 糗大了 坏笑 左哼哼 右哼哼 哈欠 鄙视 委屈 快哭了 阴险 亲亲 吓 可怜 菜刀 西瓜
啤酒 篮球 乒乓 咖啡 饭 猪头 玫瑰 凋谢 嘴唇 示爱 爱心 心碎 蛋糕 闪电 炸弹 刀 足球 瓢虫 便便 月亮
太阳 礼物 拥抱 强 弱 握手 胜利 抱拳 勾引 拳头 差劲 爱你 NO OK 爱情 飞吻 跳跳 发抖 怄火 转圈 磕头
回头 跳绳 投降 激动 乱舞 献吻 左太极 右太极 囧 笑脸 生病 脸红 破涕为笑 恐惧 失望 无语 嘿哈 捂脸
奸笑 机智 皱眉 耶 吃瓜 加油 汗 天啊 Emm 社会社会 旺柴 好的 打脸 哇 翻白眼 666 让我看看 叹气 苦涩
裂开 合十 庆祝 红包 發 发 福 烟花 爆竹 鬼魂 合掌 表情 动画表情 發呆 流淚 閉嘴 尷尬 發怒 調皮
驚訝 難過 悠閒 咒罵 疑問 暈 瘋了 再見 摳鼻 壞笑 鄙視 陰險 親親 可憐 凋謝 愛心 禮物 擁抱 強 勝利
拳頭 轉圈 破涕為笑 恐懼 無語 機智 皺眉 臉紅 嘆氣 苦澀 裂開 慶祝 紅包 煙花 讓我看看 笑臉 Smile
Grimace Drool Scowl CoolGuy Sob Shy Silent Sleep Cry Awkward Angry Tongue Grin Surprise Frown
Ruthless Blush Scream Puke Chuckle Joyful Slight Smug Hungry Drowsy Panic Sweat Laugh Commando
Determined Scold Shocked Shhh Dizzy Tormented Toasted Skull Hammer Wave Speechless NosePick Clap
Shame Trick Bah！L Bah！R Yawn Pooh-pooh Shrunken TearingUp Sly Kiss Wrath Whimper Cleaver
Watermelon Beer Basketball PingPong Coffee Rice Pig Rose Wilt Lips Heart BrokenHeart Cake
Lightning Bomb Dagger Soccer Ladybug Poop Moon Sun Gift Hug ThumbsUp ThumbsDown Shake Peace
Fight Beckon Fist Pinky RockOn Nuh-uh InLove Blowkiss Waddle Tremble Aaagh! Twirl Kotow Dramatic
JumpRope Surrender Hooray Meditate Smooch Facepalm Smirk Smart Hey LetDown Onlooker GoForIt Sigh
Hurt Broken Party Packet Blessing Fireworks Firecracker Worship Sick Flushed Lol Terror Respect
Concerned Yeah! Boring MyBad Wow LetMeSee Doge Happy Duh OMG
"""
_CODES = r"""
::) ::~ ::B ::| :8-) ::< ::$ ::X ::Z ::'( ::-| ::@ ::P ::D ::O ::( ::+ :--b ::Q ::T :,@P :,@-D
::d :,@o ::g :|-) ::! ::L ::> ::,@ :,@f ::-S :? :,@x :,@@ ::8 :,@! :!!! :xx :bye :wipe :dig
:handclap :&-( :B-) :<@ :@> ::-O :>-| :P-( ::'| :X-) ::* :@x :8* :pd :<W> :beer :basketb :oo
:coffee :eat :pig :rose :fade :showlove :heart :break :cake :li :bome :kn :footb :ladybug :shit
:moon :sun :gift :hug :strong :weak :share :v :@) :jj :@@ :bad :lvu :no :ok :love :<L> :jump
:shake :<O> :circle :kotow :turn :skip :oY :#-0 :hiphot :kiss :<& :&>
"""
_UNSUPPORTED = r"【收到不支持的消息类型，暂无法显示】|\[Unsupported Message\]"
"""What the platform sends in place of a sticker."""
_EMOJI = (
    "\u20e3\u231a\u231b\u23e9-\u23ff\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u27bf"
    "\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299\ue000-\uf8ff"
    "\U0001f000-\U0001faff\U000e0020-\U000e007f"
)
"""Old phones send theirs from the area for private use."""


def _any_of(codes: list[str]) -> str:
    # The longest first: "/::-|" is not "/::-" and a bar.
    return "|".join(re.escape(code) for code in sorted(codes, key=len, reverse=True))


_WORDS = [code for code in _CODES.split() if code[1:].isalpha()]
_SIGNS = [code for code in _CODES.split() if not code[1:].isalpha()]
_FACES = re.compile(
    rf"(?:[\[［](?:{_any_of(_NAMES.split())})[\]］]"
    rf"|/(?:{_any_of(_SIGNS)}|(?:{_any_of(_WORDS)})(?![a-z]))"
    rf"|{_UNSUPPORTED}|[{_EMOJI}])+"
)
_BETWEEN_DIGITS = re.compile(rf"(?<=\d)(?:{_FACES.pattern})(?=\d)")


def without_faces(text: str) -> str:
    """Return the text without its faces; two numbers with one between them stay two."""
    return _FACES.sub("", _BETWEEN_DIGITS.sub(" ", text))
