"""Tasks for code agents: pinned real libraries, seeded faults, and a certificate for each task from the library's own tests."""
