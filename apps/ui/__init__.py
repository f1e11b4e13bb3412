"""What all pages share: owner, errors, streaming, look and the banner."""
