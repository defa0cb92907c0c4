"""What the pki house counts for Prometheus; no serial, no name is ever a label."""

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from pki.house import House

PENDING_COUNTED_MAX = 1_000
KEY_LABEL_CHARACTERS = 12  # of 40: enough to tell keys of one house apart


class Metrics:
    """One app's own counters, so that two houses in one process do not share them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.issued = Counter(
            "pnc_certs_issued_total",
            "Certificates issued",
            ["profile"],
            registry=self.registry,
        )
        self.lint_errors = Counter(
            "pnc_lint_errors_total", "Requests that lint refused", registry=self.registry
        )
        self.refusals = Counter(
            "pnc_issuance_refusals_total", "Requests refused", registry=self.registry
        )
        self.sign_errors = Counter(
            "pnc_sign_errors_total",
            "Signatures that failed or were refused",
            ["key"],
            registry=self.registry,
        )
        self._told: dict[str, int] = {}
        self.ocsp = Counter(
            "pnc_ocsp_responses_total", "OCSP answers", ["status"], registry=self.registry
        )
        self.ocsp_age = Gauge(
            "pnc_ocsp_response_age_seconds",
            "Age of the answer signed ahead that most needs signing anew; alert at half its life",
            registry=self.registry,
        )
        self.pending = Gauge(
            "pnc_issuance_intents_pending",
            f"Intents not concluded, counted up to {PENDING_COUNTED_MAX}",
            registry=self.registry,
        )
        self.crl_next_update = Gauge(
            "pnc_crl_next_update_timestamp_seconds",
            "When the published list ends, the first of several",
            ["issuer"],
            registry=self.registry,
        )
        self.not_after = Gauge(
            "pnc_cert_not_after_timestamp_seconds",
            "When an authority's certificate ends",
            ["ca"],
            registry=self.registry,
        )

    def count_refusal(self, code: str) -> None:
        """Counts a refused request by what refused it."""
        (self.lint_errors if code == "issuance.lint" else self.refusals).inc()

    def exposition(self, house: House) -> bytes:
        """The text that Prometheus scrapes; gauges are read at this moment."""
        waiting = house.stores.register.pending(
            intended_before=house.clock.now(), entries_max=PENDING_COUNTED_MAX
        )
        self.pending.set(len(waiting))
        for key_id, failed in house.signing.failures().items():
            new = failed - self._told.get(key_id, 0)
            self.sign_errors.labels(key_id[:KEY_LABEL_CHARACTERS]).inc(new)
            self._told[key_id] = failed
        stalest = house.presigned.stalest()
        age = 0.0 if stalest is None else (house.clock.now() - stalest.this_update).total_seconds()
        self.ocsp_age.set(max(0.0, age))
        for issuer in house.authority.directory.by_key_id.values():
            self.not_after.labels(issuer.key_id).set(issuer.certificate.not_after.timestamp())
            # Of several lists, the one that ends first.
            crls = [house.publisher.standing(issuer, n) for n in range(issuer.crl_shards)]
            ends = [crl.next_update.timestamp() for crl in crls if crl is not None]
            if ends:
                self.crl_next_update.labels(issuer.key_id).set(min(ends))
        return generate_latest(self.registry)


def of(app: FastAPI) -> Metrics:
    """The metrics of an app."""
    found: Metrics = app.state.metrics
    return found
