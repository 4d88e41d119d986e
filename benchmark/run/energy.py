"""Energy of a piece of work: NVML on an NVIDIA GPU, RAPL on a processor, absent elsewhere."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

POWERCAP: Final = Path("/sys/class/powercap")
"""Where Linux shows the energy counters of processors (RAPL); often for root only."""

SECONDS_BETWEEN_READINGS: Final = 20.0
"""How often a counter is read: the smallest in use, 65 kJ, goes round in 131 s at 500 W."""

MICROJOULES: Final = 1e6
MILLIJOULES: Final = 1e3

Read = Callable[[], Mapping[str, float]]
"""Joules counted so far by each counter."""


class EnergyMeter:
    """Adds up the energy counters behind a device while its body runs.

    A processor's counters are those of its packages (not of the memory) and count all work of the
    machine; a GPU's counts all work of that GPU.

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
        """Energy so far; ``None`` where nothing can be read."""
        return self._sum if self._read is not None else None

    def add(self) -> None:
        """Add what the counters have counted since they were last read."""
        with self._lock:
            if self._read is None:
                return
            try:
                now = self._read()
            except OSError:
                self._read = None  # a counter that went away counts nothing
                return
            for name, value in now.items():
                step = value - self._last.get(name, value)
                self._sum += step if step >= 0 else step + self._ranges.get(name, 0.0)
            self._last = now

    def _watch(self) -> None:
        while not self._stop.wait(SECONDS_BETWEEN_READINGS):
            self.add()


def _rapl(root: Path) -> tuple[Read | None, Mapping[str, float]]:
    """Return a reader of the processor packages' counters, and where each starts again."""
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
    """Return a reader of a GPU's counter, which starts at the loading of its driver."""
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
