"""
What several commands take: a BSNR, an e-mail address, ``--json``.
"""

from __future__ import annotations

from typing import Final

import click

from ..domain.address import EmailAddress
from ..domain.errors import InvalidAddressError, InvalidBSNRError
from ..domain.identifiers import BSNR


def _bsnr(_: click.Context, __: click.Parameter, value: str) -> BSNR:
    try:
        return BSNR(value)
    except InvalidBSNRError as error:
        raise click.BadParameter(str(error)) from None


def _email(
    _: click.Context, __: click.Parameter, value: str | None
) -> EmailAddress | None:
    """
    The address, or a usage error that does not quote it.
    """
    try:
        return None if value is None else EmailAddress(value)
    except InvalidAddressError as error:
        raise click.BadParameter(str(error)) from None


bsnr_argument: Final = click.argument("bsnr", callback=_bsnr, metavar="BSNR")
email_option: Final = click.option(
    "--email", callback=_email, metavar="ADDRESS", help="Enter this e-mail address."
)
json_option: Final = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, for programs."
)
