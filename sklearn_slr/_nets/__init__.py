"""Training of skorch nets on probability rows; imported only where a net is used."""
