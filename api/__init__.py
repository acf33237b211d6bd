"""The REST API: accounts, sessions, and reads of the models that the projector makes."""
