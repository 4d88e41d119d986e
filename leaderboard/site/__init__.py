"""The static site of a leaderboard: pages that open from disk, without a server or a network.

`site_builder.write_site` is the one entry. `main_pages` and `pages` say what each page holds,
`site_tables` makes its tables, and `overview` says who leads. Scripts and styles lie in `assets`.
"""
