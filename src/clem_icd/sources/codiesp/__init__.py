"""CodiEsp: Spanish clinical cases with codes and their evidence."""
