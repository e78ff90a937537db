"""Mathematics on arrays: no files, no clock, no state."""
