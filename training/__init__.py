"""From reviewed flags to a release: recipe, data, run, export, evaluation, gate."""
