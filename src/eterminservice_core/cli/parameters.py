"""
What several commands take: a BSNR, an e-mail address, ``--json``.
"""

from __future__ import annotations

from typing import Any, Final

import click

from ..domain.address import EmailAddress
from ..domain.errors import InvalidAddressError, InvalidBSNRError
from ..domain.identifiers import BSNR


class BSNRType(click.ParamType):
    """
    A practice's number.
    """

    name = "bsnr"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> BSNR:
        """
        The number, or a usage error that says what one looks like.
        """
        try:
            return value if isinstance(value, BSNR) else BSNR(value)
        except InvalidBSNRError as error:
            self.fail(str(error), param, ctx)


class EmailType(click.ParamType):
    """
    An e-mail address.
    """

    name = "address"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> EmailAddress:
        """
        The address, or a usage error that does not quote it.
        """
        try:
            return EmailAddress.of(value)
        except InvalidAddressError as error:
            self.fail(str(error), param, ctx)


bsnr_argument: Final = click.argument("bsnr", type=BSNRType(), metavar="BSNR")
json_option: Final = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, for programs."
)
