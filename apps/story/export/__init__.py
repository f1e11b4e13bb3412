"""How a story leaves the app (playable HTML, Twee 3, EPUB 3, Markdown, JSON) and comes back."""
