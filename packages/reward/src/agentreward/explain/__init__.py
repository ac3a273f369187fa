"""Where a reward comes from: as data, in the terminal, and as a page."""
