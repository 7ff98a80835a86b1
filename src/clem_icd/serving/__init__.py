"""The service, the store of the review, and its screen."""
