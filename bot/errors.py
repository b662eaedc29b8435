"""The one family of errors that may reach a person or a machine outside.

Each class carries a code, an HTTP status and a Chinese sentence; one handler in bot.web renders it.
"""

from __future__ import annotations

from typing import ClassVar


class LawbridgeError(Exception):
    """Base of every expected failure."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    sentence: ClassVar[str] = "系统出了点问题，请稍后再试，或拨打 12348。"

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or self.sentence)
        self.detail = detail or self.sentence


class BadInput(LawbridgeError):
    code = "bad_input"
    status = 422
    sentence = "提交的内容格式不对，请检查后再试。"


class EmptyMessage(BadInput):
    code = "empty_message"
    sentence = "消息是空的，请先输入文字。"


class MessageTooLong(BadInput):
    code = "message_too_long"
    status = 413
    sentence = "一次最多发送 2000 字，请分几条发送。您输入的内容还在，不会丢失。"


class BodyTooLarge(LawbridgeError):
    code = "body_too_large"
    status = 413
    sentence = "提交的内容太大，请减小后再试。"


class NotSignedIn(LawbridgeError):
    code = "not_signed_in"
    status = 401
    sentence = "会话已失效，请重新开始。"


class ContinuedElsewhere(NotSignedIn):
    """The conversation is open to another device only, since a code was redeemed there."""

    code = "continued_elsewhere"
    sentence = "这次咨询已经换到另一台设备上继续，这里不再显示。"


class Forbidden(LawbridgeError):
    code = "forbidden"
    status = 403
    sentence = "没有权限进行这项操作。"


class NotFound(LawbridgeError):
    code = "not_found"
    status = 404
    sentence = "没有找到您要的内容。"


class DatabaseUnusable(LawbridgeError):
    code = "database_unusable"
    status = 503
    sentence = "数据库打不开，请检查 BOT_DATABASE_URL 和数据目录的权限。"


class ImportCollision(LawbridgeError):
    code = "import_collision"
    status = 409
    sentence = "另一个导入同时在进行，这一次没有生效；等它结束后再运行一遍。"


class TooMuchWithdrawn(LawbridgeError):
    code = "too_much_withdrawn"
    status = 409
    sentence = "这次导入会撤下大部分已有的版本。"


class AlreadyClaimed(LawbridgeError):
    code = "already_claimed"
    status = 409
    sentence = "这位来访者已由其他同事接待。"


class IllegalMove(LawbridgeError):
    code = "illegal_move"
    status = 409
    sentence = "当前状态不能进行这项操作，请刷新后再试。"


class TooManyRequests(LawbridgeError):
    code = "too_many_requests"
    status = 429
    sentence = "操作太频繁，请稍等一会儿再试。"


class TooManyFiles(TooManyRequests):
    code = "too_many_files"
    sentence = "一天里传的文件到了上限，这个没有保存，请过几小时再传；急用的请当面交。"


class LockedOut(LawbridgeError):
    code = "locked_out"
    status = 429
    sentence = "密码多次输错，账号已临时锁定，请 15 分钟后再试或联系管理员。"


class BadFile(BadInput):
    code = "bad_file"
    sentence = "只支持 10 MB 以内的图片（JPG、PNG、WebP）和 PDF 文件。"


class InfectedFile(BadFile):
    code = "infected_file"
    sentence = "这个文件没有通过病毒检查，没有保存。请先给手机或电脑杀毒，或者把材料拍成照片再传。"


class UncheckedFile(LawbridgeError):
    """The malware scanner is configured and gave no verdict."""

    code = "unchecked_file"
    status = 503
    sentence = "暂时不能检查文件，请稍后再传。文件没有保存，您输入的文字还在，不会丢失。"


class BadContinuation(BadInput):
    code = "bad_continuation"
    sentence = "接续码不对，或者已经用过、过期了。请在原来的设备上重新取一个。"


class StorageUnavailable(LawbridgeError):
    code = "storage_unavailable"
    status = 503
    sentence = "系统暂时无法保存，您的消息没有丢失，请稍后重发；急事请拨打 12348。"


class UnverifiedCitation(BadInput):
    code = "unverified_citation"
    sentence = "消息里引用的条文在法律库中查不到，请核对后再发。"


class LoginTaken(BadInput):
    code = "login_taken"
    status = 409
    sentence = "这个登录名已经有人用了，请换一个。"


class BrokenTemplate(LawbridgeError):
    """A letter's template, usually the office's own, cannot be filled in."""

    code = "broken_template"
    status = 503
    sentence = "文书模板用不了，请联系管理员。"


class DialogueUnavailable(LawbridgeError):
    """The dialogue manager did not answer; callers fall back to retrieval."""

    code = "dialogue_unavailable"
    status = 503
    sentence = "对话服务暂时不可用，请稍后再试，或拨打 12348。"
