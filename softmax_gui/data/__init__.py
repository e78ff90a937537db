"""Files and generators in, a frozen Dataset out."""
