"""Methods on precomputed embeddings, with each head: AlphaEarth as in the paper, and others."""

from functools import partial

from baselines.heads import MultilayerPerceptron, RandomForest, XGBoost
from benchmark.data.embeddings import Embedding, embeddings
from benchmark.data.representations import Observations, Representation
from benchmark.data.season import FloatArray
from benchmark.errors import UnavailableError
from benchmark.task.methods import Card, Method, Pretraining

HEADS = (
    ("random-forest", "random forest", RandomForest),
    ("mlp", "eight-layer perceptron", MultilayerPerceptron),
    ("xgboost", "gradient-boosted trees", XGBoost),
)

PAPERS = ("alphaearth",)
"""Embeddings that the paper uses; their names have no prefix ``embedding.``. Harmonic features that
are read from the official files, and can be computed too, are named ``harmonic-files``."""


def representations() -> tuple[Representation, ...]:
    """Return the representations of this module."""
    return tuple(
        Representation(
            name=_representation(name),
            summary=f"{kind.title}, read from the dataset [{kind.dimension or 'D'}]",
            compute=partial(_stored, name=name),
            vectors=name,
        )
        for name, kind in embeddings().items()
    )


def methods() -> tuple[Method, ...]:
    """Return the methods of this module."""
    return tuple(
        Method(
            name=f"{_representation(name)}.{head}",
            family="foundation-model" if kind.encoder else "handcrafted",
            representation=_representation(name),
            build=build,
            card=_card(name, kind, head, title),
            released_division="plain" if head == "mlp" else "stratified",
        )
        for name, kind in embeddings().items()
        for head, title, build in HEADS
    )


def _representation(name: str) -> str:
    if not embeddings()[name].encoder:
        return f"{name}-files"
    return name if name in PAPERS else f"embedding.{name}"


def _stored(samples: Observations, *, name: str) -> FloatArray:
    if samples.stored is None:
        raise UnavailableError(
            f"Domain {samples.domain} has no files of vectors: use data that is read from files."
        )
    return samples.stored(name)


def _card(name: str, kind: Embedding, head: str, title: str) -> Card:
    paper = name in PAPERS and head == "random-forest"
    return Card(
        summary=f"{kind.title}; head: {title}.",
        reference=kind.reference + ("; random forest as in the paper" if paper else ""),
        licence=f"MIT (this code); vectors: {kind.licence}",
        pretraining=Pretraining(
            data=kind.data, countries=None, years=kind.years, labels=kind.labels
        )
        if kind.encoder
        else None,
        extra_information=("observations beyond the series: other sensors, or all of the year",)
        if kind.encoder
        else (),
        in_released_code=not kind.encoder and head != "xgboost",
        deterministic=head == "xgboost",
        notes=("Vectors come with the data: the official files, or a table that was ingested.",),
    )
