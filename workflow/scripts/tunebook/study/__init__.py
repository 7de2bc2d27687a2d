"""Configuration -> study: what is read, what a hyper-parameter is, and which runs follow."""
