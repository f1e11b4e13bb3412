"""From reviewed flags to a release: build, train, export, gate, release, promote."""
