"""`roomlog notifier`: web push and e-mail for those who are away, behind the projector."""
