"""From passages to an answer whose sentences are bound to them."""
