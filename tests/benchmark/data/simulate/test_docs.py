import re
import shlex
from pathlib import Path

import pytest

from benchmark.cli import main
from benchmark.data.dataset import open_dataset
from benchmark.data.simulate.regions import read_region

PAGE = Path(__file__).parents[4] / "docs" / "simulation.md"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)


def test_the_pages_region_can_be_simulated_by_the_pages_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (example,) = blocks("yaml")
    Path("ebro.yaml").write_text(example, "utf-8")
    assert read_region(Path("ebro.yaml")).name == "ESP-EBRO"
    for line in "".join(blocks("sh")).splitlines():
        program, *arguments = shlex.split(line)
        if program == "cropglobe":
            with pytest.raises(SystemExit) as done:
                main(arguments)
            assert not done.value.code, line
    assert open_dataset(Path("sim")).domains == ("ARG", "FRA")
    assert open_dataset(Path("sim-ebro")).domains == ("ESP-EBRO",)
    assert Path("figures", "ndvi_1.png").is_file()
    products = open_dataset(Path("sim-products"))
    card = products.domain_card("USA-AR")
    assert (card.processing_level, card.cadence_days, len(card.bands)) == ("L1C", 10, 6)
    assert products.domain_card("FRA").processing_level == "simulated"


def test_page_states_the_version_that_its_figures_belong_to():
    from benchmark.data.simulate.world import GENERATOR_VERSION

    assert f"generator version {GENERATOR_VERSION}" in PAGE.read_text("utf-8")


@pytest.mark.parametrize("heading", ["Log of looks", "Simulation to reality", "Ablations"])
def test_page_keeps_the_sections_that_honesty_needs(heading):
    assert f"## {heading}" in PAGE.read_text("utf-8")
