"""Methods, the contracts of their classifiers, and the registry of installed methods."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.metadata import entry_points
from importlib.resources import files
from typing import Any, Final, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import BaseModel, ConfigDict

from benchmark.data.representations import get_representation
from benchmark.errors import MethodError, UsageError, did_you_mean
from benchmark.task import protocol as protocols
from benchmark.task.code_fingerprint import code_contents, require_utf8
from benchmark.task.metrics import Probabilities, check_probabilities
from benchmark.task.tracks import SERIES_TRACKS, SHOWN_VERSION, require_track
from benchmark.task.tracks import Track as Track  # noqa: PLC0414 - methods import it from here

ENTRY_POINTS: Final = "cropglobe.methods"
"""Entry-point group; each entry is a function that returns methods."""

ALL_METHODS: Final = "all"
"""Word that selects every method."""

_FAR: Final = "`cropglobe methods` lists what is installed, and --method-file adds a file of yours."
HEADLINE: Final = "headline"
"""Name of the set of methods that a run uses by default."""

Features = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


class Pretraining(BaseModel):
    """The data of an encoder's pretraining.

    Attributes:
        data: Data products.
        countries: Codes of the countries of the data; ``None`` means the whole world.
        years: Years of the data.
        labels: Labels that it was trained with, or a statement that there were none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str
    countries: tuple[str, ...] | None
    years: tuple[int, ...]
    labels: str


class Card(BaseModel):
    """The card of a method: what a reader must know about it.

    Attributes:
        summary: What it is, in a sentence.
        reference: Publication or repository from which it comes, or this project.
        licence: Licence of code and weights.
        in_released_code: Whether the paper's released code contains it. ``network`` if that code
            has the network but no command that trains it in this way.
        pretraining: Data of its pretraining; ``None`` without pretraining.
        extra_information: What it uses besides series and labels, such as coordinates.
        target_labels_per_class: Largest number of labelled target samples of each crop that it is
            given; ``None`` if it is given none, or all.
        parameters: Number of trained parameters for ten bands and seven classes; ``None`` if it
            depends on the data, as in trees.
        deterministic: Whether its predictions are the same under every seed.
        notes: Warnings, and differences from its reference.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    summary: str
    reference: str
    licence: str
    in_released_code: bool | Literal["network"] = False
    pretraining: Pretraining | None = None
    extra_information: tuple[str, ...] = ()
    target_labels_per_class: int | None = None
    parameters: int | None = None
    deterministic: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    """What a method is given to build its classifier.

    Attributes:
        seed: Seed of all its random numbers.
        classes: Names of the classes, in the order of the probability columns.
        protocol: The protocol, which has the budget of training.
        device: Device to compute on, such as ``cpu`` or ``cuda:0``; never ``auto``.
        bands: Names of the bands of the series.
        sample_shape: Shape of one sample of the representation.
    """

    seed: int
    classes: tuple[str, ...]
    protocol: protocols.Protocol
    device: str
    bands: tuple[str, ...]
    sample_shape: tuple[int, ...]


class Classifier(Protocol):
    """The contract of a classifier: that of scikit-learn, with validation samples in `fit`.

    Labels are 0 to K - 1, the indices of ``Context.classes``. Each occurs in the training data
    unless the method asks for a plain division (``Method.released_division``).

    A fitted classifier may have these attributes, which are stored with its rows:
    ``parameter_count_`` (int), ``flops_per_sample_`` (int), ``history_`` (one mapping of numbers
    for each epoch) and ``device_`` (where it computes). Without ``device_`` it is ``cpu``, or the
    GPU if it used a GPU's memory through torch. The number ``samples`` of an epoch is how many
    training samples were drawn, if that is not all of them once. What `Adaptable.adapt` returns
    may have ``decision_``, whether it adapted and why (`fitted_attributes.read_decision`).
    """

    def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> "Classifier":
        """Train the classifier.

        Args:
            x: Training samples [N, ...].
            y: Their labels [N].
            validation: Samples [M, ...] and labels [M] for choosing checkpoints or settings.

        Returns:
            This classifier.
        """
        ...

    def predict_proba(self, x: Features) -> npt.NDArray[np.floating[Any]]:
        """Return the probability of each class [N, K] for samples x [N, ...]."""
        ...


@runtime_checkable
class Adaptable(Protocol):
    """What a classifier on the track ``unlabelled-target`` must have in addition."""

    def adapt(self, x: Features) -> Classifier:
        """Return a new classifier, adapted to target samples x [M, ...]; do not change this one."""
        ...


@runtime_checkable
class Teachable(Protocol):
    """What a classifier on the track ``oracle`` must have in addition."""

    def teach(self, x: Features, y: Labels) -> Classifier:
        """Return a new classifier, trained with labelled target samples; do not change this one.

        Args:
            x: Samples [M, ...] in no special order, at most as many as a source may have.
            y: Their labels [M], indices of ``Context.classes``. Some classes may be missing.
        """
        ...


@runtime_checkable
class Exportable(Protocol):
    """What a classifier must have in addition if its fitted network is stored as plain arrays."""

    def export(self) -> Mapping[str, npt.NDArray[Any]]:
        """Return the trained parameters by name."""
        ...

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> Classifier:
        """Take over exported parameters instead of being fitted, and return this classifier."""
        ...


@dataclass(frozen=True)
class Target:
    """Public knowledge of a target.

    Attributes:
        domain: Name of the target.
        southern: Whether it is in the southern hemisphere.
        first_day: Days from 1 January to the first step of its series.
    """

    domain: str
    southern: bool
    first_day: int


@runtime_checkable
class Informed(Protocol):
    """What a classifier on a track that knows the target must have in addition."""

    def inform(self, target: Target) -> Classifier:
        """Return a new classifier for a known target; do not change this one."""
        ...


@dataclass(frozen=True)
class Method:
    """A method of recognising crops: trained in one domain, it predicts in others.

    Attributes:
        name: Name, ``representation.head`` or ``architecture.variant``.
        family: Group in tables: floor, handcrafted, convolution, transformer, ...
        representation: Name of the representation of its samples.
        build: Function that makes an untrained classifier.
        card: Its card.
        version: Version; its author raises it to say that its predictions changed.
        track: Ranking to which it belongs: `TRACKS`, `Informed`, `Adaptable`, `Teachable`.
        keeps_network: Whether its fitted network is stored, see `Exportable`.
        released_division: How the released code divides a source for it, see `Division`.
    """

    name: str
    family: str
    representation: str
    build: Callable[[Context], Classifier]
    card: Card
    version: str = "1"
    track: Track = "inductive"
    keeps_network: bool = False
    released_division: protocols.Division = "stratified"

    def __post_init__(self) -> None:
        """Refuse what no row can hold, however the method came to be."""
        require_utf8(self.name, self.version)
        require_track(self.track, f"'{self.name}'")
        protocols.require_division(self.released_division, f"'{self.name}'")

    @property
    def code_fingerprint(self) -> str:
        """Sixteen hex digits of a hash of name, version, representation and code.

        The code is the code that this process has loaded; later changes of the files do not count.
        The paths of the files do not count either. Of methods that adapt, `SHOWN_VERSION` counts.
        """
        view = get_representation(self.representation)
        shown = f"{SHOWN_VERSION}\n" if self.track in SERIES_TRACKS else ""
        text = f"{self.name}\n{self.version}\n{view.name}\n{view.version}\n{shown}"
        digest = hashlib.sha256(text.encode())
        for content in sorted(code_contents(self.build)):
            digest.update(content)
        return digest.hexdigest()[:16]


def ask(classifier: Classifier, x: Features, classes: int) -> Probabilities:
    """Return the probabilities that a fitted classifier predicts, checked.

    The harness calls ``predict_proba`` only through this function.

    Args:
        classifier: The fitted classifier.
        x: Samples [N, ...].
        classes: Number of classes K.

    Returns:
        Probabilities [N, K].

    Raises:
        MethodError: If samples have missing values, or the classifier returns no probabilities.
    """
    require_finite(x)
    return check_probabilities(classifier.predict_proba(x), samples=len(x), classes=classes)


def require_finite(x: Features) -> None:
    """Check that no feature is missing.

    Args:
        x: Samples [N, ...].

    Raises:
        MethodError: If a value is NaN or infinite.
    """
    if not np.isfinite(x).all():
        rows = np.flatnonzero(~np.isfinite(x.reshape(len(x), -1)).all(axis=1))
        raise MethodError(
            f"The representation has NaN or infinite values in {len(rows)} of {len(x)} samples "
            f"(first: row {rows[0]}): correct the representation or leave these samples out."
        )


class MethodSource(Protocol):
    """A source of methods: an entry point, or an object with the same attributes."""

    @property
    def name(self) -> str:
        """Name of the source."""
        ...

    @property
    def value(self) -> str:
        """Module and function, or file, for messages."""
        ...

    def load(self) -> Callable[[], Iterable[Method]]:
        """Return a function that returns methods."""
        ...


class Registry:
    """The installed methods. They are loaded from entry points when they are first needed.

    Args:
        points: Sources of methods, such as the entry points of the group.
    """

    def __init__(self, points: Iterable[MethodSource]) -> None:
        self._points = tuple(points)
        self._methods: dict[str, Method] | None = None

    def all(self) -> Mapping[str, Method]:
        """Return every method by name, sorted by name.

        Raises:
            MethodError: If an entry point cannot be loaded or two methods share a name.
        """
        if self._methods is None:
            found: dict[str, Method] = {}
            for point in self._points:
                for method in _load(point):
                    if method.name in found:
                        raise MethodError(
                            f"Two methods are named '{method.name}': rename that of {point.value}."
                        )
                    found[method.name] = method
            self._methods = dict(sorted(found.items()))
        return self._methods

    def get(self, name: str) -> Method:
        """Return the method of a name.

        Raises:
            UsageError: If there is no method of that name.
        """
        methods = self.all()
        if name not in methods:
            raise UsageError(f"Unknown method '{name}': {did_you_mean(name, methods)}")
        return methods[name]

    def select(self, patterns: Sequence[str]) -> tuple[Method, ...]:
        """Return the methods that match any of the patterns.

        Args:
            patterns: Names, shell patterns such as ``harmonic.*``, names of sets (`method_sets`) or
                ``all`` for every method. If empty, the headline set.

        Returns:
            The methods, each once.

        Raises:
            UsageError: If a pattern matches nothing.
        """
        methods, sets = self.all(), method_sets()
        chosen: dict[str, Method] = {}
        for word in patterns or [HEADLINE]:
            wanted = sets.get(word, ("*" if word == ALL_METHODS else word,))
            names = [name for one in wanted for name in methods if fnmatchcase(name, one)]
            if not names:
                known = [*methods, *sets, ALL_METHODS]
                raise UsageError(f"No method matches '{word}': {did_you_mean(word, known, _FAR)}")
            chosen.update({name: methods[name] for name in names})
        return tuple(chosen.values())


@cache
def method_sets() -> Mapping[str, tuple[str, ...]]:
    """Return the names of the methods of each set, by the name of the set."""
    text = files("benchmark.task").joinpath("method_sets.yaml").read_text("utf-8")
    return {word: tuple(names) for word, names in yaml.safe_load(text).items()}


@cache
def registry() -> Registry:
    """Return the registry of the installed methods."""
    return Registry(entry_points(group=ENTRY_POINTS))


def taken(methods: Iterable[Method]) -> tuple[Method, ...]:
    """Return methods that have just been loaded, and keep the content of their code files."""
    found = tuple(methods)
    for method in found:
        if isinstance(method, Method):
            code_contents(method.build)
    return found


def _load(point: MethodSource) -> tuple[Method, ...]:
    try:
        return taken(point.load()())
    except (ImportError, AttributeError, TypeError) as error:
        raise MethodError(
            f"The methods of '{point.name}' ({point.value}) cannot be loaded: {error}; "
            "correct or uninstall that package."
        ) from error
