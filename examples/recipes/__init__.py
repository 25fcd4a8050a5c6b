"""Recipes that run in seconds on a CPU."""
