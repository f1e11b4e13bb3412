"""The five writing apps and the site that holds them."""
