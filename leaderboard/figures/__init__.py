"""Figures of leaderboards, as PNG and SVG.

`leaderboard_figures.write_figures` draws every figure of a comparison group.
`season_figures.write_season_figures` draws seasonal curves where the data of a run is still there.
The numbers of each figure are also tables of the site (`leaderboard.site.figure_tables`).
"""
