"""Training of skorch nets on target arrays; torch is imported only where a net is used."""
