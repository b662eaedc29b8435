"""Coordinates as they are typed, distances against known ones, and how they are said."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.points import LATITUDES, LONGITUDES, Point, distance_km, in_china
from bot.errors import BadInput
from bot.roster.centres import scene_of, spoken_distance
from bot.roster.schemas import shown_point, typed_point

KUNMING = Point(24.8801, 102.8329)
POINTS = st.builds(Point, st.floats(*LATITUDES), st.floats(*LONGITUDES))


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        # A degree of latitude is 111.19 km everywhere, one of longitude shrinks with the cosine.
        (Point(25, 103), Point(26, 103), 111.19),
        (Point(30, 103), Point(30, 104), 96.30),
        (Point(39.9042, 116.4074), Point(31.2304, 121.4737), 1067.31),
        (Point(25.0389, 102.7183), Point(25.6065, 100.2676), 254.5),
        (KUNMING, Point(24.8801, 102.8339), 0.101),
    ],
)
def test_distances_are_those_of_the_globe(one: Point, other: Point, km: float) -> None:
    assert distance_km(one, other) == pytest.approx(km, rel=0.002)


@given(POINTS, POINTS)
def test_it_is_as_far_there_as_back(one: Point, other: Point) -> None:
    assert distance_km(one, other) == pytest.approx(distance_km(other, one))
    assert 0 <= distance_km(one, other) <= 8000
    assert distance_km(one, one) == 0


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        (math.nan, 102.8), (24.8, math.nan), (math.inf, 102.8), (91.0, 102.8), (24.8, 181.0),
        (0.0, 0.0), (None, 102.8), (24.8, None), (None, None), (-24.8, 102.8), (102.8, 24.8),
    ],
)  # fmt: skip
def test_garbage_is_nowhere_in_china(latitude: float | None, longitude: float | None) -> None:
    assert not in_china(latitude, longitude)


def test_a_point_elsewhere_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="not in China"):
        Point(48.85, 2.35)


@pytest.mark.parametrize(
    "typed",
    [
        "24.8801, 102.8329", "24.8801,102.8329", "24.8801，102.8329", "24.8801 102.8329",
        "２４.８８０１、１０２.８３２９", "(24.8801, 102.8329)", " 24.8801,\t102.8329 ",
        "102.8329,24.8801", "102.8329 , 24.8801",
    ],
)  # fmt: skip
def test_coordinates_are_read_as_maps_give_them(typed: str) -> None:
    assert typed_point(typed) == KUNMING


@pytest.mark.parametrize("typed", ["", "  ", "\u3000"])
def test_no_coordinates_are_allowed(typed: str) -> None:
    assert typed_point(typed) is None


@pytest.mark.parametrize(
    "typed",
    [
        "24.8801", "24.8801,", ",102.8329", "nan, nan", "人民路1号", "24.8801, 102.8329, 5",
        "24°52'48\"N 102°49'58\"E", "24.8801;;102.8329", "1e2, 102", "-24.8, 102.8",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(BadInput, match="坐标看不懂"):
        typed_point(typed)


@pytest.mark.parametrize(
    "typed", ["48.8566, 2.3522", "91, 102", "0, 0", "24.8801, 10.28329", "24.8801, 24.8801"]
)
def test_coordinates_abroad_are_refused(typed: str) -> None:
    with pytest.raises(BadInput, match="不在中国境内"):
        typed_point(typed)


@given(POINTS)
def test_what_is_shown_in_the_form_can_be_saved_again(point: Point) -> None:
    rounded = Point(round(point.latitude, 6), round(point.longitude, 6))
    assert typed_point(shown_point(rounded)) == rounded
    assert shown_point(None) == ""


@pytest.mark.parametrize(
    ("km", "said"),
    [
        (0.0, "就在附近"), (0.09, "就在附近"), (0.1, "约 100 米"), (0.44, "约 400 米"),
        (0.949, "约 900 米"), (0.96, "约 1.0 公里"), (1.2345, "约 1.2 公里"), (9.94, "约 9.9 公里"),
        (9.96, "约 10 公里"), (123.6, "约 124 公里"),
    ],
)  # fmt: skip
def test_a_distance_is_said_no_finer_than_it_is_known(km: float, said: str) -> None:
    assert spoken_distance(km) == said


def test_an_office_has_a_scene() -> None:
    assert scene_of(3) == "office-3"
