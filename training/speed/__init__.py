"""How fast a card trains: our runs beside a plain script as the reports' notebooks wrote them."""
