"""CropNet's ablations, views, ensembles and adaptation."""

from functools import partial
from typing import Any, Literal

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.data.dataset import BANDS
from benchmark.data.season import WINDOW
from benchmark.randomness import derive_seed
from benchmark.run.training.training_loop import Recipe, TorchClassifier
from benchmark.task.authoring.method_trial import made_up_samples, tiny_protocol
from benchmark.task.methods import Context
from cropnet import adaptation, methods
from cropnet.ensembles import Ensemble
from cropnet.model import CropNet, OneAxisCropNet
from cropnet.views import SMALLEST, InventedOther, stacked_views, three_views

SEVEN = ("corn", "soybeans", "rice", "wheat", "sugarcane", "cotton", "other")
REGISTERED = {m.name: m for m in methods.methods()}


def context(classes: tuple[str, ...] = SEVEN, seed: int = 0) -> Context:
    return Context(seed, classes, tiny_protocol(), "cpu", BANDS, (10, 73))


def one_axis(inputs: int, channels: int) -> int:
    return 3 * channels * (inputs + 7 * channels) + 16 * channels + channels * 7 + 7


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("cropnet", 1_036_295),
        ("cropnet.small", 9 * 64 * (1 + 7 * 64) + 16 * 64 + 64 * 7 + 7),
        ("cropnet.1d-time", one_axis(10, 221)),
        ("cropnet.1d-spectral", one_axis(43, 219)),
        ("cropnet.views.aug", 1_036_295 + 2 * 9 * 128),
        ("conv1d.views.aug", one_axis(30, 221)),
    ],
)
def test_parameters_are_those_of_the_layers_and_of_the_card(name: str, by_hand: int) -> None:
    recipe: Recipe = REGISTERED[name].build(context()).recipe  # type: ignore[attr-defined]
    year = torch.rand(2, 10, 73 if REGISTERED[name].representation == "median-year" else 43)
    seen = year if recipe.view is None else recipe.view(year)
    network = recipe.build(tuple(seen.shape[1:]), 7).eval()
    assert network(seen).shape == (2, 7)
    assert sum(p.numel() for p in network.parameters()) == by_hand
    assert REGISTERED[name].card.parameters == by_hand


def test_cards_of_compounds_add_their_members_up() -> None:
    single = REGISTERED["cropnet.aug"].card.parameters
    assert single is not None
    duo = single + one_axis(30, 221)
    assert REGISTERED["duo"].card.parameters == duo
    assert REGISTERED["duo+self-training"].card.parameters == duo
    assert REGISTERED["cropnet.aug.x5"].card.parameters == 5 * single


def test_one_axis_networks_convolve_along_one_axis() -> None:
    # With pooled outputs, shuffling the channels axis consistently with the first weights is the
    # only freedom; a single changed position must not reach beyond the kernels' sight.
    network = OneAxisCropNet(10, 7, channels=4).eval()
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv1d)]
    assert [m.kernel_size for m in convolutions] == [(3,)] * 8
    assert [m.stride for m in convolutions] == [(2,)] + [(1,)] * 7
    spectral = REGISTERED["cropnet.1d-spectral"].build(context()).recipe  # type: ignore[attr-defined]
    windows = torch.rand(1, 10, 43)
    assert torch.equal(spectral.view(windows), windows.transpose(1, 2))


def test_ablations_draw_their_part_alone() -> None:
    parts = {name: part for name, (_, part) in methods.ALONE.items()}
    chances = {
        n: (p.shift_probability, p.scale_probability, p.warp_probability) for n, p in parts.items()
    }
    assert chances == {"shift": (1, 0, 0), "scale": (0, 0.5, 0), "warp": (0, 0, 0.25)}


def test_views_are_the_definitions() -> None:
    windows = torch.rand(3, 10, 43, dtype=torch.float64) + 0.1
    views = three_views(windows).numpy()
    x = windows.numpy()
    np.testing.assert_array_equal(views[:, 0], x)
    z = (x - x.mean(axis=2, keepdims=True)) / (x.std(axis=2, keepdims=True) + SMALLEST)
    np.testing.assert_allclose(views[:, 1], z)
    np.testing.assert_allclose(views[:, 2], x / (x.mean(axis=1, keepdims=True) + SMALLEST))
    assert stacked_views(windows).shape == (3, 30, 43)
    np.testing.assert_array_equal(stacked_views(windows)[:, 10:20], views[:, 1])


def test_shape_in_time_forgets_gain_and_offset() -> None:
    windows = torch.rand(2, 10, 43, dtype=torch.float64)
    moved = three_views(0.5 * windows + 0.2)[:, 1]
    torch.testing.assert_close(moved, three_views(windows)[:, 1], atol=0.02, rtol=0)


def test_constant_series_have_finite_views() -> None:
    assert torch.isfinite(three_views(torch.zeros(1, 10, 43))).all()


def test_invented_samples_are_shifted_or_flattened_crops() -> None:
    year = torch.arange(73.0).repeat(400, 2, 1)
    year[:, 1] += 1000
    labels = torch.arange(400) % 2 * 6
    invent = InventedOther(6, share=0.5)
    chosen, windows, label = invent(year, labels, torch.Generator().manual_seed(0))
    assert not chosen[labels == 6].any(), "samples of `other` stay"
    assert 0.4 < chosen[labels == 0].float().mean() < 0.6
    assert (label == 6).all()
    season = torch.arange(73.0)[WINDOW]
    flat = season.mean() + 0.25 * (season - season.mean())
    seen = set()
    for window in windows[:, 0]:
        if torch.allclose(window, flat):
            seen.add("flat")
            continue
        step = int((window[0] - season[0]) % 73)
        step = step - 73 if step > 36 else step
        assert 16 <= abs(step) <= 24, "80 to 120 days"
        torch.testing.assert_close(window, (season + step) % 73)
        seen.add("early" if step < 0 else "late")
    assert seen == {"flat", "early", "late"}


def test_without_other_nothing_is_invented() -> None:
    assert methods.views_1d(context(("corn", "rice"))).recipe.invent is None
    assert methods.views_1d(context()).recipe.invent is not None


class Fixed:
    """A network that answers what it is told to."""

    def __init__(self, context: Context, answers: list[list[float]]) -> None:
        self.context = context
        self.answers = np.array(answers)
        self.parameter_count_, self.history_ = 10, [{"epoch": 1}]
        self.flops_per_sample_: int | None = 100

    def fit(self, x: object, y: object, *, validation: object) -> "Fixed":
        return self

    def predict_proba(self, x: object) -> np.ndarray:
        return self.answers


@pytest.mark.parametrize(
    ("mean", "expected"),
    [("arithmetic", [0.4, 0.6]), ("geometric", [0.12**0.5, 0.32**0.5])],
)
def test_ensembles_average(mean: Literal["arithmetic", "geometric"], expected: list[float]) -> None:
    built: list[Fixed] = []

    def member(given: Context, answer: list[float]) -> Fixed:
        built.append(Fixed(given, [answer]))
        return built[-1]

    answers = [0.2, 0.8], [0.6, 0.4]
    members: list[Any] = [partial(member, answer=answer) for answer in answers]
    x: Any = np.zeros((1, 1), np.float32)
    ensemble = Ensemble(context(seed=3), members=members, mean=mean).fit(x, x, validation=(x, x))
    total = sum(expected)
    np.testing.assert_allclose(ensemble.predict_proba(x), [[e / total for e in expected]])
    assert [f.context.seed for f in built] == [derive_seed(3, "member", n) for n in (0, 1)]
    assert (ensemble.parameter_count_, ensemble.flops_per_sample_) == (20, 200)
    assert [entry["member"] for entry in ensemble.history_] == [0, 1]


def test_an_ensemble_with_an_uncounted_member_has_no_count() -> None:
    def member(given: Context, count: int | None) -> Fixed:
        fixed = Fixed(given, [[0.2, 0.8]])
        fixed.flops_per_sample_ = count
        return fixed

    members: list[Any] = [partial(member, count=count) for count in (100, None)]
    x: Any = np.zeros((1, 1), np.float32)
    ensemble = Ensemble(context(), members=members, mean="arithmetic").fit(x, x, validation=(x, x))
    assert ensemble.flops_per_sample_ is None


def test_the_most_confident_are_chosen_class_by_class() -> None:
    sure = np.concatenate([np.linspace(0.6, 0.9, 10), np.linspace(0.6, 0.7, 4)])
    answers = np.stack([sure, 1 - sure], axis=1)
    answers[10:] = answers[10:, ::-1]
    rows, labels = adaptation.most_confident(answers)
    assert rows.tolist() == [7, 8, 9, 13]
    assert labels.tolist() == [0, 0, 0, 1]
    many, _ = adaptation.most_confident(np.tile([0.9, 0.1], (5000, 1)))
    assert len(many) == adaptation.CONFIDENT_MOST


def test_shares_are_found_again() -> None:
    # A perfectly calibrated balanced classifier on two unit normals one apart, shares 0.8 and 0.2.
    random = np.random.default_rng(0)
    truth = random.random(20_000) < 0.2
    x = random.normal(size=20_000) + 2 * truth
    posterior = 1 / (1 + np.exp(-2 * (x - 1)))
    answers = np.stack([1 - posterior, posterior], axis=1)
    assert answers.argmax(axis=1).mean() > 0.25, "a balanced classifier over-predicts the rare one"
    np.testing.assert_allclose(adaptation.estimate_shares(answers), [0.8, 0.2], atol=0.01)


def test_alignment_matches_mean_and_covariance() -> None:
    random = np.random.default_rng(0)
    source = random.normal(size=(5000, 3)) * [30, 40, 50]
    target = random.normal(size=(5000, 3)) @ random.normal(size=(3, 3)) * 50 + [1, 2, 3]
    aligned = adaptation.align(source, target)
    np.testing.assert_allclose(aligned.mean(axis=0), target.mean(axis=0), atol=1e-9)
    # The unit ridge is small beside variances of about a thousand.
    expected = np.cov(target, rowvar=False)
    np.testing.assert_allclose(np.cov(aligned, rowvar=False), expected, atol=0.01 * expected.max())


def fitted(kind: type[TorchClassifier]) -> tuple[TorchClassifier, np.ndarray]:
    observations, labels = made_up_samples()
    classifier = methods.augmented(context(("corn", "rice", "other")), kind=kind)
    x = observations.series
    return classifier.fit(x, labels, validation=(x, labels)), x


def test_adabn_takes_the_statistics_of_the_target() -> None:
    classifier, x = fitted(adaptation.AdaptiveBatchNorm)
    before = {k: v.clone() for k, v in classifier.network_.state_dict().items()}
    target = np.clip(x * 0.5 + 0.2, 0, 1).astype(np.float32)
    adapted = classifier.adapt(target)  # type: ignore[attr-defined]
    first = adapted.network_.features[1]
    assert isinstance(first, nn.BatchNorm2d)
    with torch.inference_mode():
        windows = torch.from_numpy(target)[:, None, :, WINDOW]
        maps = adapted.network_.features[0](windows)
    torch.testing.assert_close(first.running_mean, maps.mean(dim=(0, 2, 3)), atol=1e-4, rtol=1e-3)
    after = classifier.network_.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before), "the teacher is left as it was"
    weights = adapted.network_.state_dict()
    assert all(torch.equal(before[k], weights[k]) for k in before if k.endswith("weight"))


def test_adabn_weighs_every_sample_of_the_target_alike() -> None:
    """A last batch of one sample weighed as much as the 512 before it."""
    classifier, x = fitted(adaptation.AdaptiveBatchNorm)
    target = np.concatenate([np.resize(x, (512, *x.shape[1:])), np.ones_like(x[:1])])
    adapted = classifier.adapt(target)  # type: ignore[attr-defined]
    first = adapted.network_.features[1]
    with torch.inference_mode():
        windows = torch.from_numpy(target)[:, None, :, WINDOW]
        maps = adapted.network_.features[0](windows)
    torch.testing.assert_close(first.running_mean, maps.mean(dim=(0, 2, 3)), atol=1e-4, rtol=1e-3)


def test_coral_uses_the_features_before_the_last_layer() -> None:
    classifier, x = fitted(adaptation.CorrelationAlignment)
    assert isinstance(classifier, adaptation.CorrelationAlignment)
    network = classifier.network_
    assert isinstance(network, CropNet)
    features = torch.from_numpy(classifier.embed(x)).float()
    with torch.inference_mode():
        expected = network.classify(features).softmax(dim=1).numpy()
    np.testing.assert_allclose(classifier.predict_proba(x), expected, atol=1e-5)
    assert classifier.adapt(x[:9]).predict_proba(x[:4]).shape == (4, 3)


class Teacher:
    """Certain of class 0 below 0.5 and of class 1 above; remembers what it was fitted on."""

    def __init__(self, given: Context) -> None:
        self.context = given

    def fit(self, x: Any, y: Any, *, validation: Any) -> "Teacher":
        self.x, self.y, self.validation = x, y, validation
        return self

    def predict_proba(self, x: Any) -> np.ndarray:
        sure = np.clip(0.5 + x[:, :1], 0, 1)
        return np.concatenate([1 - sure, sure], axis=1)


def test_self_training_adds_the_surest_answers_to_the_source() -> None:
    source = np.zeros((4, 1)), np.array([0, 1, 0, 1])
    learner = adaptation.SelfTraining(context(("corn", "other")), build=Teacher)
    learner.fit(*source, validation=source)  # type: ignore[arg-type]
    target = np.array([[-0.4], [-0.1], [-0.2], [0.4], [0.1], [0.05]])
    student = learner.adapt(target)  # type: ignore[arg-type]
    assert isinstance(student, Teacher)
    np.testing.assert_array_equal(student.x[4:], [[-0.4], [0.4]])
    np.testing.assert_array_equal(student.y[4:], [0, 1])
    assert student.validation is source
    assert student.context.seed != learner.context.seed
    assert len(learner.inner_.x) == 4, "the teacher is left as it was"  # type: ignore[attr-defined]


def test_prior_shift_moves_answers_towards_the_shares_of_the_target() -> None:
    learner = adaptation.PriorShift(context(("corn", "other")), build=Teacher)
    learner.fit(np.zeros((2, 1)), np.array([0, 1]), validation=(np.zeros((2, 1)), np.array([0, 1])))  # type: ignore[arg-type]
    target = np.full((90, 1), -0.4)
    target[:9] = 0.4
    adapted = learner.adapt(target)  # type: ignore[arg-type]
    before, after = learner.predict_proba(target[:1]), adapted.predict_proba(target[:1])  # type: ignore[arg-type]
    assert after[0, 1] < before[0, 1]
    shares = adaptation.estimate_shares(np.asarray(learner.predict_proba(target)))  # type: ignore[arg-type]
    expected = before[0] * shares / (before[0] * shares).sum()
    np.testing.assert_allclose(after[0], expected)
