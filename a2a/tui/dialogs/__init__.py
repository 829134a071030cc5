"""Questions and pages that stand over a view until they are answered."""
