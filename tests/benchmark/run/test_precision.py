"""The arithmetic of networks: asked for, refused, and put back."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmark.errors import UsageError
from benchmark.run import precision
from benchmark.run.device import resolve_device
from benchmark.run.precision import arithmetic, has_fast_bf16
from benchmark.run.training.training_loop import Recipe, TorchClassifier
from benchmark.task.methods import Context
from benchmark.task.protocol import Protocol, load_protocol


@pytest.mark.parametrize(
    ("line", "fast"),
    [
        ("flags\t\t: fpu avx2 avx512f", False),
        ("flags\t\t: fpu avx512f avx512_bf16", True),
        ("flags\t\t: fpu amx_bf16 amx_tile", True),
        ("Features\t: fp asimd bf16", True),
        ("model name\t: avx512_bf16", False),
    ],
)
def test_a_processor_has_bf16_if_it_has_the_instructions(
    line: str, fast: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "CPUINFO", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\n{line}\n")
    assert has_fast_bf16("cpu") is fast
    if fast:
        assert resolve_device("cpu", "bf16") == "cpu"
    else:
        with pytest.raises(UsageError, match="asks for bf16, which the device 'cpu' here has no"):
            resolve_device("cpu", "bf16")


@pytest.mark.parametrize(("capability", "fast"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_a_gpu_has_bf16_from_ampere_on(
    capability: tuple[int, int], fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert has_fast_bf16("cuda:0") is fast


def test_bf16_was_never_tried_on_an_apple_gpu() -> None:
    assert not has_fast_bf16("mps")


@pytest.mark.parametrize(("wanted", "tensor_cores"), [("fp32", False), ("tf32", True)])
def test_single_precision_is_single_in_convolutions_too(wanted: str, tensor_cores: bool) -> None:
    cudnn = torch.backends.cudnn
    before = cudnn.allow_tf32, cudnn.deterministic, torch.get_float32_matmul_precision()
    with arithmetic(wanted):
        assert cudnn.allow_tf32 is tensor_cores
        assert (torch.get_float32_matmul_precision() == "highest") is not tensor_cores
        assert cudnn.deterministic
    after = cudnn.allow_tf32, cudnn.deterministic, torch.get_float32_matmul_precision()
    assert after == before


class Watching(nn.Linear):
    """A linear network that notes in which type it computes."""

    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__(inputs, classes)
        self.types: set[tuple[bool, torch.dtype]] = set()

    def forward(self, x: Tensor) -> Tensor:
        answer: Tensor = super().forward(x.flatten(1))
        self.types.add((self.training, answer.dtype))
        return answer


def fit(protocol: Protocol, device: str = "cpu") -> TorchClassifier:
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 64)
    x = (random.normal(0, 1, (64, 1, 4)) + 3 * y[:, None, None]).astype(np.float32)
    context = Context(1, ("corn", "rice"), protocol, device, ("B2",), (1, 4))
    recipe = Recipe(lambda shape, classes: Watching(4, classes))
    return TorchClassifier(recipe, context).fit(x, y, validation=(x, y))


@pytest.mark.parametrize(("name", "kind"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_networks_compute_in_the_protocols_precision_and_keep_their_weights_in_single(
    name: str, kind: torch.dtype, changed: Callable[..., Protocol]
) -> None:
    # Slow here, but the classifier itself does not ask whether it is.
    model = fit(changed(precision=name))
    assert {seen for training, seen in model.network_.types if training} == {kind}
    assert model.network_.weight.dtype is torch.float32
    model.network_.types.clear()
    assert model.predict_proba(np.zeros((3, 1, 4), np.float32)).dtype == np.float32
    assert model.network_.types == {(False, kind)}


def test_compiling_is_not_in_the_hash_until_it_is_asked_for(
    changed: Callable[..., Protocol],
) -> None:
    assert load_protocol("paper").hash == "7ba7cb74333d936c"  # published
    assert changed(compile=False).hash == load_protocol("smoke").hash
    assert changed(compile=True).hash != load_protocol("smoke").hash


@pytest.mark.slow
def test_a_compiled_network_without_dropout_learns_the_same(
    changed: Callable[..., Protocol],
) -> None:
    x = np.linspace(-3, 6, 40, dtype=np.float32).reshape(10, 1, 4)
    answers = [fit(changed(compile=choice)).predict_proba(x) for choice in (False, True)]
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-5)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", ["fp32", "tf32", "bf16"])
def test_a_gpu_learns_in_every_precision(name: str, changed: Callable[..., Protocol]) -> None:
    model = fit(changed(precision=name), "cuda:0")
    assert model.predict_proba(np.zeros((3, 1, 4), np.float32)).shape == (3, 2)
    assert np.isfinite(model.history_[-1]["loss"])
