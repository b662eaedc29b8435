"""RegexFeaturizer over the unified text, so that full-width letters match the patterns too."""

from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.featurizers.sparse_featurizer.regex_featurizer import RegexFeaturizer
from rasa.shared.nlu.training_data.message import Message

from bot.rasa_ext.tokenizer import unify


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True
)
class PatternFeaturizer(RegexFeaturizer):
    """One feature for each family of words in nlu_data/nlu/patterns.yml."""

    def _features_for_patterns(self, message: Message, attribute: str) -> Any:
        text = message.get(attribute)
        if not text:
            return super()._features_for_patterns(message, attribute)
        unified = Message(data={**message.data, attribute: unify(text)})
        return super()._features_for_patterns(unified, attribute)
