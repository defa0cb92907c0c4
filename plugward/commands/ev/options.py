"""Options that several EV commands have, spelled once."""

from enum import Enum
from typing import Annotated

import typer

from exi.iso2.simple_types import EnergyTransferModeType


class Mode(Enum):
    """How energy flows."""

    AC = "ac"
    DC = "dc"


MODES = {
    Mode.AC: EnergyTransferModeType.AC_three_phase_core,
    Mode.DC: EnergyTransferModeType.DC_extended,
}

Trace = Annotated[
    bool, typer.Option("--trace", help="show every message with its decoded EXI, on stderr")
]
Pcap = Annotated[
    str | None,
    typer.Option("--pcap", metavar="FILE", help="write the messages to a new file for Wireshark"),
]
Modes = Annotated[Mode, typer.Option("--mode", help="of energy transfer")]
Loops = Annotated[int, typer.Option("--loops", min=0, max=100_000, help="charging rounds")]
