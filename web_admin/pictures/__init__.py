"""Pictures worked out on the server: numbers for the templates to draw, no words and no markup."""
