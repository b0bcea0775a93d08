"""Files of measurements: tokens a second of a node by requests running, or what one layer reached on a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, PositiveFloat, ValidationError

from integration.canonical import Record
from services.capacity.demand import text_of, words
from services.capacity.node import CapacityError, Rates
from services.capacity.roofline import BANDWIDTH, GPUS, Roofline


class NodeMeasurement(Record):
    """A node's own figures, from SGLang's `bench_serving` or its metrics: {"decode": {"1": …, "128": …}, …}."""

    source: str = Field(description="Who measured, on what, when.")
    decode: Mapping[int, PositiveFloat] = Field(min_length=1)
    prefill: PositiveFloat

    def rates(self) -> Rates:
        """Step times of it."""
        return Rates(dict(self.decode))


class Part(Record):
    """Attention or mixture of one layer: seconds of a step, and the shares of the GPU's bandwidth and FP8 speed."""

    seconds: PositiveFloat
    bandwidth_share: PositiveFloat
    flop_share: float = Field(ge=0)


class Batch(Record):
    """One batch size."""

    batch: int = Field(ge=1)
    context: int = Field(ge=1)
    attention: Part
    mixture: Part


class LayerMeasurement(Record):
    """What tests/benchmarks/r1_layer.py prints."""

    device: str
    torch: str
    batches: tuple[Batch, ...] = Field(min_length=1)


Measurement = NodeMeasurement | LayerMeasurement


def read_measurement(path: Path) -> Measurement:
    """Either kind, told apart by `batches`. Raises CapacityError naming file and field."""
    text = text_of(path)
    kind = LayerMeasurement if '"batches"' in text else NodeMeasurement
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise CapacityError(f"{path}: {words(error)}") from None


class Beside(Record):
    """One batch size: tokens a second of the node that memory allows, that the planner expects, and by the layer."""

    batch: int
    bound: float
    expected: float
    measured: float


def beside(layer: LayerMeasurement, steps: Roofline) -> list[Beside]:
    """The layer's shares put into the arithmetic of the whole node.

    An upper bound: between the layers of a real server come all-reduce, sampling and the scheduler.
    """
    return [_beside(one, steps) for one in layer.batches]


def _beside(one: Batch, steps: Roofline) -> Beside:
    cache = one.batch * one.context * steps.architecture.cache_bytes / (1 if steps.replicated else GPUS)
    weights = steps.architecture.weight_bytes(one.batch) / GPUS
    seconds = (cache / one.attention.bandwidth_share + weights / one.mixture.bandwidth_share) / BANDWIDTH
    return Beside(
        batch=one.batch,
        bound=one.batch / steps.bound(one.batch, one.context),
        expected=one.batch / steps.step(one.batch, one.context),
        measured=one.batch / seconds,
    )
