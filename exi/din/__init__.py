"""The messages of DIN SPEC 70121:2014."""
