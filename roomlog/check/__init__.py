"""The history checker: runs a recorded workload against a stack, breaks things, and proves that nothing broke."""
