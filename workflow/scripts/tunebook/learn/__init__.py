"""Training: networks, losses, optimizers, and the standard methods that stand beside them."""
