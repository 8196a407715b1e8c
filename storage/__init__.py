"""The SQLite store (sqlite-utils), the blob store, migrations and the audit chain."""
