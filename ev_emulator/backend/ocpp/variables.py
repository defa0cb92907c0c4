"""What an operator sets of a charging station's Plug & Charge: OCPP's device model variables."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """ISO15118Ctrlr and AuthCtrlr (OCPP 2.0.1, appendices), named as there.

    ``central_contract_validation_allowed``: a chain whose root the station lacks may be sent whole.
    ``contract_validation_offline``: the station may judge contracts while it is offline.
    ``local_authorize_offline``: it may then look eMAIDs up in its cache.
    ``offline_tx_for_unknown_id_enabled``: it may then charge whom it does not find there.
    ``auth_cache_life_time_seconds``: for how long answers without an expiry are remembered.
    """

    central_contract_validation_allowed: bool = True
    contract_validation_offline: bool = False
    local_authorize_offline: bool = False
    offline_tx_for_unknown_id_enabled: bool = False
    auth_cache_life_time_seconds: int = 86_400
