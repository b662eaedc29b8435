"""Check each action's reply against a schema that was itself checked once.

Rasa 3.6.21 checks its own schema against JSON Schema's meta-schema for every reply, which takes
longer than all the rest of a turn (about 20 of 40 ms). It is the last open-source release, so the
method replaced here does not change under us.
"""

from typing import Any, Dict, Text

from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction

_SCHEMA = RemoteAction.action_response_format_spec()
_VALIDATOR = validator_for(_SCHEMA)(_SCHEMA)


def _validate(self: RemoteAction, result: Dict[Text, Any]) -> bool:
    """Return True, or raise `jsonschema.ValidationError` as Rasa's own check does."""
    _VALIDATOR.validate(result)
    return True


def install() -> None:
    """Replace Rasa's check; calling it again changes nothing."""
    RemoteAction._validate_action_result = _validate
