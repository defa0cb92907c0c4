"""The EV commands."""

from plugward.deferred import Command, Verb

COMMANDS: tuple[Command, ...] = (
    Verb("charge", "plugward.commands.ev.charge", "plug a vehicle in at a charger"),
    Verb("serve-charger", "plugward.commands.ev.serve_charger", "be a charger"),
    Verb("scenario", "plugward.commands.ev.scenario", "tell a named story, and how it must end"),
    Verb("load", "plugward.commands.ev.load", "many vehicles at many chargers at once"),
)
