"""Pages of the site: what each says of a method, a transfer, a group of rows or a sentence."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmark.results.rows import Row
from benchmark.task.method_cards import card_lines, unseen_share
from leaderboard.code_labels import name_of
from leaderboard.comparison_group import RANKED_BY, ComparisonGroup
from leaderboard.file_names import slug
from leaderboard.machine import machine_of
from leaderboard.paper.claim_tables import all_claim_tables
from leaderboard.results import VERIFICATIONS, Results
from leaderboard.site.site_table import method_page, transfer_page
from leaderboard.site.site_tables import (
    confusion_site_table,
    method_site_table,
    row_site_table,
    space_facts,
    transfer_site_table,
)
from leaderboard.site.unscored import unscored_table
from leaderboard.tables.columns import method_frame
from leaderboard.tables.section_facts import title_of
from leaderboard.templating import environment

SUITE: Final = "CropGlobe"

BADGE_SIGN: Final = 7
"""Width of a character of a badge in pixels, for a font of 11."""


@dataclass(frozen=True)
class Stamp:
    """What every page says of a group of rows.

    Attributes:
        number: Its number, from 1.
        title: Dataset, protocol and track.
        fingerprint: Dataset fingerprint, 16 digits.
        protocol_hash: Hash of the protocol.
        metric_version: Version of the metrics.
        version: Versions of the package that wrote the rows.
        date: First and last day on which they were written.
        simulated: Whether no satellite saw the data.
    """

    number: int
    title: str
    fingerprint: str
    protocol_hash: str
    metric_version: str
    version: str
    date: str
    simulated: bool


def stamp_of(number: int, group: ComparisonGroup) -> Stamp:
    """Return the stamp of a group."""
    comparable = group.comparable
    days = sorted({row.provenance.created[:10] for row in comparable.rows})
    versions = sorted({row.provenance.package_version for row in comparable.rows})
    return Stamp(
        number=number,
        title=title_of(comparable),
        fingerprint=comparable.fingerprint[:16],
        protocol_hash=comparable.protocol_hash,
        metric_version=comparable.metric_version,
        version=", ".join(versions),
        date=" to ".join(dict.fromkeys((days[0], days[-1]))),
        simulated=comparable.simulated,
    )


def render_page(template: str, title: str, stamps: Sequence[Stamp], **values: object) -> str:
    """Return a page of a template; each says which rows it shows."""
    page = environment().get_template(template)
    return page.render({"root": "", "page": "", "title": title, "stamps": stamps} | values)


def plain_page(title: str, stamps: Sequence[Stamp], **values: object) -> str:
    """Return a page of facts, tables and pictures, each of which may be missing."""
    names = ("facts", "badges", "first", "card", "commands", "tables", "curves", "unscored")
    empty: Mapping[str, object] = dict.fromkeys(names, ())
    return render_page("page.html", title, stamps, **{**empty, **values})


@dataclass(frozen=True)
class Badge:
    """What a badge says.

    Attributes:
        label: Which data and protocol.
        value: Score, rank, and what was checked.
        verified: Whether another person has checked it.
    """

    label: str
    value: str
    verified: bool

    @property
    def said(self) -> str:
        """All of it in words."""
        return f"{self.label}: {self.value}"


def method_pages(
    groups: Sequence[ComparisonGroup], stamps: Sequence[Stamp], badges: Mapping[str, Badge]
) -> dict[str, str]:
    """Make a page for each method: badges, means by transfer, card, how to run it, rows.

    Args:
        groups: All groups of rows.
        stamps: Their stamps.
        badges: All badges by path.

    Returns:
        Pages by path.
    """
    pages = {}
    for method in sorted({row.method for group in groups for row in group.comparable.rows}):
        rows = [row for group in groups for row in group.comparable.rows if row.method == method]
        matrices = [
            confusion_site_table(group, method, f"confusion-{number}")
            for number, group in enumerate(groups, start=1)
        ]
        name = name_of(rows[0])
        card = _card(name, rows, groups[0].results)
        own = [badge_path(mark, method) for mark in stamps]
        pages[method_page(method)] = plain_page(
            method,
            _of(rows, groups, stamps),
            root="../",
            facts=[*_about(rows, groups[0]), *([] if card else [NO_CARD])],
            card=card,
            commands=_commands(name),
            badges=[(path, f"Badge: {badges[path].said}") for path in own if path in badges],
            first=[
                grid
                for number, group in enumerate(groups, start=1)
                if (grid := method_site_table(group, f"means-{number}", method)).lines
            ],
            tables=[row_site_table(groups, method), *(grid for grid in matrices if grid)],
        )
    return pages


def _about(rows: Sequence[Row], group: ComparisonGroup) -> list[str]:
    first = rows[-1]
    return [
        f"Family {first.family}, track {first.track}, representation {first.representation}, "
        f"version {first.method_version}.",
        f"Made by {_codes(rows)}, on {'; '.join(sorted({machine_of(row) for row in rows}))}.",
        f"{sum(row.scores is not None for row in rows)} of {len(rows)} rows have a score.",
        f"{group.verification(first.method).capitalize()}.",
    ]


def _codes(rows: Sequence[Row]) -> str:
    found = sorted({row.provenance.code_fingerprint for row in rows})
    return f"{'code' if len(found) == 1 else 'codes'} {', '.join(found)}"


NO_CARD: Final = "Its card is not kept with these runs; the command below shows that of today."


def _card(name: str, rows: Iterable[Row], results: Results) -> list[tuple[str, str]]:
    """Return the properties of a method's card, and what share of its targets it never saw."""
    kept = results.cards.get(name)
    if kept is None:
        return []
    lines = list(card_lines(kept))
    targets = sorted({row.target for row in rows if row.relation != "in-domain"})
    share = unseen_share(kept.card, targets)
    if kept.card.pretraining is not None and share is not None:
        unseen = f"{share * len(targets)} of {len(targets)} targets"
        lines.append(("geographically unseen", f"{unseen} lie in countries that it never saw"))
    return lines


def _of(
    rows: Sequence[Row], groups: Sequence[ComparisonGroup], stamps: Sequence[Stamp]
) -> list[Stamp]:
    """Choose the stamps of the groups that rows belong to."""
    keys = {(row.comparability_key, row.track) for row in rows}
    pairs = zip(stamps, groups, strict=True)
    return [mark for mark, group in pairs if (group.comparable.key, group.comparable.track) in keys]


def _commands(method: str) -> list[tuple[str, str]]:
    """Return what to type for a method's card and a run; nothing for a name unsafe in a shell."""
    if not all(sign.isalnum() or sign in ".+-_" for sign in method):
        return []
    return [
        ("Its card", f"cropglobe methods show '{method}'"),
        ("Run it", f"cropglobe run --methods '{method}'"),
    ]


def transfer_pages(
    groups: Sequence[ComparisonGroup], stamps: Sequence[Stamp], images: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Make a page for each transfer.

    Args:
        groups: All groups of rows.
        stamps: Their stamps.
        images: Paths of the seasonal curves of transfers, by transfer.

    Returns:
        Pages by path.
    """
    names = sorted({name for group in groups for _, name in group.comparable.transfers})
    pages = {}
    for name in names:
        rows = [row for group in groups for row in group.comparable.rows if row.transfer == name]
        pages[transfer_page(name)] = plain_page(
            name,
            _of(rows, groups, stamps),
            root="../",
            facts=[f"Relation: {rows[0].relation}.", *space_facts(groups, name)],
            tables=[
                grid
                for number, group in enumerate(groups, start=1)
                if (grid := transfer_site_table(group, f"cells-{number}", name)).lines
            ],
            unscored=unscored_table(groups, "unscored", name),
            curves=[(path, SEASON_CAPTION, SEASON_MEANING) for path in images.get(name, ())],
        )
    return pages


SEASON_CAPTION: Final = "Seasonal curves of each crop in source and target"

SEASON_MEANING: Final = (
    "Mean and middle half of NDVI, NDRE and B11 over the year, a row for each crop: where the two "
    "lines part, the crop grows at another time or looks different in the target."
)


def claims_page(results: Results, stamps: Sequence[Stamp]) -> str:
    """Make the page of the paper's sentences."""
    tables = all_claim_tables(results, RANKED_BY)
    return render_page(
        "claims.html", "The paper's sentences", stamps, page="claims.html", tables=tables
    )


def badge_path(mark: Stamp, method: str) -> str:
    """Return where a method's badge lies."""
    return f"badges/{mark.number}-{slug(method)}.svg"


def badges(mark: Stamp, group: ComparisonGroup) -> dict[str, Badge]:
    """Return a badge, by path, for each ranked method that is verified or has its predictions."""
    frame = method_frame(group)
    ranked = frame[frame["rank"].notna()]
    checked = (ranked["confirmed"] == 1) | (ranked["verification"] != VERIFICATIONS[0])
    found = {}
    for line in ranked[checked].to_dict("records"):
        label = mark.title if mark.title.startswith(SUITE) else f"{SUITE} {mark.title}"
        standing = f"rank {line['rank']:.0f} of {len(ranked)}"
        value = f"macro-F1 {100 * line['macro_f1']:.1f}, {standing}, {line['verification']}"
        verified = line["verification"] != VERIFICATIONS[0]
        found[badge_path(mark, str(line["method"]))] = Badge(label, value, verified=verified)
    return found


def draw_badge(badge: Badge) -> str:
    """Return a badge as SVG."""
    split = BADGE_SIGN * len(badge.label) + 12
    return (
        environment()
        .get_template("badge.svg")
        .render(badge=badge, split=split, width=split + BADGE_SIGN * len(badge.value) + 12)
    )
