"""Every action of domain.yml, joined to the function that answers it."""

from __future__ import annotations

from collections.abc import Sequence

from rasa_sdk import Action

from bot.actions.base import Answering, ReplyAction, TurnReader
from bot.actions.lookups import Lookups
from bot.actions.statutes import StatuteLookup
from bot.actions.talk import Talk
from bot.actions.tools import Tools
from bot.dialogue.answers import Composer
from bot.store.crypto import Cipher


def reply_actions(
    composer: Composer,
    lookups: Lookups,
    statutes: StatuteLookup,
    tools: Tools,
    talk: Talk,
    reader: TurnReader,
    cipher: Cipher,
) -> Sequence[Action]:
    """Return the actions whose work is one function from a turn to a reply."""

    def going_on_or(otherwise: Answering) -> Answering:
        """A bare "那要多少钱" says little to a classifier; after a matter it is clear."""
        return lambda turn: composer.follow_up(turn) or otherwise(turn)

    answering: dict[str, Answering] = {
        "action_answer_question": tools.offering_sums(lookups.question),
        "action_lookup_statute": statutes.reply,
        "action_lookup_case": lookups.case,
        "action_show_service": lookups.service,
        "action_show_directory": lookups.directory,
        "action_calculate": tools.calculate,
        "action_draft_document": tools.document,
        "action_request_lawyer": talk.request_lawyer,
        "action_rate": talk.rate,
        "action_complain": talk.complain,
        "action_privacy": talk.privacy,
        "action_smalltalk": talk.smalltalk,
        "action_help": going_on_or(talk.help),
        "action_out_of_scope": going_on_or(talk.out_of_scope),
        "action_affirm": talk.affirm,
        "action_deny": talk.deny,
        "action_show_more": talk.show_more,
        "action_not_solved": talk.not_solved,
    }
    return [ReplyAction(name, answer, reader, cipher) for name, answer in answering.items()]
