"""The arithmetic of networks: which one a device has, and its settings during training."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

from benchmark.errors import UsageError

Precision = Literal["fp32", "tf32", "bf16"]

CPUINFO: Final = Path("/proc/cpuinfo")

BF16_FLAGS: Final = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Instructions that make bf16 fast on a processor (the last is that of 64-bit ARM); without them a
CropNet training step took 13 times as long in bf16 (docs/performance.md)."""

BF16_CAPABILITY: Final = 8
"""First CUDA compute capability with bf16 tensor cores (Ampere; CUDA C++ Programming Guide)."""


def require_precision(precision: str, device: str) -> None:
    """Check that a device computes fast in the precision of a protocol.

    ``tf32`` is allowed on every device. Without such tensor cores networks are computed in single
    precision, which ``tf32`` approximates.

    Args:
        precision: ``fp32``, ``tf32`` or ``bf16``.
        device: ``cpu``, ``mps`` or ``cuda:N``.

    Raises:
        UsageError: If bf16 is asked for on a device that has no fast instructions for it.
    """
    if precision == "bf16" and not has_fast_bf16(device):
        raise UsageError(
            f"The protocol asks for bf16, which the device '{device}' here has no instructions "
            "for: use precision fp32, or a device that has them."
        )


def has_fast_bf16(device: str) -> bool:
    """Return whether a device multiplies bf16 matrices in hardware."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.get_device_capability(device)[0] >= BF16_CAPABILITY
    if device != "cpu" or not CPUINFO.is_file():
        return False
    for line in CPUINFO.read_text("utf-8", errors="replace").splitlines():
        key, _, value = line.partition(":")
        if key.strip().lower() in ("flags", "features"):
            return not BF16_FLAGS.isdisjoint(value.split())
    return False


@contextmanager
def arithmetic(precision: str) -> Iterator[None]:
    """Use deterministic kernels and a precision in a ``with`` statement; restore settings after it.

    Args:
        precision: ``fp32``, ``tf32`` or ``bf16``.
    """
    import torch

    cudnn: Any = torch.backends.cudnn
    before = (cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32)
    products = torch.get_float32_matmul_precision()
    single = precision == "fp32"
    cudnn.deterministic, cudnn.benchmark = True, False
    # Convolutions have a separate setting, which is on by default in torch.
    cudnn.allow_tf32 = not single
    torch.set_float32_matmul_precision("highest" if single else "high")
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32 = before
        torch.set_float32_matmul_precision(products)


def autocast(precision: str, device: str) -> Any:
    """Return a context in which a network computes in bf16 if that is the precision.

    Weights, gradients and the optimiser stay in single precision. bf16 has the same range of
    numbers, so the loss needs no scaling.

    Args:
        precision: ``fp32``, ``tf32`` or ``bf16``.
        device: ``cpu``, ``mps`` or ``cuda:N``.
    """
    import torch

    kind = torch.device(device).type
    return torch.autocast(kind, dtype=torch.bfloat16, enabled=precision == "bf16")
