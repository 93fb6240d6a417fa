"""The old place of `actlet.bridges`."""

from ..bridges import aiterate as aiterate
