"""What every room stands on: errors, settings, messages, the inference layer, models, releases."""
