"""Sessions without sockets: octets in, octets and events out."""
