"""What the service counts, in Prometheus' form. No eMAID and no serial number is a label."""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from authz.adapters.tallies import Distribution, Tally
from authz.breaker import BreakerState

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_BREAKER_STATES = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}
_AGES = (60, 600, 3_600, 21_600, 86_400, 259_200, 604_800)


class Metrics:
    """The service's own registry: two apps in one process do not mix their numbers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._decisions = Tally(
            "pnc_authorize_decisions", "Decisions answered", ["result", "reason", "mode"]
        )
        self._duration = Distribution(
            "pnc_authorize_duration_seconds", "From the request to the answer", _SECONDS
        )
        self._problems = Counter(
            "pnc_problems_total",
            "Requests answered with a problem",
            ["code"],
            registry=self.registry,
        )
        self._fetches = Counter(
            "pnc_revocation_fetches_total",
            "Revocation statuses asked of a source, by what came of it",
            ["outcome"],
            registry=self.registry,
        )
        self._ages = Distribution(
            "pnc_ocsp_response_age_seconds",
            "Age, since its thisUpdate, of the evidence that a decision rested on",
            _AGES,
        )
        self._calls = Counter(
            "pnc_station_calls_total",
            "Calls of charging stations, by what they were answered",
            ["action", "result"],
            registry=self.registry,
        )
        self._oddities = Counter(
            "pnc_station_oddities_total",
            "What charging stations did beside the protocol",
            ["oddity"],
            registry=self.registry,
        )
        self._turned_away = Counter(
            "pnc_stations_turned_away_total",
            "Connections that were refused",
            ["reason"],
            registry=self.registry,
        )
        self._connected = Gauge(
            "pnc_stations_connected", "Charging stations connected now", registry=self.registry
        )
        for collector in (self._decisions, self._duration, self._ages):
            self.registry.register(collector)
        self._pending = Gauge(
            "pnc_decision_log_pending", "Writes that wait for the disk", registry=self.registry
        )
        self._tampered = Counter(
            "pnc_evidence_tampered_total",
            "Kept statements that did not verify and were not used",
            ["reason"],
            registry=self.registry,
        )
        self._due = Gauge(
            "pnc_evidence_due",
            "Certificates in use whose status is due to be asked for again",
            registry=self.registry,
        )
        self._late = Gauge(
            "pnc_evidence_late_seconds",
            "How long the longest of them has been due",
            registry=self.registry,
        )
        self._breakers = Gauge(
            "pnc_breaker_state",
            "0 closed: it is asked; 1 half open: one question is let through; 2 open: left alone",
            ["responder"],
            registry=self.registry,
        )

    def watch(self, pending: Callable[[], int]) -> None:
        """Reads how many writes wait whenever somebody scrapes."""
        self._pending.set_function(pending)

    def evidence_tampered(self, reason: str) -> None:
        """Counts a kept statement that did not verify, and was not used."""
        self._tampered.labels(reason).inc()

    def watch_backlog(self, due: int, late_seconds: float) -> None:
        """Notes how far the watch over certificates in use is behind."""
        self._due.set(due)
        self._late.set(late_seconds)

    def breakers(self, states: Mapping[str, BreakerState]) -> None:
        """Notes each responder's breaker, by scheme, host and port."""
        for responder, state in states.items():
            self._breakers.labels(responder).set(_BREAKER_STATES[state])

    def watch_stations(self, connected: Callable[[], int]) -> None:
        """Reads how many stations are connected whenever somebody scrapes."""
        self._connected.set_function(connected)

    def called(self, *, action: str, result: str) -> None:
        """Counts a station's call: "answered", or the code of its CALLERROR."""
        self._calls.labels(action, result).inc()

    def odd(self, oddity: str) -> None:
        """Counts what a station did beside the protocol."""
        self._oddities.labels(oddity).inc()

    def turned_away(self, reason: str) -> None:
        """Counts a connection that was refused."""
        self._turned_away.labels(reason).inc()

    def decided(self, *, result: str, reason: str, mode: str, seconds: float) -> None:
        """Counts an answered decision."""
        self._decisions.count(result, reason, mode)
        self._duration.observe(seconds)

    def refused(self, code: str) -> None:
        """Counts a problem."""
        self._problems.labels(code).inc()

    def fetched(self, outcome: str) -> None:
        """Counts what a source told: good, revoked, or the code of an Unknown."""
        self._fetches.labels(outcome).inc()

    def evidence_age(self, seconds: float) -> None:
        """Notes how old a piece of evidence was."""
        self._ages.observe(seconds)

    def render(self) -> bytes:
        """The text that a scraper reads."""
        return generate_latest(self.registry)
