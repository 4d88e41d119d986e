"""Methods, what they must be able to do, and the registry that finds them."""

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
from benchmark.task.code_fingerprint import code_contents
from benchmark.task.metrics import Probabilities, check_probabilities

ENTRY_POINTS: Final = "cropglobe.methods"
"""Entry-point group; each entry is a function that returns methods."""

ALL_METHODS: Final = "all"
"""Word that asks for every method."""

HEADLINE: Final = "headline"
"""Word for the set of methods of a run in which none are named."""

Features = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

Track = Literal["inductive", "unlabelled-target", "knowledge", "oracle", "predictions-only"]


class Pretraining(BaseModel):
    """What an encoder saw before it came here.

    Attributes:
        data: Products.
        countries: Codes of the countries that it saw; ``None`` is the whole world.
        years: Years of the data.
        labels: Labels that it was trained with, or that there were none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: str
    countries: tuple[str, ...] | None
    years: tuple[int, ...]
    labels: str


class Card(BaseModel):
    """What a reader must know of a method.

    Attributes:
        summary: What it is, in a sentence.
        reference: Publication or repository it comes from; this project where it is its own.
        licence: Licence of code and weights.
        in_released_code: Whether the paper's released code contains it; ``network`` where it has
            the network and no command that trains it so.
        pretraining: What it was trained on before; ``None`` if it was not.
        extra_information: What it uses beyond the source's series and labels, such as coordinates.
        target_labels_per_class: Labelled target samples of each crop that it is shown at most;
            ``None`` where it is shown none, or all that there are.
        parameters: Trained numbers for ten bands and seven classes; ``None`` where they depend on
            the data, as in trees.
        deterministic: Whether its answers are the same under every seed.
        notes: Cautions, and where it departs from its reference.
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
    """What a method is told before it is trained.

    Attributes:
        seed: Seed of all its randomness.
        classes: Names of the classes, in the order of the probability columns.
        protocol: The protocol, for its budget.
        device: ``cpu``, ``cuda:0`` or the like, already resolved.
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
    """The contract: scikit-learn's shape, with validation data handed over at fitting.

    Labels are 0 to K - 1, the positions of ``Context.classes``. Each occurs in the training data
    unless the method asks for a plain division (``Method.released_division``).

    A fitted classifier may offer ``parameter_count_`` (int), ``flops_per_sample_`` (int),
    ``history_`` (one mapping of numbers per epoch) and ``device_`` (where it computes; if unsaid,
    ``cpu``, unless it took a GPU's memory through torch), which are stored with its rows. The
    ``samples`` of an epoch are those of training that it drew, where not each of them once.
    """

    def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> "Classifier":
        """Train on samples x [N, ...] with labels y [N]; choose by the validation samples."""
        ...

    def predict_proba(self, x: Features) -> npt.NDArray[np.floating[Any]]:
        """Return the probability of each class [N, K] for samples x [N, ...]."""
        ...


@runtime_checkable
class Adaptable(Protocol):
    """What the track ``unlabelled-target`` asks for besides."""

    def adapt(self, x: Features) -> Classifier:
        """Return a classifier adapted to target samples x [M, ...]; leave this one as it is."""
        ...


@runtime_checkable
class Teachable(Protocol):
    """What the track ``oracle`` asks for besides."""

    def teach(self, x: Features, y: Labels) -> Classifier:
        """Return a classifier that has seen labelled target samples; leave this one as it is.

        Labels are positions of ``Context.classes``, of which some may be missing; the samples come
        in no particular order, as many as a source may have.
        """
        ...


@runtime_checkable
class Exportable(Protocol):
    """What a classifier needs besides so that its fitted network is kept as plain arrays."""

    def export(self) -> Mapping[str, npt.NDArray[Any]]:
        """Return the trained numbers by name."""
        ...

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> Classifier:
        """Become what was exported, in place of being fitted, and return this."""
        ...


@dataclass(frozen=True)
class Target:
    """What is publicly known of a target.

    Attributes:
        domain: Its name.
        southern: Whether it lies in the southern hemisphere.
        first_day: Days from 1 January to the first step of its series.
    """

    domain: str
    southern: bool
    first_day: int


@runtime_checkable
class Informed(Protocol):
    """What the track ``knowledge`` asks for besides."""

    def inform(self, target: Target) -> Classifier:
        """Return a classifier that knows which target it is asked about; leave this one as is."""
        ...


@dataclass(frozen=True)
class Method:
    """A way of recognising crops that can be trained in one domain and asked in others.

    Attributes:
        name: ``representation.head`` or ``architecture.variant``.
        family: Group in tables: floor, handcrafted, convolution, transformer, ...
        representation: Name of the view of the samples that it is given.
        build: Makes an untrained classifier.
        card: What a reader must know.
        version: Raised by its author when its answers change on purpose.
        track: Which ranking it belongs to, by what it is shown of a target: nothing
            (``inductive``), its crop calendar (``knowledge``, see `Informed`), its series
            (``unlabelled-target``, see `Adaptable`) or its labels (``oracle``, see `Teachable`);
            ``predictions-only`` is a model that nobody but its authors can run.
        keeps_network: Whether its fitted network is kept with its answers, see `Exportable`.
        released_division: How the released code divides a source for it; a protocol that repeats
            the released code does so, all others do not.
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

    @property
    def code_fingerprint(self) -> str:
        """Sixteen hex digits over version, representation and the code that it is built with.

        It is the code that this process has loaded, whatever has become of the files since. Where
        they lie does not count: they are taken in the order of their content.
        """
        view = get_representation(self.representation)
        text = f"{self.name}\n{self.version}\n{view.name}\n{view.version}\n"
        digest = hashlib.sha256(text.encode())
        for content in sorted(code_contents(self.build)):
            digest.update(content)
        return digest.hexdigest()[:16]


def ask(classifier: Classifier, x: Features, classes: int) -> Probabilities:
    """Return a fitted classifier's answer: the one way in which the harness asks.

    Args:
        classifier: The classifier.
        x: Samples [N, ...].
        classes: Number of classes K.

    Returns:
        Probabilities [N, K].

    Raises:
        MethodError: If samples have missing values, or the answer is no probability for each.
    """
    require_finite(x)
    return check_probabilities(classifier.predict_proba(x), samples=len(x), classes=classes)


def require_finite(x: Features) -> None:
    """See that no feature is missing.

    Raises:
        MethodError: If one is NaN or infinite.
    """
    if not np.isfinite(x).all():
        rows = np.flatnonzero(~np.isfinite(x.reshape(len(x), -1)).all(axis=1))
        raise MethodError(
            f"The representation has NaN or infinite values in {len(rows)} of {len(x)} samples "
            f"(first: row {rows[0]})."
        )


class MethodSource(Protocol):
    """Where methods come from: an entry point, or what looks like one."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def value(self) -> str:
        """What it points at."""
        ...

    def load(self) -> Callable[[], Iterable[Method]]:
        """Return a function that returns methods."""
        ...


class Registry:
    """The methods that are installed, found lazily through entry points.

    Args:
        points: Entry points of the group, or the like; each loads a function returning methods.
    """

    def __init__(self, points: Iterable[MethodSource]) -> None:
        self._points = tuple(points)
        self._methods: dict[str, Method] | None = None

    def all(self) -> Mapping[str, Method]:
        """Return every method by name, sorted.

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
        """Return a method.

        Raises:
            UsageError: If there is none of that name.
        """
        methods = self.all()
        if name not in methods:
            raise UsageError(f"Unknown method '{name}': {did_you_mean(name, methods)}")
        return methods[name]

    def select(self, patterns: Sequence[str]) -> tuple[Method, ...]:
        """Return the methods that match any of the patterns; the headline set without a pattern.

        Args:
            patterns: Names, shell patterns such as ``harmonic.*``, or the word for a set of
                methods (`method_sets`); ``all`` is every method.

        Raises:
            UsageError: If a pattern matches nothing.
        """
        methods, sets = self.all(), method_sets()
        chosen: dict[str, Method] = {}
        for word in patterns or [HEADLINE]:
            wanted = sets.get(word, ("*" if word == ALL_METHODS else word,))
            names = [name for one in wanted for name in methods if fnmatchcase(name, one)]
            if not names:
                hint = did_you_mean(word, [*methods, *sets, ALL_METHODS])
                raise UsageError(f"No method matches '{word}': {hint}")
            chosen.update({name: methods[name] for name in names})
        return tuple(chosen.values())


@cache
def method_sets() -> Mapping[str, tuple[str, ...]]:
    """Return the names of the methods of each set, by the word that stands for it."""
    text = files("benchmark.task").joinpath("method_sets.yaml").read_text("utf-8")
    return {word: tuple(names) for word, names in yaml.safe_load(text).items()}


@cache
def registry() -> Registry:
    """Return the registry of the installed methods."""
    return Registry(entry_points(group=ENTRY_POINTS))


def taken(methods: Iterable[Method]) -> tuple[Method, ...]:
    """Return methods whose modules have just been loaded, their code's fingerprints taken."""
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
            "mend or uninstall that package."
        ) from error
