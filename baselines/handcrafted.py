"""Methods on handcrafted features, with each head: the paper's harmonic and median baselines."""

from collections.abc import Callable
from functools import partial
from typing import Final

from baselines.heads import AugmentedTrees, MultilayerPerceptron, RandomForest, XGBoost
from benchmark.run.training.simulated_target import SimulatedTarget
from benchmark.run.training.target_label_wrappers import Oracle
from benchmark.task.methods import Card, Classifier, Context, Method

RELEASED: Final = "released code of Tong & Wang 2025, arXiv 2509.03497"

FILES_ONLY: Final = (
    "The released code reads harmonic features from files and computes none; "
    "`--representation-from files` does so too."
)


def methods() -> tuple[Method, ...]:
    """Return the methods of this module."""
    return (
        Method(
            name="median.random-forest",
            family="handcrafted",
            representation="median",
            build=RandomForest,
            card=Card(
                summary="Random forest with balanced classes on the 5-day medians of the season.",
                reference=RELEASED,
                licence="MIT",
                in_released_code=True,
            ),
        ),
        Method(
            name="median.xgboost",
            family="handcrafted",
            representation="median",
            build=XGBoost,
            card=Card(
                summary="Gradient-boosted trees on the 5-day medians of the season.",
                reference="Chen & Guestrin 2016, arXiv 1603.02754; this project's settings",
                licence="MIT",
                deterministic=True,
            ),
        ),
        Method(
            name="median.mlp",
            family="handcrafted",
            representation="median",
            build=MultilayerPerceptron,
            released_division="plain",
            card=Card(
                summary="Eight hidden layers of 128 units on the 5-day medians of the season.",
                reference=RELEASED,
                licence="MIT",
                in_released_code=True,
            ),
        ),
        Method(
            name="harmonic.random-forest",
            family="handcrafted",
            representation="harmonic",
            build=RandomForest,
            card=Card(
                summary="Random forest with balanced classes on two harmonics per band.",
                reference=RELEASED,
                licence="MIT",
                in_released_code=True,
                notes=(FILES_ONLY,),
            ),
        ),
        Method(
            name="harmonic.xgboost",
            family="handcrafted",
            representation="harmonic",
            build=XGBoost,
            card=Card(
                summary="Gradient-boosted trees on two harmonics per band.",
                reference="Chen & Guestrin 2016, arXiv 1603.02754; this project's settings",
                licence="MIT",
                deterministic=True,
            ),
        ),
        Method(
            name="harmonic.mlp",
            family="handcrafted",
            representation="harmonic",
            build=MultilayerPerceptron,
            released_division="plain",
            card=Card(
                summary="Eight hidden layers of 128 units on two harmonics per band.",
                reference=RELEASED,
                licence="MIT",
                in_released_code=True,
                notes=(FILES_ONLY,),
            ),
        ),
        *_augmented(),
        *_oracles(),
        Method(
            name="simulated-target.random-forest",
            family="handcrafted",
            representation="median",
            build=partial(SimulatedTarget, build=RandomForest, representation="median"),
            card=Card(
                summary="Random forest on the simulator's version of the target alone.",
                reference="this project",
                licence="MIT",
                extra_information=("the target's published crop calendar, through the simulator",),
                notes=("Only for real targets; in-domain it is median.random-forest.",),
            ),
            track="knowledge",
        ),
    )


def _heads() -> tuple[tuple[str, str, Callable[[Context], Classifier]], ...]:
    return (
        ("random-forest", "Random forest", RandomForest),
        ("xgboost", "Gradient-boosted trees", XGBoost),
    )


def _augmented() -> tuple[Method, ...]:
    return tuple(
        Method(
            name=f"median.{head}.aug",
            family="handcrafted",
            representation="median-year",
            build=partial(AugmentedTrees, head=build),
            card=Card(
                summary=f"{title} on the season's medians and copies shifted, scaled and warped.",
                reference="this project: CropNet's augmentation for trees",
                licence="MIT",
            ),
        )
        for head, title, build in _heads()
    )


def _oracles() -> tuple[Method, ...]:
    return tuple(
        Method(
            name=f"oracle.median.{head}",
            family="handcrafted",
            representation="median",
            build=partial(Oracle, build=build),
            card=Card(
                summary=f"{title} on the season's medians of the target itself: an upper bound.",
                reference="this project",
                licence="MIT",
                deterministic=head == "xgboost",
                extra_information=("labelled target samples, as many as a source may have",),
                notes=(
                    "Each half of the target is predicted by a fit on the other; in-domain it is "
                    f"median.{head}.",
                ),
            ),
            track="oracle",
        )
        for head, title, build in _heads()
    )
