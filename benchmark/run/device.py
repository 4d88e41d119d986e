"""The device a run uses, and what a fit costs on it."""

import platform
import resource
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from benchmark.errors import UsageError
from benchmark.run.energy import EnergyMeter
from benchmark.run.precision import CPUINFO, require_precision

PROCESSOR: Final = "cpu"

CLEAR_REFS: Final = Path("/proc/self/clear_refs")
RESET_PEAK: Final = "5"
"""Written to clear_refs, resets the peak resident set size of the process (Linux, proc(5))."""

STATUS: Final = Path("/proc/self/status")


@dataclass
class Measurement:
    """What was measured around a piece of work.

    Attributes:
        seconds: Wall-clock time, the device's queue included.
        peak_memory_bytes: Highest memory: of the device on a GPU, of the process elsewhere;
            ``None`` where the system does not tell, or nothing took a GPU's through torch.
        energy_joules: Energy of the device; ``None`` where no counter can be read.
    """

    seconds: float = 0.0
    peak_memory_bytes: int | None = None
    energy_joules: float | None = None


def resolve_device(wanted: str, precision: str = "fp32") -> str:
    """Return the device that a protocol's setting means on this machine.

    Args:
        wanted: ``auto``, ``cpu``, ``mps``, ``cuda`` or ``cuda:N``.
        precision: Arithmetic that it must have: ``fp32``, ``tf32`` or ``bf16``.

    Returns:
        ``cpu``, ``mps`` or ``cuda:N``.

    Raises:
        UsageError: If the device asked for is not here, or has not that arithmetic.
    """
    device = _find_device(wanted)
    require_precision(precision, device)
    return device


def _find_device(wanted: str) -> str:
    if wanted == "cpu":
        return wanted
    import torch

    if wanted == "auto":
        if torch.cuda.is_available():
            return "cuda:0"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    if wanted.startswith("cuda"):
        number = int(wanted.partition(":")[2] or 0)
        if not torch.cuda.is_available() or number >= torch.cuda.device_count():
            raise UsageError(f"There is no device '{wanted}' here: use --device auto or cpu.")
        return f"cuda:{number}"
    if wanted == "mps" and not torch.backends.mps.is_available():
        raise UsageError("There is no device 'mps' here: use --device auto or cpu.")
    return wanted


@cache
def device_name(device: str) -> str:
    """Return the name of the processor behind a device."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.get_device_name(device)
    if CPUINFO.is_file():
        for line in CPUINFO.read_text("utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


@contextmanager
def measure(device: str) -> Iterator[Measurement]:
    """Measure time, peak memory and energy of the body.

    A GPU is warmed up before the first measurement, and its queue is waited for.

    Args:
        device: Where the body works.

    Yields:
        The measurement, filled in when the body ends, by an error too.
    """
    measurement = Measurement()
    _warm_up(device)
    held = _reset_peak(device)
    _wait_for(device)
    with EnergyMeter(device) as meter:
        start = time.perf_counter()
        try:
            yield measurement
        finally:
            _wait_for(device)
            measurement.seconds = time.perf_counter() - start
            measurement.peak_memory_bytes = _peak(device, held)
            meter.add()
            measurement.energy_joules = meter.joules


@contextmanager
def measure_all(device: str) -> Iterator[Mapping[str, Measurement]]:
    """Measure the body on a device and on the processor, where it may work on either.

    Args:
        device: Where the body may work.

    Yields:
        The measurement of the device and of ``cpu``, filled in when the body ends.
    """
    with measure(device) as there:
        if device == PROCESSOR:
            yield {PROCESSOR: there}
            return
        with measure(PROCESSOR) as here:
            yield {PROCESSOR: here, device: there}


def device_of(reported: str | None, device: str, measured: Mapping[str, Measurement]) -> str:
    """Return where a classifier works, which need not be on the device that it is offered.

    Args:
        reported: What it says itself, if it does.
        device: What it is offered.
        measured: What its fit took, see `measure_all`.

    Returns:
        ``cpu`` or the device.
    """
    if reported is None and device.startswith("cuda"):
        return PROCESSOR if measured[device].peak_memory_bytes is None else device
    return PROCESSOR if reported is None or reported == PROCESSOR else device


@cache
def _warm_up(device: str) -> None:
    """Have a GPU load its libraries and kernels of a small network, once in a process."""
    if not device.startswith("cuda"):
        return
    import torch

    layer = torch.nn.Conv2d(1, 8, 3, device=device)
    layer(torch.ones(2, 1, 8, 8, device=device)).sum().backward()


def _wait_for(device: str) -> None:
    if device.startswith("cuda"):
        import torch

        torch.cuda.synchronize(device)


def _reset_peak(device: str) -> int:
    """Begin anew with the peak of memory; return what is held of a GPU's already."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.reset_peak_memory_stats(device)
        return int(torch.cuda.memory_allocated(device))
    try:
        CLEAR_REFS.write_text(RESET_PEAK)
    except OSError:
        # Not Linux, or not allowed: the peak since the start of the process is reported instead.
        return 0
    return 0


def _peak(device: str, held: int) -> int | None:
    if device.startswith("cuda"):
        import torch

        peak = int(torch.cuda.max_memory_allocated(device))
        return peak if peak > held else None
    if STATUS.is_file():
        for line in STATUS.read_text("utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if platform.system() == "Darwin" else highest * 1024
