"""C11, C03: whatever is done and wherever it breaks off, what is revoked stays on every list until
its certificate's end, and numbers only grow."""

from collections import defaultdict
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from pki.authority.entries import Reason
from pki.authority.failpoints import FAILPOINTS
from tests.pki_house import (
    TENANT,
    Clock,
    MemoryKeys,
    authorities_of,
    empty_house,
    issue,
    issuer_id,
    permit_everything,
    someone,
)
from tests.world import NOW, valid_world

LAST = NOW + timedelta(days=1200)  # the world's authorities live longer
REASONS = st.sampled_from(Reason)


class CutError(BaseException):
    """The process ends here."""


class Lists(RuleBasedStateMachine):
    issued = Bundle("issued")

    def __init__(self):
        super().__init__()
        self.open = ExitStack()
        self.directory = Path(self.open.enter_context(TemporaryDirectory()))
        self.clock = Clock()
        self.dying = None
        self.house = None
        self.count = 0
        self.ends = {}  # serial -> when its certificate ends, for those that are revoked for sure
        self.maybe = set()  # serials whose revocation broke off
        self.numbers = defaultdict(int)  # shard -> the highest number that was shown
        self.shown = defaultdict(list)  # shard -> (number, nextUpdate, serials)

    @initialize(shards=st.integers(1, 3))
    def begin(self, shards):
        self.shards = shards
        self._open()
        self.house.importing.world(valid_world(), tenant=TENANT)
        permit_everything(self.house)
        self.house.authority.reload()

    def _open(self):
        keys = MemoryKeys()
        if self.house is not None:
            self.house.close()
        if (self.directory / "pki.db").exists():
            for identity in authorities_of():
                keys.store(identity.private_key, role=identity.role.value)
        self.house = self._enter(keys)

    def _enter(self, keys):
        with ExitStack() as opening:
            house = opening.enter_context(
                empty_house(
                    f"sqlite:///{self.directory}/pki.db",
                    clock=self.clock,
                    keys=keys,
                    failpoint=self._passing,
                    crl_shards=self.shards,
                    crl_deltas=True,
                )
            )
            self.open.push(opening.pop_all())
        return house

    def _passing(self, name):
        if self.dying is not None and self.dying[0] == name:
            if self.dying[1]:
                self.dying = (name, self.dying[1] - 1)
                return
            self.dying = None
            raise CutError

    @rule(target=issued, days=st.sampled_from([28, 29, 31, 365, 700]))
    def issue(self, days):
        if self.clock() > LAST - timedelta(days=days):
            return multiple()
        self.count += 1
        end = self.clock() + timedelta(days=days)
        try:
            return issue(self.house, self.count, not_after=end).certificate
        except CutError:
            self._open()
            return multiple()

    @rule(certificate=consumes(issued), reason=REASONS)
    def revoke(self, certificate, reason):
        serial = certificate.serial
        try:
            self.house.authority.revoke(issuer_id(), serial, reason, caller=someone(self.house))
        except CutError:
            self.maybe.add(serial)
            self._open()
        else:
            self.ends[serial] = certificate.not_after

    @rule()
    def publish(self):
        issuer = self.house.authority.authority(issuer_id())
        for shard in range(self.shards):
            try:
                crl = self.house.publisher.current(issuer, shard, now=self.house.clock.now())
            except CutError:
                self._open()
                return
            self._judge(shard, crl)

    def _judge(self, shard, crl):
        told = {entry.serial_number for entry in x509.load_der_x509_crl(crl.der)}
        due = {
            serial
            for serial, end in self.ends.items()
            if serial % self.shards == shard and end >= crl.this_update
        }
        assert due <= told
        assert told <= set(self.ends) | self.maybe
        assert crl.next_update >= self.clock()
        assert crl.number >= self.numbers[shard]
        if crl.number == self.numbers[shard]:
            return
        self.numbers[shard] = crl.number
        delta = x509.load_der_x509_crl(crl.delta)
        base = delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator).value.crl_number
        assert delta.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == (
            crl.number
        )
        news = {entry.serial_number for entry in delta}
        for number, until, known in self.shown[shard]:
            if until >= crl.this_update:
                assert number >= base
                assert due <= known | news
        self.shown[shard].append((crl.number, crl.next_update, told))

    @rule(by=st.sampled_from([1, 3_600, 30_000, 86_400, 27 * 86_400, 200 * 86_400]))
    def wait(self, by):
        if self.clock() + timedelta(seconds=by) < LAST:
            self.clock.forward(seconds=by)

    @rule(name=st.sampled_from(FAILPOINTS), after=st.integers(0, 1))
    def break_off_next(self, name, after):
        self.dying = (name, after)

    @rule()
    def tidy(self):
        try:
            self.house.authority.reconcile()
        except CutError:
            self._open()

    @rule()
    def restart(self):
        self._open()

    @invariant()
    def nothing_is_forgotten(self):
        if self.house is not None:
            named = [(issuer_id(), serial) for serial in self.ends]
            assert self.house.stores.standings.revoked_among(named) == set(named)

    def teardown(self):
        self.open.close()


TestLists = Lists.TestCase
TestLists.settings = settings(
    max_examples=8,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
