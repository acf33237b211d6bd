"""What the usual way would cost: small programs beside the product, measured by the same loads."""
