"""CropNet and its variants as methods of the benchmark."""

from collections.abc import Callable
from functools import partial
from typing import Final, Literal

from torch import Generator, Tensor, nn

from benchmark.run.training.augmentation import Augmentation, augmentation_of, crop_season
from benchmark.run.training.simulated_target import SimulatedTarget, WithSimulatedTarget
from benchmark.run.training.target_label_wrappers import FewShot, Oracle
from benchmark.run.training.training_loop import Recipe, TorchClassifier
from benchmark.task.methods import Card, Classifier, Context, Method, Track
from cropnet.adaptation import AdaptiveBatchNorm, CorrelationAlignment, PriorShift, SelfTraining
from cropnet.ensembles import Ensemble
from cropnet.model import (
    SMALL_CHANNELS,
    SPECTRAL_CHANNELS,
    TIME_CHANNELS,
    CropNet,
    OneAxisCropNet,
)
from cropnet.views import VIEWS, InventedOther, stacked_views, three_views

REFERENCE: Final = (
    "Tong & Wang 2025, Invariant Features for Global Crop Type Classification, arXiv 2509.03497"
)

OWN: Final = "this project"

PARAMETERS: Final = 1_036_295
"""Parameters of CropNet with seven classes (paper_facts.md, CropNet, mark C)."""

ALONE: Final = {
    "shift": ("time shift", Augmentation(scale_probability=0, warp_probability=0)),
    "scale": ("time scale", Augmentation(shift_probability=0, warp_probability=0)),
    "warp": ("magnitude warp", Augmentation(shift_probability=0, scale_probability=0)),
}
"""Each part of the augmentation alone, with its probability in the complete augmentation."""

SHOTS: Final = (5, 20, 100)

ENSEMBLE_SIZE: Final = 5


def methods() -> tuple[Method, ...]:
    """Return the methods of this package."""
    return (
        *_published(),
        *_ablations(),
        *_beyond(),
        *_adapted(),
        *_taught(),
        *_informed(),
    )


def _method(
    name: str,
    build: Callable[[Context], Classifier],
    card: Card,
    *,
    representation: str = "median-year",
    track: Track = "inductive",
    keeps_network: bool = False,
) -> Method:
    return Method(
        name,
        "convolution",
        representation,
        build,
        card,
        track=track,
        keeps_network=keeps_network,
        released_division="undone",
    )


def _card(summary: str, *notes: str, **more: object) -> Card:
    fields: dict[str, object] = {"reference": OWN, "licence": "MIT", "notes": notes}
    return Card.model_validate({"summary": summary, **fields, **more})


def _published() -> tuple[Method, ...]:
    released = {"reference": REFERENCE, "parameters": PARAMETERS}
    return (
        _method(
            "cropnet",
            plain,
            _card(
                "CropNet: 3 x 3 convolutions over bands and dates together.",
                "The released code has no command for CropNet without augmentation.",
                in_released_code="network",
                **released,
            ),
            representation="median",
            keeps_network=True,
        ),
        _method(
            "cropnet.aug",
            augmented,
            _card(
                "CropNet trained with time shift, time scale and magnitude warp.",
                in_released_code=True,
                **released,
            ),
            keeps_network=True,
        ),
    )


def _ablations() -> tuple[Method, ...]:
    parts = tuple(
        _method(
            f"cropnet.{name}",
            partial(augmented, augmentation=augmentation),
            _card(
                f"CropNet trained with {what} alone, as likely as in the complete augmentation.",
                reference=REFERENCE,
                parameters=PARAMETERS,
            ),
        )
        for name, (what, augmentation) in ALONE.items()
    )
    one_axis: tuple[tuple[Literal["time", "spectral"], str, int], ...] = (
        ("time", "over time alone, bands as channels", 1_037_381),
        ("spectral", "over bands alone, dates as channels", 1_040_476),
    )
    return (
        *parts,
        *(
            _method(
                f"cropnet.1d-{axis}",
                partial(_one_axis, axis=axis),
                _card(
                    f"CropNet's blocks convolving {what}.",
                    "As many parameters as CropNet (wider), fewer operations (one axis).",
                    parameters=parameters,
                ),
                representation="median",
            )
            for axis, what, parameters in one_axis
        ),
        _method(
            "cropnet.small",
            partial(plain, channels=SMALL_CHANNELS),
            _card("CropNet at half its width, 64 channels.", parameters=260_103),
            representation="median",
        ),
    )


def _beyond() -> tuple[Method, ...]:
    views = "Views: reflectance, z-score over time, spectrum over its mean."
    other = "20 % of crop samples become series shifted by 80-120 days or flattened, as `other`."
    return (
        _method(
            "cropnet.views.aug",
            views_2d,
            _card("CropNet on three views, augmented.", views, other, parameters=PARAMETERS + 2304),
        ),
        _method(
            "conv1d.views.aug",
            views_1d,
            _card(
                "CropNet's blocks over time alone, three views as channels, augmented.",
                views,
                other,
                parameters=1_050_641,
            ),
        ),
        _method(
            "duo",
            duo,
            _card(
                "Geometric mean of cropnet.aug and conv1d.views.aug.",
                parameters=PARAMETERS + 1_050_641,
            ),
        ),
        _method(
            f"cropnet.aug.x{ENSEMBLE_SIZE}",
            partial(Ensemble, members=(augmented,) * ENSEMBLE_SIZE, mean="arithmetic"),
            _card(
                "Five of cropnet.aug with seeds of their own, averaged: the control for ensembles.",
                parameters=ENSEMBLE_SIZE * PARAMETERS,
            ),
        ),
    )


def _adapted() -> tuple[Method, ...]:
    seen = {"extra_information": ("the target's series, without labels",)}
    choices: tuple[tuple[str, Callable[[Context], Classifier], str, str], ...] = (
        (
            "cropnet.aug+self-training",
            partial(SelfTraining, build=augmented),
            "cropnet.aug trained again with its most confident predictions on the target.",
            OWN,
        ),
        (
            "duo+self-training",
            partial(SelfTraining, build=duo),
            "duo trained again with its most confident predictions on the target.",
            OWN,
        ),
        (
            "cropnet.aug+adabn",
            partial(augmented, kind=AdaptiveBatchNorm),
            "cropnet.aug with batch-norm statistics of the target.",
            "Li et al. 2016, arXiv 1603.04779",
        ),
        (
            "cropnet.aug+coral",
            partial(augmented, kind=CorrelationAlignment),
            "Features of cropnet.aug, those of the source with the target's mean and covariance.",
            "Sun, Feng & Saenko 2016, arXiv 1511.05547",
        ),
        (
            "cropnet.aug+prior-shift",
            partial(PriorShift, build=augmented),
            "cropnet.aug re-weighted by class shares estimated on the target.",
            "Saerens, Latinne & Decaestecker 2002",
        ),
    )
    return tuple(
        _method(
            name,
            build,
            _card(
                summary,
                f"It adapts {name.partition('+')[0]}; in-domain it is not adapted.",
                reference=reference,
                parameters=(2 * PARAMETERS + 14_346) if name.startswith("duo") else PARAMETERS,
                **seen,
            ),
            track="unlabelled-target",
        )
        for name, build, summary, reference in choices
    )


def _taught() -> tuple[Method, ...]:
    few = tuple(
        _method(
            f"cropnet.aug.{shots}-shot",
            partial(FewShot, build=augmented, shots=shots),
            _card(
                f"cropnet.aug trained on the source and {shots} target samples per class.",
                "The target's samples are repeated until they weigh as much as the source's.",
                "Each half of the target is predicted by a fit on the other; in-domain it is "
                "cropnet.aug.",
                parameters=PARAMETERS,
                extra_information=(f"{shots} labelled target samples per class",),
                target_labels_per_class=shots,
            ),
            track="oracle",
        )
        for shots in SHOTS
    )
    oracle = _method(
        "oracle.cropnet.aug",
        partial(Oracle, build=augmented),
        _card(
            "cropnet.aug trained on the target itself: an upper bound.",
            "Each half of the target is predicted by a fit on the other; in-domain it is "
            "cropnet.aug.",
            parameters=PARAMETERS,
            extra_information=("labelled target samples, as many as a source may have",),
        ),
        track="oracle",
    )
    return (*few, oracle)


def _informed() -> tuple[Method, ...]:
    seen = ("the target's published crop calendar, through the simulator",)
    choices: tuple[tuple[str, type[SimulatedTarget], str], ...] = (
        (
            "simulated-target.cropnet",
            SimulatedTarget,
            "cropnet.aug trained on the simulator's version of the target alone.",
        ),
        (
            "cropnet.aug+simulated-target",
            WithSimulatedTarget,
            "cropnet.aug trained on the source and the simulator's version of the target.",
        ),
    )
    return tuple(
        _method(
            name,
            partial(kind, build=augmented, representation="median-year"),
            _card(
                summary,
                "Only for real targets; in-domain it is cropnet.aug.",
                parameters=PARAMETERS,
                extra_information=seen,
            ),
            track="knowledge",
        )
        for name, kind, summary in choices
    )


def plain(context: Context, *, channels: int | None = None) -> TorchClassifier:
    """Return an untrained CropNet for season windows, by default with CropNet's channels."""
    recipe = Recipe(
        build=lambda _shape, classes: _cropnet(classes, channels), in_released_code=True
    )
    return TorchClassifier(recipe, context)


def augmented(
    context: Context,
    *,
    augmentation: Augmentation | None = None,
    kind: type[TorchClassifier] = TorchClassifier,
) -> TorchClassifier:
    """Return an untrained CropNet that takes whole years and trains on augmented windows."""
    recipe = Recipe(
        build=lambda _shape, classes: CropNet(classes),
        view=crop_season,
        augment=augmentation_of(context.protocol, augmentation),
        in_released_code=True,
    )
    return kind(recipe, context)


def views_2d(context: Context) -> TorchClassifier:
    """Return an untrained CropNet that takes whole years and uses three views of each window."""
    return TorchClassifier(
        _viewed(context, three_views, lambda _shape, classes: CropNet(classes, views=VIEWS)),
        context,
    )


def views_1d(context: Context) -> TorchClassifier:
    """Return an untrained network like `views_2d` that convolves over time alone."""
    return TorchClassifier(
        _viewed(
            context,
            stacked_views,
            lambda shape, classes: OneAxisCropNet(shape[0], classes, channels=TIME_CHANNELS),
        ),
        context,
    )


def duo(context: Context) -> Ensemble:
    """Return the untrained geometric mean of ``cropnet.aug`` and ``conv1d.views.aug``."""
    return Ensemble(context, members=(augmented, views_1d), mean="geometric")


def _cropnet(classes: int, channels: int | None) -> nn.Module:
    return CropNet(classes) if channels is None else CropNet(classes, channels=channels)


def _one_axis(context: Context, *, axis: Literal["time", "spectral"]) -> TorchClassifier:
    channels = TIME_CHANNELS if axis == "time" else SPECTRAL_CHANNELS

    def build(shape: tuple[int, ...], classes: int) -> nn.Module:
        return OneAxisCropNet(shape[0], classes, channels=channels)

    view = None if axis == "time" else _dates_as_channels
    return TorchClassifier(Recipe(build=build, view=view), context)


def _dates_as_channels(windows: Tensor) -> Tensor:
    return windows.transpose(1, 2)


def _viewed(
    context: Context,
    view: Callable[[Tensor], Tensor],
    build: Callable[[tuple[int, ...], int], nn.Module],
) -> Recipe:
    """Return the training recipe of a network on views, with invented samples of `other`."""
    augmentation = augmentation_of(context.protocol)
    invented = InventedOther(context.classes.index("other")) if "other" in context.classes else None
    return Recipe(
        build=build,
        view=lambda year: view(crop_season(year)),
        augment=lambda year, generator: view(augmentation(year, generator)),
        invent=None if invented is None else partial(_invent, invented=invented, view=view),
    )


def _invent(
    year: Tensor,
    labels: Tensor,
    generator: Generator,
    *,
    invented: InventedOther,
    view: Callable[[Tensor], Tensor],
) -> tuple[Tensor, Tensor, Tensor]:
    chosen, windows, label = invented(year, labels, generator)
    return chosen, view(windows), label
