"""Counts and distributions that cost a request nothing but an addition; read when scraped."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector


class Tally(Collector):
    """How often each combination of labels was seen, on one event loop."""

    def __init__(self, name: str, documentation: str, labels: Sequence[str]) -> None:
        self._name = name
        self._documentation = documentation
        self._labels = tuple(labels)
        self._counts: Counter[tuple[str, ...]] = Counter()

    def count(self, *labels: str) -> None:
        """Once more."""
        self._counts[labels] += 1

    def collect(self) -> Iterator[Metric]:
        """In Prometheus' form."""
        family = CounterMetricFamily(self._name, self._documentation, labels=self._labels)
        for labels, count in sorted(self._counts.items()):
            family.add_metric(labels, count)
        yield family


class Distribution(Collector):
    """How many values were at most each bound, on one event loop."""

    def __init__(self, name: str, documentation: str, bounds: Iterable[float]) -> None:
        self._name = name
        self._documentation = documentation
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """One more value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def collect(self) -> Iterator[Metric]:
        """In Prometheus' form: each bucket holds the smaller ones, too."""
        bounds = [str(float(bound)) for bound in self._bounds] + ["+Inf"]
        buckets = list(zip(bounds, accumulate(self._counts), strict=True))
        yield HistogramMetricFamily(
            self._name, self._documentation, buckets=buckets, sum_value=self._sum
        )
