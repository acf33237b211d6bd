"""Where Roomlog runs: containers, balancers, clouds, and the checks of all that."""
