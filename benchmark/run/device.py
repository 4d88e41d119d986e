"""The device of a run, and measurement of time, memory and energy on it."""

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
"""Text that resets the peak resident set size when it is written to clear_refs (Linux, proc(5))."""

NUMBERS: Final = {"family": "cpu family", "model": "model"}
"""What tells processors of one name apart, and its key in cpuinfo."""

STATUS: Final = Path("/proc/self/status")


@dataclass
class Measurement:
    """Time, memory and energy of a piece of work.

    Attributes:
        seconds: Wall-clock time until all work on the device is finished.
        peak_memory_bytes: Highest memory: that of the device on a GPU, otherwise that of the
            process. ``None`` if the system does not report it, or if nothing used a GPU's memory
            through torch.
        energy_joules: Energy of the device; ``None`` if no counter can be read.
    """

    seconds: float = 0.0
    peak_memory_bytes: int | None = None
    energy_joules: float | None = None


def resolve_device(wanted: str, precision: str = "fp32") -> str:
    """Return the device on this machine for the setting of a protocol.

    Args:
        wanted: ``auto``, ``cpu``, ``mps``, ``cuda`` or ``cuda:N``.
        precision: Arithmetic that the device must have: ``fp32``, ``tf32`` or ``bf16``.

    Returns:
        ``cpu``, ``mps`` or ``cuda:N``.

    Raises:
        UsageError: If this machine has no such device, or the device lacks the arithmetic.
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
            raise UsageError(f"There is no device '{wanted}' here: use the device 'auto' or 'cpu'.")
        return f"cuda:{number}"
    if wanted == "mps" and not torch.backends.mps.is_available():
        raise UsageError("There is no device 'mps' here: use the device 'auto' or 'cpu'.")
    return wanted


@cache
def device_name(device: str) -> str:
    """Return the name of a GPU or, for other devices, of the processor."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.get_device_name(device)
    if CPUINFO.is_file():
        name = processor_name(CPUINFO.read_text("utf-8", errors="replace"))
        if name is not None:
            return name
    return platform.processor() or platform.machine()


def processor_name(cpuinfo: str) -> str | None:
    """Return the name of the first processor that a text describes (proc_cpuinfo(5)).

    Args:
        cpuinfo: The text.

    Returns:
        Its model's name; with family and model where the name has no number, as in a virtual
        machine that calls processors of several generations, of unlike speed, ``AMD EPYC``.
        ``None`` if the text has no such name.
    """
    first = cpuinfo.strip().split("\n\n")[0]
    found = {
        key.strip(): value.strip()
        for key, _, value in (line.partition(":") for line in first.splitlines())
    }
    name = found.get("model name")
    if not name:
        return None
    if any(letter.isdigit() for letter in name.partition("@")[0]):  # a clock rate follows the @
        return name
    numbers = [f"{what} {found[key]}" for what, key in NUMBERS.items() if found.get(key)]
    return f"{name} ({', '.join(numbers)})" if numbers else name


@contextmanager
def measure(device: str) -> Iterator[Measurement]:
    """Measure time, peak memory and energy of the body of a ``with`` statement.

    A GPU is warmed up before the first measurement, and its work is finished before time is read.

    Args:
        device: Device on which the body works.

    Yields:
        The measurement. Its values are set when the body ends, also by an error.
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
    """Measure the body on a device and on the processor, since it may work on either of them.

    Args:
        device: Device on which the body may work.

    Yields:
        The measurements of the device and of ``cpu``. Their values are set when the body ends.
    """
    with measure(device) as there:
        if device == PROCESSOR:
            yield {PROCESSOR: there}
            return
        with measure(PROCESSOR) as here:
            yield {PROCESSOR: here, device: there}


def device_of(reported: str | None, device: str, measured: Mapping[str, Measurement]) -> str:
    """Return the device on which a classifier was fitted; it need not use the offered device.

    Args:
        reported: Device that the classifier reports, if it reports one.
        device: Device that it was offered.
        measured: Measurements of its fit, see `measure_all`.

    Returns:
        ``cpu`` or the offered device.
    """
    if reported is None and device.startswith("cuda"):
        return PROCESSOR if measured[device].peak_memory_bytes is None else device
    return PROCESSOR if reported is None or reported == PROCESSOR else device


@cache
def _warm_up(device: str) -> None:
    """Let a GPU load its libraries and the kernels of a small network, once in a process."""
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
    """Reset the peak memory; return the memory of a GPU that is in use already, otherwise 0."""
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
