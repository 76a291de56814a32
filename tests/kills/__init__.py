"""Commands killed, and their disk filled, at any moment: `make kills`."""
