"""A sample study with known ground truth: rendered rodents on a treadmill, some with impaired gait."""

from .body import JOINTS
from .bouts import KINDS
from .files import SampleError, write_sample
from .style import Light
from .walker import Walker, walkers

__all__ = ["JOINTS", "KINDS", "Light", "SampleError", "Walker", "walkers", "write_sample"]
