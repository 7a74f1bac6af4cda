"""Decisions and improvements: measures tried in the model, carried out as improvements, and measured afterwards."""
