"""A stand-in of the WeChat platform: its HTTP interface, its callbacks, and its followers' phones.

It holds the product to the platform's rules. What the platform answers with an error code it
answers so, and keeps it in ``books.calls``; what only a faulty product does is a sentence in
``books.broken``. It knows neither ``bot`` nor ``connectors``.

Start::

    with standing_in(Registration(), clock=clock) as platform:   # clock: has now() -> datetime
        platform.url                                 # for the product: account.api_url
        platform.connect(ClientTransport(test_client))           # a starlette TestClient, or
        platform.connect(HttpTransport("http://127.0.0.1:8000"))  # a server
        fan = platform.follower()
        push = fan.follow()                          # blocks until the platform is done with it
        push = fan.say("老板拖欠工资怎么办")
        assert push.text.startswith("您好")            # the passive reply, "" for none
        assert fan.wait_for("律师").how == "service"    # what comes later, by any way
        assert platform.books.broken == []

``Registration(app_id, secret, token, aes_key, original_id, mode, has_customer_service,
has_recognition, path, templates, notice_content)``: an official account as its owner registered
it; every field has a default. Without ``has_customer_service`` it is an unverified subscription
account: every call but that for a token is refused (48001), and the platform's pages do not open.
More accounts: ``platform.register(registration)``, then ``registration=`` where a
method takes one; the first account is meant otherwise.

``Platform``
    ``url  books  clock  patience_s (5.0)  retry_pause_s (0.0)  signs_anew (True: each delivery)
    whitelisted (True; else 40164)  unfollowed_errcode (43004)``
    ``connect(transport, registration=None)``; a transport has ``post(path, body, patience_s) ->
    Answer(status, body)`` and ``get(path, patience_s)``, and raises OSError (TimeoutError is one).
    ``follower(openid="", registration=None) -> Follower``: new, or the one of that openid.
    ``verify(registration=None) -> bool``: the console's GET with echostr.
    ``fail(endpoint, *, errcode=0, status=0, hang_s=0, cut=False, takes_effect=False, times=1)``:
    the next calls go wrong; endpoint without "cgi-bin/" ("message/custom/send"), or "*". ``times``
    None: until ``heal()``. ``takes_effect``: only the answer is lost, the call itself was done.
    ``token()``  ``expire_token()`` (42001)  ``invalidate_token()`` (40001; another one is current)
    ``menu(registration=None) -> dict | None``: the menu that followers see.

``Follower``: each of these delivers to the product, up to three times, and returns a ``Push``.
    ``follow(scene="")  unfollow()  say(text)  speak(recognition, body)  send_image(body)
    send_video()  send_shortvideo()  send_location(latitude, longitude, label)
    send_link(title, description, url)  send_file(title)  click(key)  view(url)
    scan(scene, or the url or ticket of a QR code that the product made; follows if need be)
    tap(id): an item of the newest msgmenu, or of a weixin://bizmsgmenu link, on the screen
    press(name): a button of the menu that the product made  locate(latitude, longitude)
    accept(template_id)  reject(template_id)  withdraw(template_id)
    event(name, key="", **fields)  send(kind, fields, msg_id="", created_at=None)
    redeliver(push)``: the same message once more, though it was answered.
    Who writes without follow() had followed before. A tap allows what a menu's button allows (3
    in a minute), not what a message of one's own does. Two like events in one second are one to a
    product that de-duplicates as the platform advises: move the clock between them.
    ``openid  following  said_left  acted_left``; ``typings``: when "正在输入" was shown.
    ``watch(callable)``: it is told every new ``Seen``.
    ``seen``: list of ``Seen``; ``texts``: their texts; ``wait_for(words or predicate, timeout_s=10,
    after=0) -> Seen`` (AssertionError else; ``after``: skips that many of ``seen``).
    ``authorise(url) -> str``: opens an OAuth link (open.weixin.qq.com), returns where it redirects.
    ``subscribe_by(url) -> str``: confirms a one-time subscription link (mp.weixin.qq.com/mp/
    subscribemsg), returns where it redirects. ``oauth_code()``: a code alone.

``Push``: ``msg_id  created_at  xml  attempts  seen  moment``; ``text``: the passive reply's;
    ``answered_by``: the number of the delivery that was answered, or None; ``took_s``;
    ``unavailable``: the user was told that the account is out of order.
``Attempt``: ``number  at  took_s  status  body  outcome`` ("answered", "silent", "late",
    "unreachable", "failed", "malformed").
``Seen``: ``how`` ("passive", "service", "notice", "subscription")  ``kind`` ("text", "image",
    "msgmenu", …)  ``text  items (msgmenu: (id, label))  media_id  title  url  links  at  moment``
    (``moment``: time.perf_counter(); less the push's, how long the follower waited).
``Books``: ``broken``; ``calls``: list of ``Call(endpoint, app_id, errcode, at, took_s)``;
    ``called(endpoint) -> list[Call]``; ``errcodes() -> Counter``; ``pushes``: all of them.

By hand, in a process of its own: ``python -m tests.platform --help``.
"""

from tests.platform.books import (
    MOST_BYTES,
    UNAVAILABLE,
    Attempt,
    Books,
    Call,
    Clock,
    Push,
    RealClock,
    Registration,
    Seen,
)
from tests.platform.crypt import Seal, Unreadable, sign
from tests.platform.phones import Follower
from tests.platform.transports import Answer, ClientTransport, HttpTransport, Transport
from tests.platform.world import Platform, standing_in

__all__ = [
    "MOST_BYTES",
    "UNAVAILABLE",
    "Answer",
    "Attempt",
    "Books",
    "Call",
    "ClientTransport",
    "Clock",
    "Follower",
    "HttpTransport",
    "Platform",
    "Push",
    "RealClock",
    "Registration",
    "Seal",
    "Seen",
    "Transport",
    "Unreadable",
    "sign",
    "standing_in",
]
