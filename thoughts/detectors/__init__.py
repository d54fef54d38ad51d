"""One sort of news a file; each brings its `DETECTOR`."""

from thoughts.base import Detector
from thoughts.detectors import payment_failed

DETECTORS: tuple[Detector, ...] = (payment_failed.DETECTOR,)
