"""Energy of a piece of work: from NVML on an NVIDIA GPU, from RAPL on a processor, or unknown."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

POWERCAP: Final = Path("/sys/class/powercap")
"""Folder of the processors' energy counters (RAPL) on Linux; often only root can read it."""

SECONDS_BETWEEN_READINGS: Final = 20.0
"""Seconds between readings of a counter. The smallest counter in use, 65 kJ, starts again at zero
after 131 s at 500 W."""

MICROJOULES: Final = 1e6
MILLIJOULES: Final = 1e3

Read = Callable[[], Mapping[str, float]]
"""Function that returns the joules of each counter, by its name."""


class EnergyMeter:
    """Adds up the energy counters of a device during a ``with`` statement.

    The counters of a processor are those of its packages, without the memory, and count all work of
    the machine. The counter of a GPU counts all work of that GPU.

    Args:
        device: ``cpu``, ``mps`` or ``cuda:N``.
    """

    def __init__(self, device: str) -> None:
        read, self._ranges = _nvml(device) if device.startswith("cuda") else _rapl(POWERCAP)
        self._read = read
        self._last: Mapping[str, float] = {}
        self._sum = 0.0
        self._stop = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Begin to count."""
        self.add()
        if self._read is not None:
            threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End counting."""
        self._stop.set()
        self.add()

    @property
    def joules(self) -> float | None:
        """Energy so far in joules; ``None`` if no counter can be read."""
        return self._sum if self._read is not None else None

    def add(self) -> None:
        """Add the energy since the counters were last read."""
        with self._lock:
            if self._read is None:
                return
            try:
                now = self._read()
            except OSError:
                self._read = None  # the counter can no longer be read
                return
            for name, value in now.items():
                step = value - self._last.get(name, value)
                self._sum += step if step >= 0 else step + self._ranges.get(name, 0.0)
            self._last = now

    def _watch(self) -> None:
        while not self._stop.wait(SECONDS_BETWEEN_READINGS):
            self.add()


def _rapl(root: Path) -> tuple[Read | None, Mapping[str, float]]:
    """Return a function that reads the processors' counters, and the range of each in joules."""
    ranges: dict[str, float] = {}
    try:
        for zone in sorted(root.glob("intel-rapl:*")):
            if (zone / "name").read_text("utf-8").startswith("package"):
                (zone / "energy_uj").read_bytes()
                most = (zone / "max_energy_range_uj").read_text("utf-8")
                ranges[zone.name] = float(most) / MICROJOULES
    except OSError:
        return None, {}

    def read() -> Mapping[str, float]:
        return {
            name: float((root / name / "energy_uj").read_text("utf-8")) / MICROJOULES
            for name in ranges
        }

    return (read if ranges else None), ranges


def _nvml(device: str) -> tuple[Read | None, Mapping[str, float]]:
    """Return a function that reads a GPU's counter, which starts when the driver is loaded."""
    try:
        import pynvml
        import torch
    except ImportError:
        return None, {}
    uuid = getattr(torch.cuda.get_device_properties(device), "uuid", None)
    if uuid is None:
        return None, {}
    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except pynvml.NVMLError:
        return None, {}

    def read() -> Mapping[str, float]:
        try:
            return {device: pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / MILLIJOULES}
        except pynvml.NVMLError as error:
            raise OSError(str(error)) from error

    return read, {}
