"""Users' own rules: CEL expressions over an open run, asked after the built-in rules."""
