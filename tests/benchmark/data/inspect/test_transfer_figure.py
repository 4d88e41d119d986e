"""Seasonal curves of a transfer: the means that are drawn, whose year is moved, what is missing."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from tiny import make_samples, write_tiny

from benchmark.cli import main
from benchmark.data.dataset import Dataset
from benchmark.data.inspect import transfer_figure
from benchmark.data.inspect.dataset_figures import ndvi
from benchmark.data.inspect.transfer_figure import draw_pairs, draw_transfer
from benchmark.data.season import HALF_YEAR_STEPS, move
from benchmark.errors import UsageError


def drawn(figure: Figure | None) -> dict[tuple[int, int], dict[str, np.ndarray]]:
    """Means by line style, of each panel by row and column."""
    assert figure is not None
    columns = len({axis.get_position().x0 for axis in figure.axes})
    found = {}
    for number, axis in enumerate(figure.axes):
        lines = [line for line in axis.lines if len(np.asarray(line.get_ydata()))]
        styles = {str(line.get_linestyle()): np.asarray(line.get_ydata()) for line in lines}
        found[divmod(number, columns)] = styles
    return found


def test_means_of_source_and_target(tiny: Dataset) -> None:
    figure = draw_transfer(tiny, "FRA", "CHN", aligned=True)
    panels = drawn(figure)
    for domain, style in (("FRA", "-"), ("CHN", "--")):
        samples = tiny.load(domain)
        corn = tiny.series(domain, ("B4", "B8"))[samples.labels == 0]
        assert panels[0, 0][style] == pytest.approx(ndvi(corn).mean(axis=0), abs=1e-6)
    # Corn, rice, wheat, other; China has no wheat.
    assert len(panels) == 4 * 3
    assert set(panels[2, 0]) == {"-"}
    assert figure is not None
    assert figure.axes[6].get_ylabel() == "wheat\nn = 36 / 0"


def test_a_southern_year_is_moved_where_the_protocol_moves_it(tmp_path: Path) -> None:
    data = write_tiny(tmp_path, make_samples("FRA"), make_samples("ARG"), simulated=True)
    corn = data.series("ARG", ("B11",))[data.load("ARG").labels == 0]
    for aligned, expected in ((True, move(corn, HALF_YEAR_STEPS)), (False, corn)):
        figure = draw_transfer(data, "FRA", "ARG", aligned=aligned)
        mean = drawn(figure)[0, 2]["--"]
        assert mean == pytest.approx(expected[:, 0].mean(axis=0), abs=1e-6)
        assert figure is not None
        title = figure.get_suptitle()
        assert ("the year of ARG is moved by half a year" in title) is aligned
        assert "simulated" in title


def test_of_many_samples_some_are_drawn(tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer_figure, "MOST_SAMPLES", 5)
    first, second = (draw_transfer(tiny, "FRA", "CHN", aligned=True) for _ in range(2))
    corn = ndvi(tiny.series("FRA", ("B4", "B8"))[tiny.load("FRA").labels == 0])
    mean = drawn(first)[0, 0]["-"]
    assert mean == pytest.approx(drawn(second)[0, 0]["-"])
    assert not np.allclose(mean, corn.mean(axis=0), atol=1e-6)
    assert mean[36:45] == pytest.approx(corn.mean(axis=0)[36:45], abs=0.1)
    assert first is not None
    assert first.axes[0].get_ylabel() == "corn\nn = 36 / 36", "all that there are"


def test_without_the_bands_there_is_no_figure(tmp_path: Path) -> None:
    data = write_tiny(tmp_path, make_samples("FRA", bands=2), make_samples("CHN", bands=2))
    assert draw_transfer(data, "FRA", "CHN", aligned=True) is None


def test_pairs_are_drawn_by_inspect(tiny: Dataset, tmp_path: Path) -> None:
    words = ["inspect", str(tiny.root), "--figures", str(tmp_path), "--pair", "FRA:CHN"]
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert not ended.value.code
    assert (tmp_path / "season_FRA-to-CHN.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("word", "message"), [("FRA", "is no pair"), ("FRA:CHM", "did you mean 'CHN'")]
)
def test_what_is_no_pair_is_named(word: str, message: str, tiny: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        draw_pairs(tiny, [word], tmp_path)
