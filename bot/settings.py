"""Every setting of the application; read once in bot.app or bot.cli and passed on.

Environment variables start with ``BOT_``, nested ones use ``__`` (``BOT_WECHAT__TOKEN``); a file
``.env`` and files under ``/run/secrets`` are read too. Secrets that are not given are made once
and kept in ``<data_dir>/secrets.json`` with mode 0600.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from cryptography.fernet import Fernet
from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class WeChatSettings(BaseModel):
    """One official account; without a token its endpoint answers 404."""

    app_id: str = Field("", description="公众号 AppID")
    token: SecretStr = Field(SecretStr(""), description="服务器配置中的 Token")
    aes_key: SecretStr = Field(
        SecretStr(""), description="EncodingAESKey，43 位；安全模式和兼容模式需要"
    )
    mode: Literal["plain", "compatible", "safe"] = Field(
        "safe",
        description="消息加解密方式，与公众平台上选的一致：safe 安全，compatible 兼容，plain 明文",
    )
    secret: SecretStr = Field(
        SecretStr(""), description="AppSecret；推送、取照片、设菜单都需要，为空时只能被动回复"
    )
    customer_service: bool = Field(
        False, description="认证过、有客服消息接口的公众号设为 true；否则只能被动回复"
    )
    bureau: str = Field("", description="这个号的问候语里的单位名称；为空用 BOT_BUREAU")
    office: int = Field(
        0,
        ge=0,
        description="没有扫网点二维码的新关注者归哪个单位：“值班”页上单位的编号；0 不归哪个单位",
    )
    original_id: str = Field("", description="原始 ID（gh_ 开头），设了就拒收发给别的号的消息")
    oauth: bool = Field(
        False, description="认证服务号设好“网页授权域名”后设为 true，打开网页时由微信确认是本人"
    )
    subscribe_template: str = Field(
        "", description="一次性订阅消息的模板 ID，48 小时窗口关了以后用它通知；为空不用"
    )
    notice_template: str = Field(
        "", description="订阅通知的模板 ID（在公众号弹窗里同意的那种），用途同上；为空不用"
    )
    notice_field: str = Field("thing1", description="订阅通知模板里放提示语的字段，如 thing1")
    api_url: str = Field("https://api.weixin.qq.com", description="微信接口的地址，一般不改")


class LimitSettings(BaseModel):
    """Rate limits as `limits` strings."""

    sessions_per_address: str = Field("120/minute", description="每个地址新建会话的上限")
    messages_per_visitor: str = Field("60/minute", description="每位访客发送消息的上限")
    messages_per_address: str = Field("1200/minute", description="每个地址发送消息的上限")
    continuations_per_address: str = Field(
        "20/hour", description="每个地址输入接续码的上限，对错都算"
    )
    continuations_in_all: str = Field(
        "600/hour", description="所有地址合起来输入接续码的上限，防止从许多地址一起猜"
    )
    logins_per_address: str = Field("20/minute", description="每个地址尝试登录的上限")


class Settings(BaseSettings):
    """All settings with working defaults: nothing needs to be set to try the product."""

    model_config = SettingsConfigDict(
        env_prefix="BOT_",
        env_nested_delimiter="__",
        env_file=".env",
        secrets_dir="/run/secrets" if Path("/run/secrets").is_dir() else None,
        extra="ignore",
    )

    data_dir: Path = Field(ROOT / "var", description="数据库、索引、日志等运行数据的目录")
    host: str = Field("127.0.0.1", description="监听地址")
    port: int = Field(8000, description="网页与接口的端口")
    actions_port: int = Field(5055, description="Rasa 动作接口的端口，只在本机监听")
    rasa_port: int = Field(5005, description="Rasa 的端口，只在本机监听")
    rasa_url: str = Field("", description="Rasa 的地址；为空时由 bot up 启动本机 Rasa")
    rasa_venv: Path = Field(ROOT / ".venv-rasa", description="装有 Rasa 的 Python 3.10 环境")
    rasa_timeout_s: float = Field(6.0, description="等待 Rasa 回复的最长秒数")
    database_url: str = Field(
        "", description="数据库地址；为空用 <data_dir>/lawbridge.db，也可填 postgresql+psycopg://…"
    )
    redis_url: str = Field("", description="多个应用进程时的 Redis 地址；为空用进程内总线")
    clamav: str = Field(
        "",
        description="检查上传文件的 ClamAV：clamd 的 主机:端口，或它的 Unix 套接字路径；为空不检查",
    )
    knowledge_dir: Path = Field(ROOT / "knowledge_base", description="知识库目录")
    index_dir: Path = Field(Path(), description="检索索引目录；为空用 <data_dir>/index")
    letters_dir: Path = Field(
        Path(), description="本单位自己的文书模板（.docx）的目录；为空用 <data_dir>/letters"
    )
    embedding_model: str = Field(
        "builtin", description="builtin，或任意 sentence-transformers 模型的目录或名称"
    )
    vector_store: str = Field(
        "faiss", description="faiss（本机索引），或 Milvus 的地址，如 http://127.0.0.1:19530"
    )
    public_url: str = Field(
        "", description="群众打开本站用的地址，如 https://12348.example.cn；公众号里的链接要用它"
    )
    region: str = Field("示范县", description="服务所在地，用于办事指引")
    bureau: str = Field("示范县司法局", description="主办单位名称")
    allowed_sites: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="允许嵌入网页组件的网站来源，用逗号分隔；为空时只允许本站",
    )
    identity_secret: SecretStr = Field(
        SecretStr(""), description="宿主网站签名登录用户身份（HMAC-SHA256）的密钥"
    )
    trust_proxy: bool = Field(
        False, description="前面有反向代理时设为 true，采用 X-Forwarded-For 的地址"
    )
    cookie_secure: bool = Field(False, description="经 HTTPS 提供服务时设为 true")
    retention_days: int = Field(180, ge=1, description="会话保留天数，到期自动删除")
    rasa_retention_hours: int = Field(24, ge=1, description="Rasa 对话记录保留小时数")
    log_json: bool = Field(True, description="日志用 JSON 输出；false 便于人读")
    log_level: str = Field("INFO", description="日志级别")
    field_keys: SecretStr = Field(
        SecretStr(""), description="字段加密密钥，逗号分隔，首个用于加密，其余用于解密轮换"
    )
    index_key: SecretStr = Field(SecretStr(""), description="盲索引密钥（查找加密字段用）")
    wechat: WeChatSettings = Field(default_factory=WeChatSettings, description="微信公众号")
    wechat_more: dict[str, WeChatSettings] = Field(
        default_factory=dict,
        description="更多公众号，如 BOT_WECHAT_MORE__GUANDU__TOKEN，回调地址是 /wechat/guandu",
    )
    speech_url: str = Field(
        "",
        description="语音识别服务的地址（与 OpenAI 的 audio/transcriptions 相同的接口）；"
        "为空只用微信自带的识别",
    )
    sms_url: str = Field(
        "",
        description="发短信验证码的网关：向它 POST {phone, text}；为空时用编号绑定的只收办理进度",
    )
    sms_secret: SecretStr = Field(
        SecretStr(""), description="短信网关的口令，放在 Authorization: Bearer 里"
    )
    limits: LimitSettings = Field(default_factory=LimitSettings, description="频率限制")

    @property
    def resolved_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'lawbridge.db'}"

    @property
    def resolved_index_dir(self) -> Path:
        return self.index_dir if self.index_dir != Path() else self.data_dir / "index"

    @property
    def resolved_letters_dir(self) -> Path:
        return self.letters_dir if self.letters_dir != Path() else self.data_dir / "letters"

    @property
    def law_index_dir(self) -> Path:
        """Return where the index over imported statutes lies."""
        return self.data_dir / "index-laws"

    @property
    def rasa_tracker(self) -> Path:
        return self.data_dir / "rasa" / "tracker.db"

    @property
    def resolved_rasa_url(self) -> str:
        return self.rasa_url or f"http://127.0.0.1:{self.rasa_port}"

    @cached_property
    def kept_secrets(self) -> dict[str, str]:
        """Return the secrets made at the first start; read from disk afterwards."""
        path = self.data_dir / "secrets.json"
        if path.exists():
            kept: dict[str, str] = json.loads(path.read_text())
            return kept
        self.data_dir.mkdir(parents=True, exist_ok=True)
        made = {"field_key": Fernet.generate_key().decode(), "index_key": secrets.token_hex(32)}
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            other: dict[str, str] = json.loads(path.read_text())
            return other
        with os.fdopen(handle, "w") as file:
            json.dump(made, file)
        return made

    @property
    def cipher_keys(self) -> list[str]:
        given = self.field_keys.get_secret_value()
        keys = [key.strip() for key in given.split(",") if key.strip()]
        return keys or [self.kept_secrets["field_key"]]

    @property
    def blind_key(self) -> str:
        return self.index_key.get_secret_value() or self.kept_secrets["index_key"]

    @field_validator("clamav")
    @classmethod
    def _is_address(cls, value: str) -> str:
        found = re.fullmatch(r"/\S+|[^\s:/]+:(\d{1,5})", value)
        if value and (found is None or int(found[1] or 1) not in range(1, 65536)):
            raise ValueError("应为 主机:端口（如 127.0.0.1:3310），或以 / 开头的套接字路径")
        return value

    @field_validator("public_url", "speech_url", "sms_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        if value and re.fullmatch(r"https?://[^\s/]+\S*", value) is None:
            raise ValueError("应为以 https:// 开头的网址")
        return value.rstrip("/")

    @field_validator("wechat_more")
    @classmethod
    def _are_names(cls, value: dict[str, WeChatSettings]) -> dict[str, WeChatSettings]:
        named = {name.lower(): account for name, account in value.items()}
        if bad := [name for name in named if re.fullmatch(r"[a-z0-9_-]{1,30}", name) is None]:
            raise ValueError(f"公众号的名字只用小写字母、数字和连字符：{'、'.join(bad)}")
        return named

    @model_validator(mode="after")
    def _are_different_accounts(self) -> Settings:
        given = [one.app_id for one in (self.wechat, *self.wechat_more.values()) if one.app_id]
        twice = sorted({app_id for app_id in given if given.count(app_id) > 1})
        if twice:
            raise ValueError(f"两个公众号用了同一个 AppID：{'、'.join(twice)}")
        return self

    @field_validator("allowed_sites", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return [site.strip().rstrip("/") for site in value.split(",") if site.strip()]
        return value
