"""Rows: the SQLite store on real files, the journal on good and bad stores."""
