"""What leaves: a folder of Parquet configs with a card and a manifest, and the checks that anyone can run on it."""
