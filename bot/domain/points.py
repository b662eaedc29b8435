"""Points on the map: which coordinates are in China, and how far apart two points are.

Coordinates are those of Chinese maps and of WeChat (GCJ-02) throughout, so none is converted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

LATITUDES = (3.8, 53.6)
LONGITUDES = (73.4, 135.1)
"""The box around China with its islands; the two do not overlap, so neither can be the other."""
_EARTH_KM = 6371.0


@dataclass(frozen=True)
class Point:
    """A place in China, in degrees."""

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        if not in_china(self.latitude, self.longitude):
            raise ValueError("these coordinates are not in China")


def in_china(latitude: float | None, longitude: float | None) -> bool:
    """Say whether these are coordinates within the box around China; nan and None are not."""
    if latitude is None or longitude is None:
        return False
    return LATITUDES[0] <= latitude <= LATITUDES[1] and LONGITUDES[0] <= longitude <= LONGITUDES[1]


def distance_km(one: Point, other: Point) -> float:
    """Return the distance in a straight line over the ground, in kilometres (haversine)."""
    from_north, to_north = math.radians(one.latitude), math.radians(other.latitude)
    north = math.sin((to_north - from_north) / 2) ** 2
    east = math.sin(math.radians(other.longitude - one.longitude) / 2) ** 2
    across = north + math.cos(from_north) * math.cos(to_north) * east
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(across)))
