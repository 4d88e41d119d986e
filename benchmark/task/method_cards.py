"""Cards of methods as text and tables; and the share of targets unseen in pretraining."""

from collections.abc import Iterable
from fractions import Fraction

from pydantic import BaseModel, ConfigDict

from benchmark.data.representations import get_representation
from benchmark.data.taxonomy import country_code
from benchmark.task.methods import Card, Method
from benchmark.task.tracks import TRACKS, Track


class MethodDescription(BaseModel):
    """The description of a method: its properties and card, without its code.

    Attributes:
        method: Its name.
        family: Its family.
        track: The ranking it belongs to.
        representation: Name of its representation.
        view: What this representation is, in a few words.
        version: Version that its author gave it.
        card: Its card.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    family: str
    track: Track
    representation: str
    view: str
    version: str
    card: Card


def describe_method(method: Method) -> MethodDescription:
    """Return the description of a method, which can be stored without its code."""
    return MethodDescription(
        method=method.name,
        family=method.family,
        track=method.track,
        representation=method.representation,
        view=get_representation(method.representation).summary,
        version=method.version,
        card=method.card,
    )


def card_lines(method: MethodDescription) -> tuple[tuple[str, str], ...]:
    """Return pairs of property and value for each line of a card; the notes are last."""
    card = method.card
    return (
        ("what it is", card.summary),
        ("family", method.family),
        ("track", f"{method.track} (sees {TRACKS[method.track]})"),
        ("representation", f"{method.representation}: {method.view}"),
        ("reference", card.reference),
        ("licence", card.licence),
        ("in the paper's released code", _released(card)),
        ("parameters", _parameters(card)),
        ("pretraining", _pretraining(card)),
        ("extra information", "; ".join(card.extra_information) or "none"),
        ("predictions depend on the seed", "no" if card.deterministic else "yes"),
        ("version", method.version),
        *(("note", note) for note in card.notes),
    )


def render_card(method: Method) -> str:
    """Return the card of a method as text.

    Args:
        method: The method.

    Returns:
        Its name, then one property with its value on each line, then its notes.
    """
    lines = card_lines(describe_method(method))
    width = max(len(name) for name, _ in lines)
    return "\n".join(
        [
            method.name,
            *(f"  {name:{width}}  {value}" for name, value in lines if name != "note"),
            *(f"  note: {value}" for name, value in lines if name == "note"),
        ]
    )


def unseen_share(card: Card, targets: Iterable[str]) -> Fraction | None:
    """Return the share of targets in countries that a method's pretraining did not include.

    Args:
        card: Card of the method.
        targets: Names of the target domains.

    Returns:
        The share, from 0 to 1. It is 1 for a method without pretraining and ``None`` without
        targets.
    """
    names = tuple(targets)
    if not names:
        return None
    if card.pretraining is None:
        return Fraction(1)
    seen = card.pretraining.countries
    unseen = 0 if seen is None else sum(country_code(name) not in seen for name in names)
    return Fraction(unseen, len(names))


def _released(card: Card) -> str:
    if card.in_released_code == "network":
        return "the network, not this training"
    return "yes" if card.in_released_code else "no"


def _parameters(card: Card) -> str:
    if card.parameters is None:
        return "depends on the data"
    return f"{card.parameters:,} for ten bands and seven classes"


def _pretraining(card: Card) -> str:
    past = card.pretraining
    if past is None:
        return "none"
    where = "the whole world" if past.countries is None else ", ".join(past.countries)
    years = ", ".join(str(year) for year in past.years)
    return f"{past.data}; {where}; {years}; labels: {past.labels}"


def catalogue(methods: Iterable[Method]) -> str:
    """Return the table of methods of docs/methods.md in Markdown, sorted by track and family."""
    order = {track: number for number, track in enumerate(TRACKS)}
    lines = ["| method | family | track | parameters | what it is |", "|---|---|---|---|---|"]
    for method in sorted(methods, key=lambda m: (order[m.track], m.family, m.name)):
        number = method.card.parameters
        cells = (
            f"`{method.name}`",
            method.family,
            method.track,
            "" if number is None else f"{number:,}",
            method.card.summary,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
