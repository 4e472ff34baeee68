"""What the promises about speed are measured with."""
