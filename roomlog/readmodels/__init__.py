"""The tables that are made from the log: their list, what the log folds to, and how rows are compared."""
