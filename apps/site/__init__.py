"""The site: all apps on one server, with what protects them and what keeps the model running."""
