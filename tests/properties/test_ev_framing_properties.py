"""Whatever the octets: frames or MalformedFrame, and the portions they come in do not matter."""

from hypothesis import given
from hypothesis import strategies as st

from ev_emulator.errors import MalformedFrame
from ev_emulator.framing import sdp, v2gtp
from ev_emulator.framing.v2gtp import FrameReader, PayloadType

payloads = st.binary(min_size=1, max_size=40)
streams = st.lists(
    st.one_of(payloads.map(lambda p: v2gtp.encode(PayloadType.EXI, p)), st.binary(max_size=12)),
    max_size=5,
).map(b"".join)


def read(portions):
    reader = FrameReader()
    frames = [frame for portion in portions for frame in reader.feed(portion)]
    return frames, reader.pending, reader.failure and reader.failure.code


@given(streams)
def test_v09_whole_and_octet_by_octet_agree(stream):
    assert read([stream]) == read([stream[i : i + 1] for i in range(len(stream))])


@given(st.binary(max_size=64))
def test_any_octets_are_an_sdp_message_or_malformed(data):
    for decode in (sdp.decode_request, sdp.decode_response):
        try:
            decode(data)
        except MalformedFrame as bad:
            assert bad.code.startswith(("sdp.", "v2gtp."))  # noqa: PT017 - the other way is fine
