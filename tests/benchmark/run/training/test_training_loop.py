"""The training loop: determinism, selection, budget, and the released code's defects."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmark.errors import MethodError
from benchmark.run.training import training_loop
from benchmark.run.training.training_loop import Recipe, TorchClassifier, class_weights
from benchmark.task.fitted_attributes import read_fitted_attributes
from benchmark.task.methods import Context, Features, Labels
from benchmark.task.protocol import Protocol


class Linear(nn.Module):
    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__()
        self.layer = nn.Linear(inputs, classes)
        self.seen: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.seen.append(len(x))
        logits: Tensor = self.layer(x.flatten(1))
        return logits


def build(shape: tuple[int, ...], classes: int) -> nn.Module:
    return Linear(int(np.prod(shape)), classes)


def context(protocol: Protocol, seed: int = 1) -> Context:
    return Context(seed, ("corn", "rice"), protocol, "cpu", ("B2",), (1, 4))


def data(count: int = 64, seed: int = 0) -> tuple[Features, Labels]:
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, count)
    x = random.normal(0, 1, (count, 1, 4)).astype(np.float32)
    x[:, 0, 0] += 4 * y
    return x, y


def test_same_seed_same_answer_other_seed_other_answer(smoke: Protocol) -> None:
    x, y = data()
    answers = [
        TorchClassifier(Recipe(build), context(smoke, seed))
        .fit(x, y, validation=data(seed=1))
        .predict_proba(x)
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(answers[0], answers[1])
    assert not np.array_equal(answers[0], answers[2])


def test_fitting_leaves_the_global_random_state_alone(smoke: Protocol) -> None:
    before = torch.random.get_rng_state()
    TorchClassifier(Recipe(build), context(smoke)).fit(*data(), validation=data(seed=1))
    assert torch.equal(before, torch.random.get_rng_state())


def test_it_learns(changed: Callable[..., Protocol]) -> None:
    protocol = changed(network={"epochs": 30, "batch_size": 16, "learning_rate": 0.05})
    x, y = data()
    model = TorchClassifier(Recipe(build), context(protocol)).fit(x, y, validation=data(seed=1))
    assert np.mean(model.predict_proba(x).argmax(axis=1) == y) > 0.9


def test_the_best_checkpoint_is_kept_not_the_last(changed: Callable[..., Protocol]) -> None:
    protocol = changed(network={"epochs": 12, "batch_size": 8, "learning_rate": 5.0})
    validation = data(seed=1)
    model = TorchClassifier(Recipe(build), context(protocol)).fit(*data(), validation=validation)
    best = max(entry["validation"] for entry in model.history_)
    held = torch.from_numpy(validation[0]), validation[1]
    assert model._quality(held) == best  # the stored weights give the best epoch's score


def test_plain_and_augmented_networks_take_equally_many_steps(
    changed: Callable[..., Protocol],
) -> None:
    protocol = changed(
        network={"epochs": 2, "passes_per_epoch": 3, "batch_size": 16, "learning_rate": 0.01}
    )
    steps = []
    for augment in (None, lambda x, generator: x + 1):
        model = TorchClassifier(Recipe(build, augment=augment), context(protocol))
        model.fit(*data(), validation=data(seed=1))
        steps.append(model.network_.seen)
    assert steps[0] == steps[1] == [16] * (2 * 3 * 64 // 16)


def test_static_copies_are_made_once_and_lengthen_the_epoch(
    changed: Callable[..., Protocol],
) -> None:
    calls = []

    def augment(x: Tensor, generator: torch.Generator) -> Tensor:
        calls.append(len(x))
        return x

    protocol = changed(augmentation={"mode": "static", "copies": 2})
    model = TorchClassifier(Recipe(build, augment=augment), context(protocol))
    model.fit(*data(), validation=data(seed=1))
    assert calls == [64, 64]
    assert model.network_.seen == [32] * (2 * 3 * 64 // 32)


def test_online_copies_replace_two_thirds_of_a_batch(changed: Callable[..., Protocol]) -> None:
    marked: list[float] = []

    class Watch(Linear):
        def forward(self, x: Tensor) -> Tensor:
            if self.training:
                marked.append(float((x[:, 0, 0] > 50).float().mean()))
            return super().forward(x)

    protocol = changed(network={"epochs": 40, "batch_size": 32, "learning_rate": 0.001})
    recipe = Recipe(
        lambda shape, classes: Watch(4, classes), augment=lambda x, generator: x + 100.0
    )
    TorchClassifier(recipe, context(protocol)).fit(*data(), validation=data(seed=1))
    assert np.mean(marked) == pytest.approx(2 / 3, abs=0.05)


def test_the_last_batch_is_kept_where_the_protocol_repeats_the_released_code(
    changed: Callable[..., Protocol],
) -> None:
    # 70 samples in batches of 32: two steps and six samples left. paper_facts.md, Read again [C].
    seen = []
    for kept in (False, True):
        model = TorchClassifier(
            Recipe(build), context(changed(released_defects={"last_batch_kept": kept}))
        )
        model.fit(*data(70), validation=data(32, seed=1))
        seen.append((model.network_.seen, model.history_[0]["samples"]))
    assert seen == [([32, 32] * 2, 64), ([32, 32, 6] * 2, 70)]


@pytest.mark.parametrize("count", [64, 5])
def test_each_sample_is_drawn_once_an_epoch_where_the_last_batch_is_kept(
    count: int, changed: Callable[..., Protocol]
) -> None:
    seen: list[Tensor] = []

    class Watch(Linear):
        def forward(self, x: Tensor) -> Tensor:
            if self.training:
                seen.append(x[:, 0, 1])
            return super().forward(x)

    protocol = changed(
        network={"epochs": 1, "batch_size": 32, "learning_rate": 0.01},
        released_defects={"last_batch_kept": True},
    )
    x, y = data(count)
    TorchClassifier(Recipe(lambda shape, classes: Watch(4, classes)), context(protocol)).fit(
        x, y, validation=data(seed=1)
    )
    np.testing.assert_array_equal(np.sort(torch.cat(seen).numpy()), np.sort(x[:, 0, 1]))


def test_class_weights_count_validation_labels_where_the_released_code_is_repeated(
    changed: Callable[..., Protocol], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []

    def record(labels: Labels, classes: int) -> Tensor:
        counted.append(len(labels))
        return class_weights(labels, classes)

    monkeypatch.setattr(training_loop, "class_weights", record)
    for repeated in (False, True):
        protocol = changed(released_defects={"weights_from_validation": repeated})
        TorchClassifier(Recipe(build), context(protocol)).fit(
            *data(64), validation=data(32, seed=1)
        )
    assert counted == [64, 96]


def test_class_weights_are_scikit_learns() -> None:
    from sklearn.utils.class_weight import compute_class_weight

    labels = np.array([0, 0, 0, 1])
    expected = compute_class_weight("balanced", classes=np.array([0, 1]), y=labels)
    np.testing.assert_allclose(class_weights(labels, 2).numpy(), expected, rtol=1e-6)


def test_a_loss_that_explodes_is_reported(smoke: Protocol) -> None:
    x, y = data()
    with pytest.raises(MethodError, match="loss became nan in epoch 1"):
        TorchClassifier(Recipe(build), context(smoke)).fit(
            x * np.float32(np.inf), y, validation=(x, y)
        )


def test_a_single_sample_is_answered_as_in_a_batch(smoke: Protocol) -> None:
    x, y = data()
    model = TorchClassifier(Recipe(build), context(smoke)).fit(x, y, validation=(x, y))
    np.testing.assert_allclose(model.predict_proba(x[:1]), model.predict_proba(x)[:1], rtol=1e-5)


def test_parameters_and_operations_are_counted(smoke: Protocol) -> None:
    x, y = data()
    model = TorchClassifier(Recipe(build), context(smoke)).fit(x, y, validation=(x, y))
    assert model.parameter_count_ == 4 * 2 + 2
    assert model.flops_per_sample_ == 2 * 4 * 2


def test_operations_that_no_counter_saw_are_missing_and_not_zero(
    smoke: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under torch 2.4, whose counter sees nothing in inference mode."""
    monkeypatch.setattr(FlopCounterMode, "get_total_flops", lambda self: 0)
    x, y = data()
    model = TorchClassifier(Recipe(build), context(smoke)).fit(x, y, validation=(x, y))
    assert model.flops_per_sample_ is None
    assert read_fitted_attributes(model).flops_per_sample is None


class Attention(nn.Module):
    """Two tokens of two numbers that look at each other, then a layer."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.layer = nn.Linear(4, classes)

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.reshape(len(x), 1, 2, 2)
        seen = nn.functional.scaled_dot_product_attention(tokens, tokens, tokens)
        logits: Tensor = self.layer(seen.flatten(1))
        return logits


def test_operations_of_attention_are_counted_on_any_device(smoke: Protocol) -> None:
    """By hand: 2x2x2 multiplications for the scores and as many for the values, twice each."""
    x, y = data()
    recipe = Recipe(lambda _, classes: Attention(classes))
    model = TorchClassifier(recipe, context(smoke)).fit(x, y, validation=(x, y))
    assert model.flops_per_sample_ == 2 * 8 + 2 * 8 + 2 * 4 * 2


def test_an_epoch_says_how_many_samples_it_drew(changed: Callable[..., Protocol]) -> None:
    protocol = changed(
        network={"epochs": 2, "passes_per_epoch": 3, "batch_size": 16, "learning_rate": 0.01}
    )
    model = TorchClassifier(Recipe(build), context(protocol)).fit(*data(), validation=data(seed=1))
    assert [entry["samples"] for entry in model.history_] == [3 * 64, 3 * 64]
