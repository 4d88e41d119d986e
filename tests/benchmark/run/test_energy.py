"""Energy counters, with made-up files in the place of the processor's and the GPU's."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmark.run import energy
from benchmark.run.device import measure
from benchmark.run.energy import EnergyMeter


def write_zone(root: Path, zone: str, name: str, microjoules: int) -> Path:
    folder = root / zone
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "name").write_text(f"{name}\n")
    (folder / "max_energy_range_uj").write_text("1000000000\n")
    (folder / "energy_uj").write_text(f"{microjoules}\n")
    return folder / "energy_uj"


def test_packages_are_added_and_what_they_contain_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    first = write_zone(tmp_path, "intel-rapl:0", "package-0", 5_000_000)
    second = write_zone(tmp_path, "intel-rapl:1", "package-1", 0)
    core = write_zone(tmp_path, "intel-rapl:0:0", "core", 0)
    with measure("cpu") as measurement:
        first.write_text("7500000")
        second.write_text("1000000")
        core.write_text("900000")
    assert measurement.energy_joules == pytest.approx(3.5)


def test_a_counter_that_goes_round_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    counter = write_zone(tmp_path, "intel-rapl:0", "package-0", 900_000_000)
    with EnergyMeter("cpu") as meter:
        for microjoules in (100_000_000, 950_000_000, 50_000_000):
            counter.write_text(str(microjoules))
            meter.add()
    assert meter.joules == pytest.approx(200 + 850 + 100)


def test_without_a_readable_counter_there_is_no_energy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    with EnergyMeter("cpu") as meter:
        pass
    assert meter.joules is None
    counter = write_zone(tmp_path, "intel-rapl:0", "package-0", 1)
    with EnergyMeter("cpu") as meter:
        counter.unlink()
    assert meter.joules is None


def fake_gpu(monkeypatch: pytest.MonkeyPatch, readings: list[int]) -> None:
    import torch

    class NVMLError(Exception):
        pass

    def total(handle: str) -> int:
        assert handle == "GPU-1234"
        if not readings:
            raise NVMLError
        return readings.pop(0)

    fake = SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByUUID=lambda uuid: uuid,
        nvmlDeviceGetTotalEnergyConsumption=total,
    )
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda device: SimpleNamespace(uuid="1234")
    )


def test_a_gpu_is_read_by_its_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_gpu(monkeypatch, [1, 2_000, 9_500])  # tried once, then before and after, in millijoules
    with EnergyMeter("cuda:0") as meter:
        pass
    assert meter.joules == pytest.approx(7.5)


def test_an_old_gpu_without_a_counter_has_no_energy(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_gpu(monkeypatch, [])
    with EnergyMeter("cuda:0") as meter:
        pass
    assert meter.joules is None


def test_a_counter_that_goes_away_before_the_work_begins_stops_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake_gpu(monkeypatch, [1])
    with EnergyMeter("cuda:0") as meter:
        pass
    assert meter.joules is None


def test_a_gpu_without_the_library_has_no_energy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with EnergyMeter("cuda:0") as meter:
        pass
    assert meter.joules is None
