"""
The settings file that ``eterminservice init`` writes.
"""

from __future__ import annotations

from typing import Final


#: Everything in it that is commented out is known and fits.
FIRST_SETTINGS: Final = """\
# Settings of eterminservice.  Relative paths count from this file's folder.
# Every setting can come from the environment instead, and then outweighs this file:
#     ETERMINSERVICE__STORE__PATH, ETERMINSERVICE__TRANSPORTS__EMAIL__HOST, …
# Secrets never stand here, but in files of their own or in the environment.

[store]
path = "eterminservice.sqlite3"
key_file = "eterminservice.key"    # keep a copy of it apart from the database

# E-mail, through a mail server of your own.
# [transports.email]
# use = "smtp"
# host = "mail.kv.example"
# security = "starttls"            # or "implicit"; never less without your word
# username = "eterminservice"
# password_file = "smtp.password"  # or ETERMINSERVICE__TRANSPORTS__EMAIL__PASSWORD
# sender = "termine@kv.example"
# sender_name = "Terminservicestelle"

# What every message says about its sender.
# [texts]
# sender = "Ihre Terminservicestelle"
# contact_doctors = "0711 7875-3960"
# contact_psychotherapists = "0711 7875-3949"
# portal_url = "https://portal.kv.example"

# [sending]
# trusts_register = false          # true: the register's addresses need no code
# opens = 20:00:00                 # when new practices may be disturbed
# closes = 06:00:00
# zone = "Europe/Berlin"
"""
