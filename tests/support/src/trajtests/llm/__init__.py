"""A model server on loopback for tests: it speaks both protocols, takes batches, and misbehaves when told to."""
