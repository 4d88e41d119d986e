"""Names of official files: which domain and year each of them says, in any spelling."""

from pathlib import Path

import numpy as np
import pytest
from tiny import make_samples

from benchmark.data.dataset import open_dataset
from benchmark.data.embeddings import get_embedding, read_embedding
from benchmark.data.official.file_names import (
    domain_of,
    likely_domain,
    parse_official_name,
    vector_domain,
)
from benchmark.errors import DataError


def write(root: Path, name: str) -> None:
    samples = make_samples("USA")
    np.savez(root / name, fea=samples.series, lbl=samples.labels)


@pytest.mark.parametrize(
    "text", ["USA2020", "USA-2020", "USA_2020", "2020USA", "2020-USA", "2020_USA"]
)
def test_a_country_and_a_year_in_any_spelling(text: str, tmp_path: Path) -> None:
    said = parse_official_name(f"median_S2_{text}_month1-12_day5.npz")
    assert said is not None
    assert (said.representation, said.domain) == ("median-year", "USA-2020")
    assert vector_domain(f"alphaearth_embedding_{text}.npz", "alphaearth_embedding") == "USA-2020"
    write(tmp_path, f"median_S2_{text}_month1-12_day5.npz")
    dataset = open_dataset(tmp_path)
    assert dataset.domains == ("USA-2020",)
    vectors = np.ones((len(dataset.load("USA-2020")), 64), np.float32)
    samples = dataset.load("USA-2020")
    np.savez(tmp_path / f"alphaearth_embedding_{text}.npz", fea=vectors, lbl=samples.labels)
    assert read_embedding("alphaearth", tmp_path, samples).shape == vectors.shape


@pytest.mark.parametrize("text", ["FRA", "USA-AR", "USA-2017", "FRA-CAMARGUE", "B52"])
def test_other_domains_stand_as_they_are(text: str) -> None:
    assert domain_of(text) == text


def test_a_region_may_have_a_year() -> None:
    assert domain_of("USA-AR2018") == domain_of("2018_USA-AR") == "USA-AR-2018"


@pytest.mark.parametrize(
    "name",
    ["median_S2_USA_north_month1-12_day5.npz", "median_S2_USA_1999_month1-12_day5.npz"],
)
def test_what_is_no_year_is_not_read_as_one(name: str) -> None:
    assert parse_official_name(name) is None


def test_two_spellings_of_one_year_are_a_clash_that_says_how_to_declare_it(tmp_path: Path) -> None:
    write(tmp_path, "median_S2_USA2020_month1-12_day5.npz")
    write(tmp_path, "median_S2_USA_2020_month1-12_day5.npz")
    with pytest.raises(DataError, match="both hold domain USA-2020") as caught:
        open_dataset(tmp_path)
    said = str(caught.value)
    assert "`- {file: median_S2_USA_2020_month1-12_day5.npz, domain: USA-2020-B}`" in said
    (tmp_path / "domains.yaml").write_text(
        "files:\n- {file: median_S2_USA_2020_month1-12_day5.npz, domain: USA-2020-B}\n"
    )
    assert open_dataset(tmp_path).domains == ("USA-2020", "USA-2020-B")


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("S2_USA_2018_median.npz", "USA-2018"),
        ("series-2017-ARG.npz", "ARG-2017"),
        ("composites_FRA.npz", "FRA"),
        ("FRA_to_BEL_2019.npz", None),
        ("unheard_of.npz", None),
        ("USA_2017_2018.npz", None),
    ],
)
def test_the_hint_names_what_the_file_name_says(name: str, domain: str | None) -> None:
    assert likely_domain(name) == domain


def test_harmonic_files_have_an_end_of_their_own() -> None:
    kind = get_embedding("harmonic")
    assert kind.file_name("FRA") == "harmonic_FRA_month5-11.npz"
    assert kind.domain_of_file("harmonic_USA_2017_month5-11.npz") == "USA-2017"
    assert kind.domain_of_file("harmonic_FRA.npz") is None
