"""
How the database came to its schema, step by step; `storage.sql.upgrade` runs them.

A migration that was released is never changed: what it made lies in somebody's office.
"""
