"""Handcrafted features under each head: the paper's harmonic and median baselines."""

from typing import Final

from baselines.heads import MultilayerPerceptron, RandomForest, XGBoost
from benchmark.task.methods import Card, Method

RELEASED: Final = "released code of Tong & Wang 2025, arXiv 2509.03497"


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
            ),
        ),
        Method(
            name="median.mlp",
            family="handcrafted",
            representation="median",
            build=MultilayerPerceptron,
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
            ),
        ),
    )
