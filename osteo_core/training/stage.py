"""One stage of training: the trained part of a network, its step, and its running mean."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from osteo_core.networks.build import BASES, LOGITS
from osteo_core.training.recipes import Recipe, Stage


class StageTrainer:
    """Trains what lies behind a stage's frozen layers.

    The base runs in inference mode throughout: batches of sixteen are too few to estimate batch
    normalisation anew, so its statistics stay and its scale and shift are tuned.

    Args:
        network: The full flat network; its variables are changed in place.
        recipe: The recipe.
        stage: The stage.
        class_weights: One weight a class, mean 1 over the training tiles.
        steps: Number of steps the stage would take without stopping early.
    """

    def __init__(
        self,
        network: Any,
        recipe: Recipe,
        stage: Stage,
        class_weights: npt.NDArray[np.float32],
        steps: int,
    ) -> None:
        base_end = network.get_layer(BASES[recipe.architecture].end)
        start = network.get_layer(stage.frozen_up_to).output if stage.frozen_up_to else None
        self.front: Any = keras.Model(network.input, start) if stage.frozen_up_to else None
        self._body = _between(network.input if start is None else start, base_end.output)
        self._head = keras.Model(base_end.output, network.get_layer(LOGITS).output)
        self.network = network
        self.n_classes = len(recipe.classes)
        self._recipe = recipe
        self._class_weights = tf.constant(class_weights)
        self._dropouts = [x for x in network.layers if isinstance(x, keras.layers.Dropout)]
        groups = [(self._head.trainable_variables, stage.head_rate)]
        if self._body is not None and stage.base_rate:
            groups.append((self._body.trainable_variables, stage.base_rate))
        self._groups = [
            (variables, _optimiser(rate, steps, recipe.weight_decay, variables))
            for variables, rate in groups
        ]
        self._variables = [v for variables, _ in groups for v in variables]
        self._means = [tf.Variable(v.value) for v in self._variables]
        self._steps_done = tf.Variable(0.0)
        self.step = tf.function(self._step, reduce_retracing=True)
        self.forward = tf.function(self._forward, reduce_retracing=True)

    def reseed(self, seed: int) -> None:
        """Fix the dropout of the coming epoch, so that a resumed run equals an unbroken one."""
        for number, layer in enumerate(self._dropouts):
            layer.seed_generator.state.assign([seed, number])

    def _logits(self, x: Any, training: bool) -> Any:
        features = x if self._body is None else self._body(x, training=False)
        return self._head(features, training=training)

    def _step(self, x: Any, targets: Any) -> tuple[Any, Any]:
        """One step of gradient descent; returns the summed loss and the number of right calls.

        Targets are class shares, `(n, classes)`; a call is right that names the greater share.
        """
        with tf.GradientTape() as tape:
            logits = self._logits(x, training=True)
            weights = tf.linalg.matvec(targets, self._class_weights)
            losses = self._losses(logits, targets) * weights
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, self._variables)
        gradients, _ = tf.clip_by_global_norm(gradients, 5.0)
        first = 0
        for variables, optimiser in self._groups:
            optimiser.apply(gradients[first : first + len(variables)], variables)
            first += len(variables)
        self._follow()
        greater = tf.argmax(targets, axis=-1, output_type=tf.int32)
        return tf.reduce_sum(losses), _n_right(logits, greater)

    def _follow(self) -> None:
        # A short memory at first: the mean must not hang on to the random head it began with.
        done = self._steps_done.assign_add(1.0)
        decay = tf.minimum(self._recipe.averaging, (1.0 + done) / (10.0 + done))
        for mean, variable in zip(self._means, self._variables, strict=True):
            mean.assign(decay * mean + (1.0 - decay) * variable)

    def _forward(self, x: Any, labels: Any) -> tuple[Any, Any]:
        """Summed unsmoothed loss and number of right calls, in inference mode."""
        logits = self._logits(x, training=False)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        return tf.reduce_sum(losses), _n_right(logits, labels)

    def _losses(self, logits: Any, targets: Any) -> Any:
        smoothing = self._recipe.label_smoothing
        smooth = targets * (1.0 - smoothing) + smoothing / self.n_classes
        return tf.nn.softmax_cross_entropy_with_logits(smooth, logits)

    @property
    def rate(self) -> float:
        """The head's present learning rate."""
        return float(self._groups[0][1].learning_rate)

    def means(self) -> list[Any]:
        """The running means as arrays, in the order of the trained variables."""
        return [mean.numpy() for mean in self._means]

    def values(self) -> list[Any]:
        """The trained variables as arrays."""
        return [variable.numpy() for variable in self._variables]

    def put(self, values: list[Any]) -> list[Any]:
        """Set the trained variables and return what they were."""
        before = self.values()
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)
        return before

    def state(self) -> dict[str, Any]:
        """Everything a resumed run needs, as arrays by name."""
        return {name: variable.numpy() for name, variable in self._state_variables()}

    def restore(self, state: dict[str, Any]) -> None:
        """Set everything that `state` returned."""
        for name, variable in self._state_variables():
            variable.assign(state[name])

    def _state_variables(self) -> list[tuple[str, Any]]:
        named = [(f"trained/{i}", v) for i, v in enumerate(self._variables)]
        named += [(f"mean/{i}", v) for i, v in enumerate(self._means)]
        for group, (_, optimiser) in enumerate(self._groups):
            named += [(f"optimiser{group}/{i}", v) for i, v in enumerate(optimiser.variables)]
        return [*named, ("steps", self._steps_done)]


def _between(start: Any, end: Any) -> Any:
    return None if start is end else keras.Model(start, end)


def _n_right(logits: Any, labels: Any) -> Any:
    called = tf.argmax(logits, axis=-1, output_type=tf.int32)
    return tf.reduce_sum(tf.cast(called == labels, tf.int32))


def _optimiser(rate: float, steps: int, decay: float, variables: list[Any]) -> Any:
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=rate * 0.1,
        warmup_target=rate,
        warmup_steps=max(1, steps // 10),
        decay_steps=max(1, steps - steps // 10),
        alpha=0.02,
    )
    optimiser = keras.optimizers.AdamW(schedule, weight_decay=decay)
    optimiser.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    optimiser.build(variables)
    return optimiser
