"""What the log folds to: the rows that the read models must have, one event after the other. Pure.

The projector gets to the same rows on another way (batches, COPY, what the tables hold already). This one is
slow, simple and independent of it, for whoever wants to know whether the tables are right.
"""
