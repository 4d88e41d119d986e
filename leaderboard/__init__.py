"""Views of rows: leaderboards, from rows alone."""
