"""The training loop of every network, on one device."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.errors import MethodError
from benchmark.randomness import derive_seed
from benchmark.run.precision import arithmetic, autocast
from benchmark.run.training.initialisation import initialise_linear_layers
from benchmark.task.methods import Context, Features, Labels
from benchmark.task.metrics import confusion_matrix, macro_f1

PREDICTION_BATCH: Final = 128
"""Number of samples predicted at once on a processor. With 512, the transformers and LTAE predicted
15 to 36 % fewer samples a second (docs/performance.md)."""

DEVICE_PREDICTION_BATCH: Final = 4096
"""Number of samples predicted at once on a GPU: 0.23 GB for CropNet's widest layer."""

STATISTICS_BATCH: Final = 512
"""Number of samples in a batch whose statistics are averaged with those of other batches."""

Augment = Callable[[Tensor, torch.Generator], Tensor]
View = Callable[[Tensor], Tensor]
Invent = Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor, Tensor]]
Batch = tuple[Tensor, Tensor]
Validation = tuple[Tensor, Labels]


@dataclass(frozen=True)
class Recipe:
    """The choices of a network's author; the protocol decides everything else.

    Attributes:
        build: Function that makes the network from the shape of one input (after `view`) and the
            number of classes.
        view: Function from a batch of samples to the input of the network; ``None`` for no change.
        augment: Function from a batch and a generator to augmented inputs, in the shape of `view`.
        invent: Function from samples and labels of a batch and a generator to three arrays: which
            samples to replace [n] (bool), inputs in the shape of `view`, and their labels [n].
        in_released_code: Whether the paper's released code has the network. A protocol that repeats
            that code then gives its linear layers the initial values of that code.
    """

    build: Callable[[tuple[int, ...], int], nn.Module]
    view: View | None = None
    augment: Augment | None = None
    invent: Invent | None = None
    in_released_code: bool = False


class TorchClassifier:
    """A network trained under a protocol, with class-balanced cross-entropy.

    The checkpoint with the best validation score is used. Data stays on the device. With the same
    seed, data and machine, the network is the same.

    Args:
        recipe: The network and its augmentation.
        context: Seed, classes, protocol and device.
    """

    def __init__(self, recipe: Recipe, context: Context) -> None:
        self.recipe = recipe
        self.context = context

    def fit(
        self, x: Features, y: Labels, *, validation: tuple[Features, Labels]
    ) -> "TorchClassifier":
        """Train on x [N, ...], y [N]; use the checkpoint with the best validation score."""
        released = self.context.protocol.released_defects
        weight_labels = (
            np.concatenate([y, validation[1]]) if released.weights_from_validation else y
        )
        device = torch.device(self.context.device)
        samples = torch.from_numpy(np.ascontiguousarray(x)).to(device)
        labels = torch.from_numpy(y).to(device)
        generator = torch.Generator(device).manual_seed(self._seed("batches"))
        devices = [device] if device.type == "cuda" else []
        held = (torch.from_numpy(np.ascontiguousarray(validation[0])).to(device), validation[1])
        with torch.random.fork_rng(devices), arithmetic(self.context.protocol.precision):
            torch.manual_seed(self._seed("network"))
            shape = tuple(self._view(samples[:1]).shape[1:])
            network = self.recipe.build(shape, len(self.context.classes))
            if self.recipe.in_released_code and released.kaiming_linear_layers:
                initialise_linear_layers(network)
            network = network.to(device)
            self.network_ = _fast_layout(network)
            self.device_ = self.context.device
            self.parameter_count_ = sum(p.numel() for p in self.network_.parameters())
            weights = class_weights(weight_labels, len(self.context.classes)).to(device)
            self._train(samples, labels, weights, held, generator)
            self.flops_per_sample_ = self._count_flops(samples[:1])
        return self

    def predict_proba(self, x: Features) -> npt.NDArray[np.float32]:
        """Return the probability of each class [N, K]."""
        with arithmetic(self.context.protocol.precision):
            return self._probabilities(torch.from_numpy(np.ascontiguousarray(x)))

    def export(self) -> dict[str, npt.NDArray[Any]]:
        """Return the trained parameters by name."""
        state = self.network_.state_dict()
        return {name: tensor.cpu().contiguous().numpy() for name, tensor in state.items()}

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> "TorchClassifier":
        """Take over the parameters of a network that was exported."""
        with torch.random.fork_rng([]):
            shape = tuple(self._view(torch.zeros(1, *self.context.sample_shape)).shape[1:])
            network = self.recipe.build(shape, len(self.context.classes))
        network.load_state_dict({name: torch.from_numpy(a) for name, a in arrays.items()})
        self.network_ = _fast_layout(network.to(self.context.device))
        return self

    def batches(self, x: Features, size: int = STATISTICS_BATCH) -> Iterator[Tensor]:
        """Yield samples x [N, ...] as inputs of the network, batch by batch, on the device."""
        yield from self._batches(torch.from_numpy(np.ascontiguousarray(x)), size)

    def _batches(self, samples: Tensor, size: int) -> Iterator[Tensor]:
        for start in range(0, len(samples), size):
            yield self._view(samples[start : start + size].to(self.context.device))

    def _probabilities(self, samples: Tensor) -> npt.NDArray[np.float32]:
        processor = self.context.device == "cpu"
        size = PREDICTION_BATCH if processor else DEVICE_PREDICTION_BATCH
        self.network_.eval()
        with torch.inference_mode(), self._autocast():
            logits = [self.network_(batch).float() for batch in self._batches(samples, size)]
        return np.asarray(functional.softmax(torch.cat(logits), dim=1).cpu().numpy())

    def _autocast(self) -> Any:
        return autocast(self.context.protocol.precision, self.context.device)

    def _train(
        self,
        samples: Tensor,
        labels: Tensor,
        weights: Tensor,
        validation: Validation,
        generator: torch.Generator,
    ) -> None:
        budget = self.context.protocol.network
        batch, count, draws = self._feed(samples, labels, generator)
        size = budget.batch_size
        last_kept = self.context.protocol.released_defects.last_batch_kept
        steps = -(-draws // size) if last_kept else max(draws // size, 1)
        drawn = draws if last_kept else steps * size
        optimizer = torch.optim.Adam(
            self.network_.parameters(), lr=budget.learning_rate, fused=samples.device.type != "mps"
        )
        scheduler = (
            torch.optim.lr_scheduler.OneCycleLR(
                optimizer, max_lr=budget.learning_rate, total_steps=steps * budget.epochs
            )
            if budget.schedule == "one-cycle"
            else None
        )
        network: Callable[[Tensor], Tensor] = self.network_
        if self.context.protocol.compile:
            network = torch.compile(self.network_)
        best = -np.inf
        state: dict[str, Tensor] = {}
        self.history_: list[dict[str, float]] = []
        for epoch in range(budget.epochs):
            self.network_.train()
            total = torch.zeros((), device=samples.device)
            for rows in torch.split(_draw(count, drawn, generator), size):
                inputs, wanted = batch(rows)
                with self._autocast():
                    logits = network(inputs)
                loss = functional.cross_entropy(logits.float(), wanted, weight=weights)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                if scheduler is not None:
                    scheduler.step()
                total += loss.detach()
            quality = self._quality(validation)
            mean_loss = float(total) / steps
            if not np.isfinite(mean_loss):
                raise MethodError(f"The loss became {mean_loss} in epoch {epoch + 1}.")
            self.history_.append(
                {
                    "epoch": epoch + 1,
                    "loss": mean_loss,
                    "validation": quality,
                    "samples": drawn,
                }
            )
            if quality > best:
                best = quality
                state = {k: v.detach().clone() for k, v in self.network_.state_dict().items()}
        self.network_.load_state_dict(state)
        self.network_.eval()

    def _feed(
        self, samples: Tensor, labels: Tensor, generator: torch.Generator
    ) -> tuple[Callable[[Tensor], Batch], int, int]:
        """Return how a batch is made of row numbers, how many rows there are, draws an epoch."""
        protocol, augment, invent = self.context.protocol, self.recipe.augment, self.recipe.invent
        inputs = self._view(samples)
        copies = protocol.augmentation.copies
        static = augment is not None and protocol.augmentation.mode == "static"
        if augment is not None and static:
            inputs = torch.cat([inputs, *(augment(samples, generator) for _ in range(copies))])

        def batch(rows: Tensor) -> Batch:
            seen, original = inputs[rows], rows % len(samples)
            wanted = labels[original]
            if augment is not None and not static:
                draw = torch.rand(len(rows), generator=generator, device=rows.device)
                plain = _per_sample(draw < 1 / (1 + copies), seen)
                seen = torch.where(plain, seen, augment(samples[rows], generator))
            if invent is not None:
                chosen, other, label = invent(samples[original], wanted, generator)
                seen = torch.where(_per_sample(chosen, seen), other, seen)
                wanted = torch.where(chosen, label, wanted)
            return seen, wanted

        passes = 1 if static else protocol.network.passes_per_epoch
        return batch, len(inputs), len(inputs) * passes

    def _view(self, batch: Tensor) -> Tensor:
        return batch if self.recipe.view is None else self.recipe.view(batch)

    def _quality(self, validation: Validation) -> float:
        samples, y = validation
        predicted = self._probabilities(samples).argmax(axis=1).astype(np.int64)
        protocol = self.context.protocol
        if protocol.selection_metric == "overall_accuracy":
            return float(np.mean(predicted == y))
        if protocol.selection_metric == "balanced_accuracy":
            matrix = confusion_matrix(y, predicted, len(self.context.classes))
            support = matrix.sum(axis=1)
            return float(np.mean(np.diag(matrix)[support > 0] / support[support > 0]))
        over_predicted = protocol.released_defects.validation_over_predicted
        return macro_f1(y, predicted, over_predicted=over_predicted)

    def _count_flops(self, sample: Tensor) -> int | None:
        """Return the operations of one prediction; ``None`` if the counter counted none."""
        from torch.nn.attention import SDPBackend, sdpa_kernel
        from torch.utils.flop_counter import FlopCounterMode

        counter = FlopCounterMode(display=False)
        # The counter knows plain matrix products, but not every fused kernel of attention.
        with torch.inference_mode(), sdpa_kernel(SDPBackend.MATH), counter:
            self.network_(self._view(sample))
        counted = int(counter.get_total_flops())
        if not counted:  # every network here multiplies matrices; torch 2.4 counts none of them
            return None
        return counted + int(getattr(self.network_, "uncounted_flops", 0))

    def _seed(self, purpose: str) -> int:
        return derive_seed(self.context.seed, "training", purpose)


def class_weights(labels: Labels, classes: int) -> Tensor:
    """Return weights N / (K n_k), with which every class has the same total weight.

    Args:
        labels: Class indices [N].
        classes: Number of classes K.

    Returns:
        Weights [K], float32; scikit-learn's ``balanced`` weights.
    """
    counts = np.bincount(labels, minlength=classes)
    return torch.from_numpy((len(labels) / (classes * np.maximum(counts, 1))).astype(np.float32))


def _per_sample(values: Tensor, like: Tensor) -> Tensor:
    return values.view(-1, *[1] * (like.ndim - 1))


def _draw(samples: int, count: int, generator: torch.Generator) -> Tensor:
    """Return `count` row numbers: whole random permutations, one after another."""
    rounds = -(-count // samples)
    device = generator.device
    orders = [torch.randperm(samples, generator=generator, device=device) for _ in range(rounds)]
    return torch.cat(orders)[:count]


def _fast_layout(network: nn.Module) -> nn.Module:
    """Return a network whose image convolutions use the fastest memory layout."""
    return network.to(memory_format=torch.channels_last)
