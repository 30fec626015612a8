"""A client of the Agent Transport Protocol, written from docs/protocol alone."""
