"""Protocols: what is the same for all methods, such as data, budget, seeds and selection."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final, Literal, Self, get_args

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from benchmark.data.dataset_card import BANDS
from benchmark.errors import UsageError, did_you_mean, require_known
from benchmark.files import user_path

LATER_KEYS: Final[tuple[str, ...]] = (
    "compile",
    "bands",
    "released_defects.whole_step_windows",
    "released_defects.plain_split",
    "released_defects.one_label_per_series",
    "released_defects.last_batch_kept",
    "released_defects.kaiming_linear_layers",
)
"""Keys of a protocol that were added after the first rows were published, in order of time. A key
inside another key is written after it, with a dot."""

Division = Literal["stratified", "plain", "undone"]
"""How the released code divides a source into training and validation samples: ``stratified`` by
class (its forest), ``plain`` at random with the validation part rounded down (its networks),
``undone`` with all samples in both parts (CropNet). Source: paper_facts.md, defect 1 and Read
again, mark C."""


def require_division(division: object, who: str) -> Division:
    """Return a division if it is one.

    Args:
        division: What a method names as its division.
        who: The method, as the subject of a sentence.

    Raises:
        MethodError: If there is no such division.
    """
    known: tuple[Division, ...] = get_args(Division)
    return require_known(division, known, f"{who} asks for an unknown division")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Network(_Strict):
    """Budget of every trained network.

    Attributes:
        epochs: Epochs of training. The checkpoint with the best validation score is used.
        passes_per_epoch: How often each training sample is drawn in one epoch. Networks with and
            without augmentation get the same number of gradient steps.
        batch_size: Samples in a step.
        learning_rate: Learning rate of Adam; with a one-cycle schedule, its highest value.
        schedule: ``constant`` or ``one-cycle`` (Smith & Topin 2019, arXiv 1708.07120).
    """

    epochs: int = Field(ge=1)
    passes_per_epoch: int = Field(1, ge=1)
    batch_size: int = Field(ge=2)
    learning_rate: float = Field(gt=0)
    schedule: Literal["constant", "one-cycle"] = "constant"


class Trees(_Strict):
    """Budget of every ensemble of trees.

    Attributes:
        forest: Number of trees of a random forest.
        boosting_rounds: Largest number of boosting rounds.
        early_stopping_rounds: Boosting stops after so many rounds without a better validation loss.
    """

    forest: int = Field(ge=1)
    boosting_rounds: int = Field(ge=1)
    early_stopping_rounds: int = Field(ge=1)


class Augmentation(_Strict):
    """How augmented copies are made.

    Attributes:
        mode: ``online`` draws a new copy of each sample in every batch. ``static`` makes the copies
            once and trains on originals and copies together, as the released code does.
        copies: Number of augmented copies of each original.
    """

    mode: Literal["online", "static"] = "online"
    copies: int = Field(2, ge=1)


class ReleasedDefects(_Strict):
    """The behaviours of the released code that a protocol repeats for comparison.

    All are off by default. The numbers are those of the defects in paper_facts.md. Defect 2, a
    generator without a seed, cannot be repeated here, since a run must give the same bytes twice.
    Defect 7 raises an error. A behaviour without a number is not a defect, but another choice than
    ours (docs/methodology.md).

    Attributes:
        split_undone: (1) CropNet trains on the whole source and selects on training data. The same
            is true of all methods whose `released_division` is ``undone``.
        rewrite_absent_crops: (4) Predictions of crops not grown in the target become ``other``.
        validation_over_predicted: (5) Validation macro-F1 is a mean over predicted classes too.
        weights_from_validation: (6) Class weights count the validation labels too.
        whole_step_windows: Moved windows of augmented copies consist of whole 5-day steps.
        plain_split: The source is divided at random, without regard to class, for methods whose
            `released_division` is ``plain`` or ``undone``, and by class for all others.
        one_label_per_series: Of samples with the same series the first is kept, whatever its label.
        last_batch_kept: The last, smaller batch of an epoch is used; otherwise it is left out.
        kaiming_linear_layers: Linear layers of CropNet and of the multilayer perceptron begin with
            Kaiming weights and zero bias instead of torch's own initial values.
    """

    split_undone: bool = False
    rewrite_absent_crops: bool = False
    validation_over_predicted: bool = False
    weights_from_validation: bool = False
    whole_step_windows: bool = False
    plain_split: bool = False
    one_label_per_series: bool = False
    last_batch_kept: bool = False
    kaiming_linear_layers: bool = False


class Protocol(_Strict):
    """The rules and the budget under which every method is trained and scored.

    Attributes:
        name: Name of the protocol.
        description: Purpose; not part of the hash.
        seeds: Seeds. Each method is fitted once for each seed.
        held_out_fraction: Share of the source that is kept for the in-domain score, the same for
            every seed; 0 keeps none.
        validation_fraction: Share of the source for model selection, drawn again for each seed.
        split: ``block`` keeps spatial blocks whole, ``random`` does not, ``auto`` keeps them whole
            if the data has blocks. The row says which was done.
        selection_metric: Score on validation data by which checkpoints are chosen.
        max_source_samples: Largest number of samples for training and validation, drawn by class
            share, again for each seed; ``None`` for no limit.
        max_target_samples: Largest number of scored samples of a target or of the held-out source,
            drawn by class share from the samples of scored crops, the same for every seed; ``None``
            for no limit.
        minimum_class_samples: A crop with fewer samples in the source is not learned; a crop with
            fewer samples in the target is not scored.
        label_policy: ``shared`` scores the target samples of crops that the source has. ``all``
            scores every sample; then crops that the source does not have count as errors.
        deduplicate: ``series`` drops samples whose whole year equals that of another sample, and
            source samples of one series with two labels. ``representation`` drops repeats in each
            representation, as the released code does. ``none`` keeps all.
        season: ``as-stored`` takes the season window from the files as they are. ``aligned`` first
            moves years that follow the calendar, so that the season is where it is in a northern
            year from 1 January: southern years by half a year, and every year by its stated start.
        bands: Bands that every transfer is given, in the official order; ``None`` gives each
            transfer the bands that its source and target have in common.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        precision: Arithmetic of the networks: ``fp32``; ``tf32``, which equals ``fp32`` on devices
            without tensor cores; ``bf16``, which is an error on devices without instructions for
            it.
        compile: Whether networks are trained through ``torch.compile``. Its dropout draws other
            numbers, so scores differ as those of two seeds do.
        network: Budget of networks.
        trees: Budget of tree ensembles.
        augmentation: How augmented copies are made.
        released_defects: Behaviours of the released code that are repeated for comparison.
        job_time_limit_s: Seconds after which a job in a worker process is stopped with the status
            ``timeout``; ``None`` for no limit. Not part of the hash.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    description: str = ""
    seeds: tuple[Annotated[int, Field(ge=0, lt=2**32)], ...] = Field(min_length=1)
    held_out_fraction: float = Field(ge=0, le=0.5)
    validation_fraction: float = Field(gt=0, le=0.5)
    split: Literal["auto", "block", "random"] = "auto"
    selection_metric: Literal["macro_f1", "overall_accuracy", "balanced_accuracy"] = "macro_f1"
    max_source_samples: int | None = Field(None, ge=10)
    max_target_samples: int | None = Field(None, ge=10)
    minimum_class_samples: int = Field(ge=1)
    label_policy: Literal["shared", "all"] = "shared"
    deduplicate: Literal["series", "representation", "none"] = "series"
    season: Literal["as-stored", "aligned"] = "as-stored"
    bands: tuple[str, ...] | None = Field(None, min_length=1)
    device: str = Field("auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    precision: Literal["fp32", "tf32", "bf16"] = "fp32"
    compile: bool = False
    network: Network
    trees: Trees
    augmentation: Augmentation = Augmentation()
    released_defects: ReleasedDefects = ReleasedDefects()
    job_time_limit_s: float | None = Field(None, gt=0)

    @field_validator("bands")
    @classmethod
    def _in_order(cls, bands: tuple[str, ...] | None) -> tuple[str, ...] | None:
        unknown = [band for band in bands or () if band not in BANDS]
        if unknown:
            raise ValueError(f"there is no band '{unknown[0]}': {did_you_mean(unknown[0], BANDS)}")
        return bands and tuple(band for band in BANDS if band in bands)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.held_out_fraction + self.validation_fraction >= 0.8:
            raise ValueError(
                "held_out_fraction and validation_fraction leave too little to train on: their sum "
                "must be below 0.8"
            )
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError("seeds are repeated: name each seed once")
        return self

    @property
    def hash(self) -> str:
        """Sixteen hex digits of the SHA-256 of everything that can change a score.

        Description, device, seeds and time limit are not part of it. Seeds are part of each row and
        the device is part of its cost, so that runs with other seeds or another device can be
        compared. The time limit decides whether there is a score but cannot change it, so it may be
        raised on a slower machine. A key of `LATER_KEYS` is part of the hash only if it differs
        from its default, so that rows made before the key existed can be compared.
        """
        unhashed: dict[str, Any] = dict.fromkeys(
            ("description", "device", "seeds", "job_time_limit_s"), True
        )
        for name in LATER_KEYS:
            key, _, inner = name.partition(".")
            part = getattr(self, key) if inner else self
            if getattr(part, inner or key) != _default(type(part), inner or key):
                continue
            if inner:
                unhashed.setdefault(key, set()).add(inner)
            else:
                unhashed[key] = True
        text = self.model_dump_json(exclude=unhashed)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _default(model: type[BaseModel], key: str) -> object:
    return model.model_fields[key].get_default(call_default_factory=True)


@cache
def shipped_protocols() -> tuple[str, ...]:
    """Return the names of the protocols that come with the package."""
    folder = files("benchmark.task").joinpath("protocols")
    return tuple(
        sorted(p.name.removesuffix(".yaml") for p in folder.iterdir() if p.name.endswith(".yaml"))
    )


def load_protocol(name: str) -> Protocol:
    """Load a shipped protocol by name, or any protocol from a YAML file.

    Args:
        name: Name, or path that ends in ``.yaml`` or ``.yml``.

    Returns:
        The protocol.

    Raises:
        UsageError: If there is no such protocol, or the file has an unknown key or a wrong value.
            The message names the key.
    """
    if name.endswith((".yaml", ".yml")):
        path = user_path(name)
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"Cannot read the protocol {path}: {error}.") from error
        return parse_protocol(text, where=str(path))
    if name not in shipped_protocols():
        raise UsageError(
            f"Unknown protocol '{name}': {did_you_mean(name, shipped_protocols())}; to "
            "use a file, give its name with the ending, such as my-protocol.yaml."
        )
    text = files("benchmark.task").joinpath("protocols", f"{name}.yaml").read_text("utf-8")
    return parse_protocol(text, where=f"protocol {name}")


def parse_protocol(text: str, *, where: str) -> Protocol:
    """Read a protocol from YAML text.

    Args:
        text: YAML.
        where: Name of the file or protocol, for messages.

    Returns:
        The protocol.

    Raises:
        UsageError: If the text is not a valid protocol; the message names the key.
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{where} is not YAML: {str(error).splitlines()[0]}.") from error
    if not isinstance(content, Mapping):
        raise UsageError(f"{where} is not a protocol: write keys and values, such as name: mine.")
    return validate_protocol(content, where=where)


def validate_protocol(content: Mapping[str, Any], *, where: str) -> Protocol:
    """Return the protocol with the given keys and values.

    Args:
        content: Keys and values.
        where: Name of the file or protocol, for messages.

    Returns:
        The protocol.

    Raises:
        UsageError: If a key is unknown or missing, or a value is wrong.
    """
    try:
        return Protocol.model_validate(content)
    except ValidationError as error:
        # A misspelt key is both unknown and missing. The message names the unknown key, which the
        # user can find in the file.
        problem = min(error.errors(), key=lambda entry: entry["type"] != "extra_forbidden")
        raise UsageError(f"{where}: {_explain(problem)}") from error


PATTERNS: Final = {
    "name": "give lower-case letters, digits and hyphens, such as 'my-protocol'",
    "device": "give 'auto', 'cpu', 'mps', or 'cuda' for a GPU ('cuda:1' for the second one)",
}
"""What to give for the keys whose values must have a form."""


def _explain(problem: Mapping[str, Any]) -> str:
    location = [str(part) for part in problem["loc"]]
    key = ".".join(location)
    if problem["type"] == "extra_forbidden":
        return f"unknown key '{key}': {did_you_mean(location[-1], _keys_beside(location))}"
    if problem["type"] == "missing":
        return f"the key '{key}' is missing: add it."
    if problem["type"] == "string_pattern_mismatch":
        return f"'{key}' cannot be {problem['input']!r}: {PATTERNS[key]}."
    given = f" (given: {problem['input']!r})" if location else ""
    return f"'{key or 'the protocol'}': {problem['msg']}{given}."


def _keys_beside(location: list[str]) -> list[str]:
    model: type[BaseModel] = Protocol
    for part in location[:-1]:
        annotation = model.model_fields[part].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return list(model.model_fields)
