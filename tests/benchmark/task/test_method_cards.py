"""Cards of the registered methods, and the headline set."""

from fractions import Fraction
from pathlib import Path

import pytest

from benchmark.data.representations import representations
from benchmark.errors import UsageError
from benchmark.task.method_cards import catalogue, render_card, unseen_share
from benchmark.task.methods import HEADLINE, Card, Pretraining, method_sets, registry


def test_every_card_can_be_shown_and_says_where_it_comes_from() -> None:
    for name, method in registry().all().items():
        text = render_card(method)
        assert text.startswith(f"{name}\n")
        assert method.card.reference in text
        assert method.card.licence in text
        if method.track != "inductive":
            assert method.card.extra_information, name


def test_what_cards_must_own_up_to() -> None:
    presto = render_card(registry().get("presto-location.mlp"))
    assert "the whole world; 2020, 2021" in presto
    assert "coordinates" in presto
    assert "top-of-atmosphere" in presto
    assert "1,036,295" in render_card(registry().get("cropnet"))
    assert "labelled samples of the target" in render_card(registry().get("cropnet.aug.5-shot"))


def test_methods_of_the_released_code_are_those_of_the_facts() -> None:
    # paper_facts.md, Training [C]: random forest and MLP on features, and CropNet; the facts name
    # no XGBoost and no transformer there.
    released = {n for n, m in registry().all().items() if m.card.in_released_code}
    assert not [n for n in released if n.endswith("xgboost") or "transformer" in n or n == "vit"]
    assert {"cropnet", "cropnet.aug", "median.random-forest", "harmonic.mlp"} <= released


def test_the_card_of_cropnet_says_the_network_not_this_training() -> None:
    # paper_facts.md, Read again [C]: there is no command for CropNet without augmentation.
    assert "the network, not this training" in render_card(registry().get("cropnet"))
    assert "the network, not this training" not in render_card(registry().get("cropnet.aug"))


def test_the_headline_set_is_short_and_has_every_family_that_the_paper_compares() -> None:
    methods = registry().all()
    headline = method_sets()[HEADLINE]
    assert len(headline) == len(set(headline)) == 8
    chosen = {methods[name].family for name in headline}
    assert {methods[name].family for name in method_sets()["paper"]} | {"floor"} <= chosen
    assert [m.name for m in registry().select([])] == list(headline)


def test_all_is_everything() -> None:
    assert {m.name for m in registry().select(["all"])} == set(registry().all())
    with pytest.raises(UsageError, match="did you mean 'cropnet'"):
        registry().select(["cropnit"])


def test_the_unseen_share_counts_countries() -> None:
    past = Pretraining(data="d", countries=("USA", "FRA"), years=(2020,), labels="none")
    card = Card(summary="s", reference="r", licence="l", pretraining=past)
    assert unseen_share(card, ["USA-CA", "CHN", "ARG", "FRA-2020"]) == Fraction(1, 2)
    world = card.model_copy(update={"pretraining": past.model_copy(update={"countries": None})})
    assert unseen_share(world, ["CHN"]) == 0
    assert unseen_share(card.model_copy(update={"pretraining": None}), ["CHN"]) == 1
    assert unseen_share(card, []) is None


def test_the_catalogue_of_the_docs_is_that_of_the_registry() -> None:
    page = (Path(__file__).parents[3] / "docs" / "methods.md").read_text("utf-8")
    assert page.endswith(catalogue(registry().all().values()) + "\n"), "write the table anew"


def test_the_docs_describe_every_representation() -> None:
    page = (Path(__file__).parents[3] / "docs" / "methods.md").read_text("utf-8")
    described = page.partition("## Representations\n")[2].partition("\n## ")[0]
    known = representations()
    assert described.count("\n| `") == len(known)
    for name, representation in known.items():
        assert f"| `{name}` | {representation.summary} |" in described


def test_an_encoder_is_never_called_unpretrained() -> None:
    for name, method in registry().all().items():
        if method.family == "foundation-model":
            assert method.card.pretraining is not None, name


def test_a_set_is_the_methods_that_it_names() -> None:
    for word, names in method_sets().items():
        assert [m.name for m in registry().select([word])] == list(names)
