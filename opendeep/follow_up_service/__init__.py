"""What follows an outcome: calendar files, webhooks, e-mail."""
