"""The endpoints of temporary media and of QR codes."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import secrets

from tests.platform.accounts import Account, Code, Json, Media, Refused, Request

LASTS = dt.timedelta(days=3)
VIDEOS = "vweixinp.tc.qq.com"
"""Where the platform keeps videos; it names the number of a machine before it."""
MEGABYTE = 1024 * 1024
MOST = {"image": 10 * MEGABYTE, "voice": 2 * MEGABYTE, "video": 10 * MEGABYTE, "thumb": 64 * 1024}
ENDINGS = {
    "image": ("png", "jpeg", "jpg", "gif"),
    "voice": ("amr", "mp3"),
    "video": ("mp4",),
    "thumb": ("jpg", "jpeg"),
}
PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
MOST_SCENE_LETTERS = 64
MOST_SECONDS = 2_592_000


def mime_of(body: bytes) -> str:
    for start, mime in PICTURES.items():
        if body.startswith(start):
            return mime
    return ""


def keep(account: Account, kind: str, name: str, mime: str, body: bytes) -> str:
    """Keep temporary media, and return its id."""
    media_id = secrets.token_urlsafe(48)
    account.media[media_id] = Media(kind, name, mime, body, account.clock.now())
    return media_id


def valid_media(account: Account, media_id: str) -> Media:
    """Return media of the last three days.

    Raises:
        Refused: 40007.
    """
    found = account.media.get(media_id)
    if found is None or account.clock.now() - found.at > LASTS:
        raise Refused(40007, "invalid media_id")
    return found


def get(account: Account, request: Request) -> Media | Json:
    """Answer ``media/get``: of a video, as the platform does, only where it lies."""
    found = valid_media(account, request.query.get("media_id", ""))
    if found.kind != "video":
        return found
    return {"video_url": f"http://203.0.113.72/{VIDEOS}/1007_{secrets.token_hex(8)}.f10.mp4?vkey=A"}


def upload(account: Account, request: Request) -> Json:
    kind = request.query.get("type", "")
    if kind not in MOST:
        raise Refused(40004, "invalid media type", f"media of the type {kind!r}")
    name, body = _file(request)
    if len(body) > MOST[kind]:
        raise Refused(40006, "invalid media size", f"{len(body)} bytes of {kind}")
    mime = mime_of(body) if kind in ("image", "thumb") else "application/octet-stream"
    if name.rpartition(".")[2].lower() not in ENDINGS[kind] or not mime:
        raise Refused(40005, "invalid file type", f"a {kind} that is none by name or contents")
    media_id = keep(account, kind, name, mime, body)
    return {
        "type": kind,
        "media_id": media_id,
        "created_at": int(account.clock.now().timestamp()),
    }


def _file(request: Request) -> tuple[str, bytes]:
    if not request.content_type.startswith("multipart/form-data"):
        raise Refused(41005, "media data missing", "an upload that is no multipart form")
    head = f"Content-Type: {request.content_type}\r\n\r\n".encode()
    form = email.message_from_bytes(head + request.body, policy=email.policy.HTTP)
    for part in form.iter_parts():
        if part.get_param("name", header="content-disposition") == "media":
            name = part.get_filename()
            body = part.get_payload(decode=True)
            if name and isinstance(body, bytes) and body:
                return name, body
    raise Refused(41005, "media data missing", "an upload without a named file called media")


def make_code(account: Account, request: Request) -> Json:
    """Answer ``qrcode/create``."""
    body = request.json()
    action = body.get("action_name")
    if action not in ("QR_SCENE", "QR_STR_SCENE", "QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE"):
        raise Refused(40052, "invalid action name", f"the QR action {action!r}")
    info = body.get("action_info")
    scene = info.get("scene") if isinstance(info, dict) else None
    name = "scene_str" if "STR" in action else "scene_id"
    value = scene.get(name) if isinstance(scene, dict) else None
    if "STR" in action:
        is_true = isinstance(value, str) and 1 <= len(value) <= MOST_SCENE_LETTERS
    else:
        most = 100_000 if "LIMIT" in action else 2**32 - 1
        is_true = isinstance(value, int) and 1 <= value <= most
    if not is_true:
        raise Refused(40053, "invalid action info", f"the QR scene {value!r}")
    seconds = body.get("expire_seconds", 60)
    if not isinstance(seconds, int) or not 1 <= seconds <= MOST_SECONDS:
        raise Refused(40053, "invalid action info", f"a QR code for {seconds!r} seconds")
    ends = None
    if "LIMIT" not in action:
        ends = account.clock.now() + dt.timedelta(seconds=seconds)
    ticket = secrets.token_urlsafe(64)
    code = Code(str(value), ticket, f"http://weixin.qq.com/q/{secrets.token_urlsafe(16)}", ends)
    account.codes.append(code)
    answer: Json = {"ticket": ticket, "url": code.url}
    return answer if ends is None else {**answer, "expire_seconds": seconds}
