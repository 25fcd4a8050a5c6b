"""Recipes: trainings found by a dotted name, and the tools that run them in a sweep."""
