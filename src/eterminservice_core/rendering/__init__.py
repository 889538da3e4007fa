"""
The German texts: what practices read in messages and portals.
"""

from .content import ConfirmationContent, DigestContent, Rendered
from .renderer import Renderer
from .wording import Wording


__all__ = [
    "ConfirmationContent",
    "DigestContent",
    "Rendered",
    "Renderer",
    "Wording",
]
