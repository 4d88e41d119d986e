"""Datasets in which a source, a target or both are degraded."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import make_samples, write_tiny

from benchmark.cli import main
from benchmark.data.dataset import BANDS, Dataset, open_dataset
from benchmark.data.inspect.domain_differences import pair_differences
from benchmark.data.official.stored_numbers import DOMAINS_FILE
from benchmark.data.shifted_copies.shifted_dataset import make_degradation, write_shifted
from benchmark.data.shifted_copies.shifted_fields import fields_of
from benchmark.data.shifts.shift_table import apply_shift, factors, select_shifts
from benchmark.errors import CropGlobeError
from benchmark.run.fitting.shifted_target import shift_request
from benchmark.run.runner import Runner
from benchmark.task.protocol import Protocol
from benchmark.task.samples.preparation import TargetSet

HLS = ("B2", "B3", "B4", "B8A", "B11", "B12")
ROUNDING = 6e-5
"""Half of a digital number, and what single precision adds."""


def write(
    tiny: Dataset, out: Path, *words: str, drop_bands: bool = False, **options: Any
) -> Dataset:
    write_shifted(
        tiny, out, make_degradation(select_shifts(words), drop_bands=drop_bands), **options
    )
    return open_dataset(out)


def test_named_domains_are_shifted_and_the_others_are_the_same_bytes(
    tiny: Dataset, tmp_path: Path
) -> None:
    shifted = write(tiny, tmp_path / "out", "level-l1c", domains=["CHN"])
    assert shifted.domains == tiny.domains
    for name in ("FRA", "USA"):
        assert shifted.file(name).read_bytes() == tiny.file(name).read_bytes()
        assert shifted.domain_fingerprint(name) == tiny.domain_fingerprint(name)
        assert shifted.domain_card(name) == tiny.domain_card(name)
    before, after = tiny.load("CHN"), shifted.load("CHN")
    assert np.array_equal(before.sample_ids, after.sample_ids)
    assert np.array_equal(before.labels, after.labels)
    assert np.median(after.series[:, 0] - before.series[:, 0]) > 0.03


def test_a_domain_is_shifted_as_a_run_shifts_it(
    tiny: Dataset, smoke: Protocol, tmp_path: Path
) -> None:
    chosen = TargetSet(np.arange(len(tiny.load("CHN"))), 1, 0, tiny.domains)  # type: ignore[arg-type]
    for word in ("level-half", "bands-hls", "cadence-30", "gaps-60", "season-late-15"):
        (shift,) = select_shifts([word])
        request = shift_request(
            shift,
            Runner(tiny, smoke).observations("CHN", BANDS),
            tiny.load("CHN"),
            chosen,
            "median-year",
            classes=(0, 1),
            protocol=smoke,
            seed=1,
        )
        written = write(tiny, tmp_path / word, word).load("CHN").series
        assert np.abs(written - np.clip(request.features, 0, 1)).max() <= ROUNDING, word


def test_shifts_are_applied_one_after_another_in_the_order_of_a_product(
    tiny: Dataset, tmp_path: Path
) -> None:
    words = ("cadence-30", "gaps-60", "level-l1c", "season-late-30")
    shifted = write(tiny, tmp_path / "out", *words, domains=["FRA"])
    card, before = shifted.domain_card("FRA"), tiny.load("FRA")
    assert card.shifts == ("season-late-30", "level-l1c", "gaps-60", "cadence-30")
    series = before.series
    for name in card.shifts:
        (shift,) = select_shifts([name])
        series = apply_shift(shift, fields_of(before, series, BANDS, 0))
    assert np.abs(shifted.load("FRA").series - series).max() <= ROUNDING
    assert (card.processing_level, card.cadence_days, card.missing_share) == ("L1C", 30, None)
    assert shifted.card.name == "tiny, shifted"


def test_bands_are_filled_or_left_out(tiny: Dataset, tmp_path: Path) -> None:
    filled = write(tiny, tmp_path / "filled", "bands-hls", domains=["FRA"])
    assert filled.domain_card("FRA").bands == BANDS
    assert "Bands B5 B6 B7 B8: filled" in filled.domain_card("FRA").notes[-1]
    left = write(tiny, tmp_path / "left", "bands-hls", drop_bands=True, domains=["FRA"])
    assert left.domain_card("FRA").bands == HLS
    assert "Bands B5 B6 B7 B8: left out" in left.domain_card("FRA").notes[-1]
    assert np.array_equal(left.series("FRA", HLS), tiny.series("FRA", HLS))
    assert left.common_bands(["FRA", "CHN"]) == HLS


def test_class_shares_drop_samples_and_nothing_else(tmp_path: Path) -> None:
    samples = make_samples("FRA")
    rows = np.flatnonzero((samples.labels != samples.labels[0]) | (np.arange(len(samples)) < 9))
    data = write_tiny(tmp_path / "data", samples.take(rows))
    left = write(data, tmp_path / "out", "mix-equal").load("FRA")
    assert set(np.unique(left.labels, return_counts=True)[1]) == {9}
    place = {name: row for row, name in enumerate(samples.sample_ids.tolist())}
    again = samples.take(np.array([place[name] for name in left.sample_ids.tolist()]))
    assert np.array_equal(left.block, again.block)
    assert np.abs(left.series - again.series).max() <= ROUNDING


def test_declarations_of_domains_yaml_go_along(tiny: Dataset, tmp_path: Path) -> None:
    """An offset is taken off once: of a copied file, and not of a file that is written."""
    data = write_tiny(tmp_path / "data", make_samples("FRA"), make_samples("CHN"))
    (data.root / DOMAINS_FILE).write_text('files:\n- {file: "*", offset: 100}\n', "utf-8")
    data = open_dataset(data.root)
    assert data.load("FRA").series.mean() < tiny.load("FRA").series.mean() - 0.009
    shifted = write(data, tmp_path / "out", "season-late-30", domains=["CHN"])
    assert shifted.domain_fingerprint("FRA") == data.domain_fingerprint("FRA")
    expected = np.roll(data.load("CHN").series, 6, axis=-1)
    assert np.abs(shifted.load("CHN").series - expected).max() <= ROUNDING


def test_a_difference_of_shifts_is_named(tiny: Dataset, tmp_path: Path) -> None:
    shifted = write(tiny, tmp_path / "out", "level-half", "gaps-30", domains=["CHN"])
    assert (
        "Source and target differ in applied shifts: none and level-half gaps-30."
        in pair_differences(shifted, "FRA", "CHN", aligned=False)
    )
    assert not pair_differences(
        write(tiny, tmp_path / "both", "gaps-30"), "FRA", "CHN", aligned=False
    )


@pytest.mark.parametrize(
    ("words", "options", "said"),
    [
        ((), {}, "nothing to change"),
        (("level",), {}, "level-half and level-l1c both change the level"),
        (("level-l1c",), {"drop_bands": True}, "--drop-bands needs a shift of the bands"),
        (("level-l1c",), {"domains": ["CHM"]}, "no domain 'CHM': did you mean 'CHN'"),
    ],
)
def test_what_makes_no_sense_is_refused(
    tiny: Dataset, tmp_path: Path, words: tuple[str, ...], options: dict[str, Any], said: str
) -> None:
    with pytest.raises(CropGlobeError, match=said):
        write(tiny, tmp_path / "out", *words, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_factor_is_shifted_once(tiny: Dataset, tmp_path: Path) -> None:
    once = write(tiny, tmp_path / "once", "level-half", domains=["CHN"])
    with pytest.raises(CropGlobeError, match="CHN is a shifted copy already"):
        write(once, tmp_path / "twice", "level-l1c")
    other = write(once, tmp_path / "other", "level-l1c", "gaps-30", domains=["FRA"])
    assert other.domain_card("FRA").shifts == ("level-l1c", "gaps-30")
    assert other.card.name == "tiny, shifted"
    bare = other.domain_card("FRA").model_copy(update={"shifts": ()})
    (other.root / "dataset.json").write_text(
        other.card.model_copy(update={"domains": {"FRA": bare}}).model_dump_json(), "utf-8"
    )
    with pytest.raises(CropGlobeError, match="FRA is of level L1C already"):
        write(open_dataset(other.root), tmp_path / "third", "level-half", domains=["FRA"])


def test_a_directory_that_exists_is_refused_and_nothing_is_left_half_written(
    tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(CropGlobeError, match="out exists already: name another"):
        write(tiny, tmp_path / "out", "level-l1c")
    assert list((tmp_path / "out").iterdir()) == []

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    place = "benchmark.data.shifted_copies.shifted_dataset"
    for step in ("write_text", "_copy", "flush_folder"):
        with monkeypatch.context() as patched:
            patched.setattr(f"{place}.{step}", full)
            with pytest.raises(CropGlobeError, match="No space left"):
                write(tiny, tmp_path / "new", "level-l1c", domains=["FRA"])
        assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_every_factor_has_a_place_in_the_order() -> None:
    from benchmark.data.shifted_copies.shifted_dataset import ORDER

    assert set(ORDER) == set(factors())


def test_the_command_degrades_a_source_and_inspect_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tiny(tmp_path / "data", make_samples("FRA"), make_samples("CHN"))

    def call(*words: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main([*words])
        assert ended.value.code in (0, None)
        return capsys.readouterr().out

    data, out = str(tmp_path / "data"), str(tmp_path / "out")
    shifts = ("--shifts", "level-l1c", "bands-hls", "--drop-bands", "--domains", "FRA")
    assert "Shifted data in" in call("shift", data, out, *shifts)
    dataset = open_dataset(tmp_path / "out")
    assert dataset.domain_card("FRA").shifts == ("level-l1c", "bands-hls")
    assert dataset.domain_card("FRA").bands == HLS
    assert dataset.domain_card("CHN").bands == BANDS
    assert "FRA is a shifted copy: level-l1c, bands-hls." in call("inspect", out)
