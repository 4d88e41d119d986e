"""The static site of a leaderboard: pages that open from disk, without a server or a network.

`site_builder.write_site` is the one entry. `pages` says what each page holds and `site_tables`
makes its tables. Scripts and styles lie beside the modules.
"""
