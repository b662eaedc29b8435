"""Logistic regression over n-grams, tuned so that a legal question is never taken for small talk.

Rasa's own `LogisticRegressionClassifier` ignores `C` and `class_weight` in config.yml and weighs
a hundred-character story by its raw counts. This subclass honours both and scales rows to length
one; the families of words in nlu_data/nlu/patterns.yml weigh more than a chance n-gram. The plain
threshold is left to `FallbackClassifier`.
"""

from typing import Any, Dict, List

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.classifiers.logistic_regression_classifier import LogisticRegressionClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True
)
class LegalIntentClassifier(LogisticRegressionClassifier):
    """Intent classifier with three fixed rules around the learnt one.

    A form answer reaches Rasa only as one of `answer_tokens`, and only that gives `answer_intent`.
    From `long_text` characters on, an intent other than `default_intent` needs a confidence of
    `long_text_confidence`: people tell stories to a lawyer, not to a menu.
    """

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        """Return the defaults; all of them can be set in config.yml."""
        return {
            **LogisticRegressionClassifier.get_default_config(),
            "C": 30.0,
            "class_weight": None,
            # One model for each intent; lbfgs gains nothing here and takes ten times as long.
            "solver": "liblinear",
            "max_iter": 300,
            "patterns": "patterns",
            "pattern_weight": 2.0,
            "default_intent": "ask_legal",
            "answer_intent": "give_detail",
            "answer_tokens": ["〔已填写〕", "〔选择〕"],
            "long_text": 40,
            "long_text_confidence": 0.8,
        }

    def __init__(self, config: Dict[str, Any], *args: Any, **kwargs: Any) -> None:
        """Apply the regularisation that the parent class leaves at scikit-learn's defaults."""
        super().__init__(config, *args, **kwargs)
        self.clf.set_params(C=self.config["C"], class_weight=self.config["class_weight"])

    def _create_X(self, messages: List[Message]) -> Any:
        """Return float64 rows of unit Euclidean length, shape (messages, features), CSR."""
        rows = super()._create_X(messages).astype("float64").tocsr()
        rows.data **= 0.5  # a word said three times is not three times the evidence
        # The featurizer called `patterns` comes first in the pipeline, so its columns do too.
        rows.data[rows.indices < self._pattern_columns(messages)] *= self.config["pattern_weight"]
        lengths = rows.multiply(rows).sum(axis=1).A ** 0.5
        lengths[lengths == 0] = 1.0
        return rows.multiply(1.0 / lengths).tocsr()

    def _pattern_columns(self, messages: List[Message]) -> int:
        for message in messages:
            _, sentence = message.get_sparse_features(TEXT, [self.config["patterns"]])
            if sentence is not None:
                return int(sentence.features.shape[-1])
        return 0

    def process(self, messages: List[Message]) -> List[Message]:
        """Set `intent` and `intent_ranking` of each message."""
        super().process(messages)
        for message in messages:
            self._apply_rules(message)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Return the data as it is: nothing behind this component learns from its guesses."""
        return training_data

    def _apply_rules(self, message: Message) -> None:
        text = message.get(TEXT).strip()
        answer_intent = self.config["answer_intent"]
        if text in self.config["answer_tokens"]:
            answer = {"name": answer_intent, "confidence": 1.0}
            message.set(INTENT, answer, add_to_output=True)
            message.set(INTENT_RANKING_KEY, [answer], add_to_output=True)
            return
        ranking = [
            guess for guess in message.get(INTENT_RANKING_KEY) if guess["name"] != answer_intent
        ]
        if (
            len(text) >= self.config["long_text"]
            and ranking[0]["confidence"] < self.config["long_text_confidence"]
        ):
            # A stable sort: the default intent first, the others in their order.
            ranking.sort(key=lambda guess: guess["name"] != self.config["default_intent"])
        message.set(INTENT, ranking[0], add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
