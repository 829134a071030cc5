"""Frames survive any split of the bytes, and nonsense gives FrameError and nothing else."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from a2a.protocols.eventstream import Frame, FrameError, FrameReader, encode_frame

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FRAMES = st.builds(
    Frame, st.dictionaries(TEXTS.filter(lambda name: 0 < len(name.encode()) < 256), TEXTS, max_size=4), st.binary()
)


def _encoded(frames: list[Frame]) -> bytes:
    return b"".join(
        encode_frame({name: str(value) for name, value in frame.headers.items()}, frame.payload) for frame in frames
    )


def _pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def _read(pieces: list[bytes]) -> tuple[list[Frame], bool]:
    """The frames, and whether the stream was found damaged or cut."""
    reader = FrameReader()
    frames: list[Frame] = []
    try:
        for piece in pieces:
            frames += reader.feed(piece)
        reader.eof()
    except FrameError:
        return frames, True
    return frames, False


@given(st.lists(FRAMES, max_size=4), st.lists(st.integers(min_value=0), max_size=12))
def test_any_split_gives_the_same_frames(frames: list[Frame], cuts: list[int]) -> None:
    assert _read(_pieces(_encoded(frames), cuts)) == (frames, False)


@given(
    st.lists(FRAMES, min_size=1, max_size=3),
    st.integers(min_value=0),
    st.integers(min_value=1, max_value=255),
    st.lists(st.integers(min_value=0), max_size=6),
)
def test_any_corruption_is_found_at_the_same_place_for_any_split(
    frames: list[Frame], at: int, flip: int, cuts: list[int]
) -> None:
    data = bytearray(_encoded(frames))
    data[at % len(data)] ^= flip
    whole = _read([bytes(data)])
    assert _read(_pieces(bytes(data), cuts)) == whole
    read, broken = whole
    assert broken
    assert read == frames[: len(read)]


@given(st.binary(max_size=200))
def test_nonsense_gives_only_a_frame_error(data: bytes) -> None:
    frames, broken = _read([data])
    assert broken or not data or frames


@given(st.lists(FRAMES, min_size=1, max_size=2), st.integers(min_value=0))
def test_a_cut_stream_never_ends_well(frames: list[Frame], at: int) -> None:
    data = _encoded(frames)
    whole_lengths = {len(_encoded(frames[:count])) for count in range(len(frames) + 1)}
    cut = at % len(data)
    reader = FrameReader()
    reader.feed(data[:cut])
    if cut in whole_lengths:
        reader.eof()
    else:
        with pytest.raises(FrameError):
            reader.eof()
