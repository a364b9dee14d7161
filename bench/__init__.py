"""The portal beside its peers: the same job done by us, by the stock libraries, and by bare code that does nothing else."""
