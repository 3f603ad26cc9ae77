"""Where questions and documents come from."""
